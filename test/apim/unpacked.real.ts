import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { client } from '../../src/apim/client.ts'
import { extract, freshHome } from '../../src/apim/home.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { zipOf } from '../support/zips.ts'

const root = mkdtempSync(join(fastDirectory(), 'unpacked-'))
let dir: string
let local: LocalOn
let number = 0
beforeEach(async () => {
  dir = join(root, `${++number}`)
  local = await localOn(join(dir, 'here'))
  return () => local.close()
})
afterAll(() => rmSync(root, { recursive: true }))

function given(bytes: Buffer) {
  const zip = join(dir, 'a.zip')
  writeFileSync(zip, bytes)
  return { zip, sha256: createHash('sha256').update(bytes).digest('hex') }
}
const good = () =>
  given(
    zipOf([
      { name: 'top/deep/x/y.sql', content: 'deep' },
      { name: 'top/x/y.sql', content: 'near' },
    ]),
  )
const notes = () => join(dir, 'here/work/unpacked')

/** All ways in which the upgrade unpacks a zip. */
const ways = {
  'files of a zip': (from: ReturnType<typeof given>) =>
    perform(local, extract({ to: join(dir, 'out'), files: { a: { ...from, path: 'x/y.sql' } } })),
  'a migration home': (from: ReturnType<typeof given>) =>
    perform(local, freshHome({ ...from, top: 'top', to: join(dir, 'migration/out') })),
  "a client's files": (from: ReturnType<typeof given>) => {
    mkdirSync(join(dir, 'home/bin'), { recursive: true })
    mkdirSync(join(dir, 'home/repository/logs'), { recursive: true })
    return perform(
      local,
      client({
        ...{
          client: '2.0.0 migrateDB',
          home: join(dir, 'home'),
          javaHome: '/none',
          flags: [],
          quiet: 1,
          timeout: 1,
        },
        place: [{ ...from, from: 'x', to: 'out' }],
      }),
    )
  },
}

describe.each(Object.entries(ways))('%s', (_name, unpacked) => {
  const hostile: readonly (readonly [string, Buffer, RegExp])[] = [
    ['a way up', zipOf([{ name: '../../evil' }]), /leads out/],
    ['a link', zipOf([{ name: 'top/x', content: '/etc', mode: 0o120777 }]), /a link or a device/],
    ['the bits of another user', zipOf([{ name: 'top/x/y.sql', mode: 0o104755 }]), /bits of another user/],
    ['a bomb', zipOf([{ name: 'top/x/y.sql', content: Buffer.alloc(32 * 1024 ** 2) }]), /would become/],
    ['no zip', Buffer.from('PK'), /no zip/],
  ]
  test.each(hostile)('that hold %s are refused before anything is written', async (_what, bytes, why) => {
    await expect(unpacked(given(bytes))).rejects.toThrow(why)
    expect([existsSync(join(dir, 'evil')), existsSync(join(dir, 'home/out'))]).toEqual([false, false])
    expect(existsSync(notes()) ? readdirSync(notes()) : []).toEqual([])
  })

  test('of another digest are refused', async () => {
    await expect(unpacked({ ...good(), sha256: '0'.repeat(64) })).rejects.toThrow(/another SHA-256/)
  })
})

test('of files of one name the nearest to the top is given, and what was there before is gone', async () => {
  const files = { a: { ...good(), path: 'x/y.sql' }, b: { ...good(), path: 'deep/x/y.sql' } }
  mkdirSync(join(dir, 'out/a/top/x/x'), { recursive: true })
  writeFileSync(join(dir, 'out/a/top/x/x/old'), '')
  for (let time = 0; time < 2; time++) {
    const { out } = await perform(local, extract({ to: join(dir, 'out'), files }))
    expect(out).toEqual({ a: join(dir, 'out/a/top/x/y.sql'), b: join(dir, 'out/b/top/deep/x/y.sql') })
    expect(readFileSync(out['a'] ?? '', 'utf8')).toBe('near')
    expect(readdirSync(join(dir, 'out/a/top/x'))).toEqual(['y.sql'])
  }
  await expect(
    perform(local, extract({ to: join(dir, 'out'), files: { a: { ...good(), path: 'z' } } })),
  ).rejects.toThrow(/does not hold z/)
})

test('a migration home is new, whatever was there', async () => {
  const input = { ...given(zipOf([{ name: 'top/bin/a.sh' }])), top: 'top', to: join(dir, 'migration/home') }
  mkdirSync(join(input.to, 'old'), { recursive: true })
  await perform(local, freshHome(input))
  writeFileSync(join(input.to, 'changed'), '')
  await perform(local, freshHome(input))
  expect([readdirSync(input.to), readdirSync(join(dir, 'migration'))]).toEqual([['bin'], ['home']])
})
