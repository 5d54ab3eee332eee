import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspect } from '../../src/modules/local-tree.ts'
import { tarEnd, tarHeader } from '../../src/modules/tar.ts'
import { fastDirectory } from '../support/fast-directory.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-tar-'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** A header with bytes of its own put in, and its sum right again. */
function forged(header: Buffer, changes: readonly (readonly [at: number, bytes: string])[]): Buffer {
  const made = Buffer.from(header)
  for (const [at, bytes] of changes) made.write(bytes, at, 'latin1')
  made.fill(' ', 148, 156)
  let sum = 0
  for (const byte of made) sum += byte
  made.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return made
}
const file = (path: string, size = 0) => tarHeader({ kind: 'file', path, mode: 0o644, mtime: 0, size })
const directory = (path: string) => tarHeader({ kind: 'directory', path, mode: 0o755, mtime: 0 })
const link = (path: string, target: string) => tarHeader({ kind: 'link', path, target, mtime: 0 })
const look = (...parts: readonly Buffer[]) => inspect(Readable.from([Buffer.concat(parts)]))

describe('what two programs may read in two ways is refused', () => {
  test.each<[string, readonly Buffer[]]>([
    ['a negative size', [forged(file('x'), [[124, '\xff'.repeat(12)]]), tarEnd]],
    ['a size in base 256', [forged(file('x'), [[124, `\x80${'\0'.repeat(10)}\x05`]]), tarEnd]],
    [
      'a size that begins with bits of its own',
      [forged(file('x'), [[124, `\x81${'\0'.repeat(11)}`]]), tarEnd],
    ],
    ['a size in base 64', [forged(file('x'), [[124, '+AAAAAAAAAA\0']]), tarEnd]],
    ['digits behind the end of a number', [forged(file('x'), [[124, '0\x00000000017\0']]), tarEnd]],
    [
      'a prefix of the name',
      [
        forged(file('x'), [
          [257, 'ustar\x0000'],
          [345, '../../etc'],
        ]),
        tarEnd,
      ],
    ],
    ['no format at all', [forged(file('x'), [[257, '\0'.repeat(8)]]), tarEnd]],
    ['a directory with content', [forged(directory('x'), [[124, '00000001000']]), file('y'), tarEnd]],
    ['a link with content', [forged(link('x', 'y'), [[124, '00000001000']]), file('y'), tarEnd]],
    ['the tree itself as a file', [forged(file('x', 512), [[0, '.\0']]), file('y'), tarEnd]],
    ['a file with the name of a directory', [forged(file('x'), [[0, 'x/']]), tarEnd]],
    ['an old file type', [forged(file('x'), [[156, '\0']]), tarEnd]],
    ['a pax header', [forged(file('x', 512), [[156, 'x']]), Buffer.alloc(512), file('x'), tarEnd]],
    ['more behind its end', [file('x'), Buffer.alloc(512), link('y', 'x'), tarEnd]],
    [
      'a long name for nobody',
      [
        tarHeader({ kind: 'file', path: 'n'.repeat(120), mode: 0o600, mtime: 0, size: 0 }).subarray(0, 1024),
        tarEnd,
      ],
    ],
    ['an owner beyond all numbers', [forged(file('x'), [[108, '\x80000000\0']]), tarEnd]],
    ['a group that is no number', [forged(file('x'), [[116, 'x']]), tarEnd]],
    ['a long name of no bytes', [forged(file('x'), [[156, 'L']]), file('y'), tarEnd]],
  ])('%s', async (_name, parts) => {
    await expect(look(...parts)).rejects.toThrow(/archive/)
  })
})

test('a time before 1970 is read', async () => {
  const old = forged(file('x'), [[136, `\xff${'\xff'.repeat(10)}\xf6`]])
  expect((await look(old, tarEnd)).entries).toMatchObject([{ mtime: -10 }])
})

test('an owner with a large number is of no interest', async () => {
  const far = forged(file('x'), [[108, '\x80\0\0\0\x49\x96\x02\xd2']])
  expect((await look(far, tarEnd)).entries).toMatchObject([{ path: 'x' }])
})

test('whatever an archive holds: it is refused, or tar makes of it just what was said, and nothing outside', async () => {
  const name = fc.constantFrom('a', 'a/b', 'a/b/c', 'd', './a', '../e', '/tmp/e', 'a/../e', '', '.', 'a/')
  const target = fc.constantFrom('a', '../a', '/etc', '..', 'a/..', '')
  const bytes = fc.constantFrom('\0', '0', '5', '7', '\x80', '\xff', ' ', '/', '.', 'x')
  const entry = fc.oneof(
    name.map((path) => file(path)),
    name.map((path) => Buffer.concat([file(path, 3), Buffer.from('abc'), Buffer.alloc(509)])),
    name.map(directory),
    fc.tuple(name, target).map(([path, to]) => link(path, to)),
  )
  const change = fc.tuple(fc.integer({ min: 0, max: 511 }), bytes)
  const piece = fc.oneof(
    { weight: 4, arbitrary: entry },
    {
      weight: 2,
      arbitrary: fc
        .tuple(entry, fc.array(change, { maxLength: 3 }))
        .map(([whole, changes]) =>
          Buffer.concat([forged(whole.subarray(0, 512), changes), whole.subarray(512)]),
        ),
    },
  )
  const archive = fc.tuple(fc.array(piece, { maxLength: 6 }), fc.nat({ max: 600 })).map(([pieces, cut]) => {
    const whole = Buffer.concat([...pieces, tarEnd])
    return cut < 512 && cut > 400 ? whole.subarray(0, whole.length - cut) : whole
  })
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(archive, async (bytesOfIt) => {
      const seen = await inspect(Readable.from([bytesOfIt])).catch(() => undefined)
      if (seen === undefined) return
      accepted += 1
      const to = join(root, 'in/it')
      rmSync(join(root, 'in'), { recursive: true, force: true })
      mkdirSync(to, { recursive: true })
      writeFileSync(join(root, 'x.tar'), bytesOfIt)
      execFileSync('tar', ['-xpf', join(root, 'x.tar'), '--no-same-owner', '-C', to], { stdio: 'ignore' })
      const made = readdirSync(to, { recursive: true, encoding: 'latin1' })
      expect(made.toSorted()).toEqual(seen.entries.map(({ path }) => path).toSorted())
      for (const one of seen.entries) {
        const is = lstatSync(Buffer.from(`${to}/${one.path}`, 'latin1'))
        const kind = is.isSymbolicLink() ? 'link' : is.isDirectory() ? 'directory' : 'file'
        expect(kind).toBe(one.kind)
      }
      expect(readdirSync(join(root, 'in'))).toEqual(['it'])
    }),
    { numRuns: 300 },
  )
  expect(accepted).toBeGreaterThan(20)
  // Up to 300 times tar: on a busy machine that takes its time.
}, 60_000)
