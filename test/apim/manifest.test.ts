import { describe, expect, test } from 'vitest'
import { type Manifest, manifestText, parseManifest } from '../../src/apim/manifest.ts'

const manifest: Manifest = {
  format: 1,
  run: 'r',
  host: 'gw-1',
  server: null,
  was: { flags: ['-Dprofile=gateway-worker'] },
  home: { file: '/b/home.tar.gz', sha256: 'a', entries: 1, bytes: 2 },
  newHomes: ['/opt/wso2/wso2am-3.0.0'],
  dumps: [],
}

describe('a manifest', () => {
  test('reads as it was written', () => {
    expect(parseManifest(manifestText(manifest))).toEqual(manifest)
  })

  test('is refused when a byte of it differs', () => {
    const text = manifestText(manifest)
    const wrong = [10, 70, 120, text.length - 4].map((at) => `${text.slice(0, at)}#${text.slice(at + 1)}`)
    for (const each of [...wrong, text.slice(0, 90), '']) expect(() => parseManifest(each)).toThrow(/damaged/)
  })

  test('is refused when it is of a later format', () => {
    const later = manifestText({ ...manifest, format: 2 } as unknown as Manifest)
    expect(() => parseManifest(later)).toThrow(/format/)
  })
})
