import { describe, expect, test } from 'vitest'
import { against, type Manifest, manifestText, parseManifest } from '../../src/apim/manifest.ts'

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

const server = {
  ...{ home: '/opt/wso2am-1.9.1', version: '1.9.1', javaHome: '/opt/jdk', address: 'h' },
  ...{ role: 'gateway-worker' as const, flags: [], wait: { start: 1, answer: 1, gap: 0 } },
}
const wanted = { backups: '/b', home: '/opt/wso2am-1.9.1', version: '1.9.1', databases: [] }

test.each([
  ['as the inventory says', {}, {}, []],
  ['of another host', { host: 'gw-2' }, {}, [/that of gw-2/]],
  ['of a fleet that the inventory calls upgraded', {}, { version: '2.6.0' }, [/set it to what served then/]],
  ['of another home', {}, { home: '/opt/wso2am-3.0.0' }, [/apim_home \/opt\/wso2am-3\.0\.0/]],
  ['without a dump', {}, { databases: ['am_db', 'um_db'] }, [/no dump of am_db/, /no dump of um_db/]],
])('a manifest %s', (_, own, want, expected) => {
  const found = against({ ...manifest, server, ...own }, 'gw-1', { ...wanted, ...want })
  expect(found).toHaveLength(expected.length)
  for (const [at, words] of expected.entries()) expect(found[at]).toMatch(words)
})

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
