import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { create } from '../../src/modules/archives/create.ts'
import { unarchive } from '../../src/modules/archives/unarchive.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { packTree, sumOf } from './archive-cases.ts'

const root = mkdtempSync(join(fastDirectory(), 'create-'))
let local: LocalOn
let dir: string
let at = 0
beforeAll(async () => {
  local = await localOn(join(root, 'here'))
})
beforeEach(() => {
  dir = join(root, `${++at}`)
  mkdirSync(dir)
  packTree(dir)
})
afterAll(async () => {
  await local.close()
  rmSync(root, { recursive: true })
})

test.each(['zip', 'tar', 'tar.gz', 'tar.zst'] as const)(
  'a %s becomes the tree again, and is the same whenever it is made',
  async (kind) => {
    const tree = join(dir, 'pack-1.0')
    mkdirSync(join(tree, 'logs'))
    writeFileSync(join(tree, 'logs/a.log'), 'left out')
    if (kind !== 'zip') linkSync(join(tree, 'bin/run.sh'), join(tree, 'bin/same.sh'))
    const input = { path: tree, dest: join(dir, `x.${kind}`), exclude: ['logs/*'] }
    const { out, undo } = await perform(local, create(input))
    expect(out).toMatchObject({
      sha256: sumOf(input.dest),
      bytes: statSync(input.dest).size,
      entries: kind === 'zip' ? 6 : 7,
    })
    expect(statSync(input.dest).mode & 0o777).toBe(0o600)
    const other = await perform(local, create({ ...input, dest: join(dir, `y.${kind}`) }))
    expect(other.out.sha256).toBe(out.sha256)
    writeFileSync(join(tree, 'logs/b.log'), 'left out too')
    expect((await perform(local, create(input))).changed).toBe(false)
    await perform(local, unarchive({ src: input.dest, sha256: out.sha256, dest: join(dir, 'again') }))
    const differs = execFileSync('sh', ['-c', 'diff -r pack-1.0 again || :'], { cwd: dir, encoding: 'utf8' })
    expect(differs.trim().split('\n')).toEqual([
      'Only in pack-1.0/logs: a.log',
      'Only in pack-1.0/logs: b.log',
    ])
    expect(statSync(join(dir, 'again/bin/run.sh')).mode & 0o777).toBe(0o755)
    appendFileSync(join(tree, 'bin/run.sh'), 'more')
    const third = await perform(local, create(input))
    expect([third.changed, third.out.manifest === out.manifest]).toEqual([true, false])
    await third.undo()
    expect(sumOf(input.dest)).toBe(out.sha256)
    await undo()
    expect(() => statSync(input.dest)).toThrow()
  },
)

test('one that was changed, or has another mode, is made anew', async () => {
  const input = { path: join(dir, 'pack-1.0'), dest: join(dir, 'x.tar.gz') }
  const { out } = await perform(local, create(input))
  appendFileSync(input.dest, 'x')
  expect((await perform(local, create(input))).out).toEqual(out)
  expect(sumOf(input.dest)).toBe(out.sha256)
  expect((await perform(local, create({ ...input, mode: '0640' }))).changed).toBe(true)
  expect(statSync(input.dest).mode & 0o777).toBe(0o640)
})

test('what cannot be archived is refused, and what stood there stays', async () => {
  const tree = join(dir, 'pack-1.0')
  const input = { path: tree, dest: join(dir, 'x.zip') }
  writeFileSync(input.dest, 'before')
  symlinkSync('bin', join(tree, 'link'))
  await expect(perform(local, create(input))).rejects.toThrow(/holds no links: make a tar\.gz/)
  rmSync(join(tree, 'link'))
  writeFileSync(join(tree, 'a\nb'), '')
  await expect(perform(local, create(input))).rejects.toThrow(/line's end/)
  execFileSync('mkfifo', [join(tree, 'pipe')])
  utimesSync(tree, 0, 0)
  await expect(perform(local, create(input))).rejects.toThrow(/cannot be archived: \.\/pipe/)
  await expect(perform(local, create({ ...input, dest: join(tree, 'x.zip') }))).rejects.toThrow(/lies in/)
  await expect(perform(local, create({ ...input, dest: join(dir, 'no/x.zip') }))).rejects.toThrow(
    /make it first|cannot be kept/,
  )
  expect(readFileSync(input.dest, 'utf8')).toBe('before')
})
