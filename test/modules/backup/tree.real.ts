import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as backup from '../../../src/modules/backup/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'

const dir = mkdtempSync(join(fastDirectory(), "backup it's-"))
const odd = `-x é "it's" \\n\nb\\s`
let local: LocalOn
let number = 0
beforeAll(async () => {
  local = await localOn(join(dir, 'here'))
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})

/** Everything of a tree, directories' times too. */
const all = (path: string): string =>
  execFileSync(
    'bash',
    [
      '-c',
      `cd "$1" && find . -printf '%y %m %U %G %T@ %P -> %l\\0' | LC_ALL=C sort -z | tr '\\0' '\\n'; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum`,
      'bash',
      path,
    ],
    { encoding: 'latin1' },
  )

/** A tree with all that a home may hold; a path of its own each time. */
function home(): { path: string; to: string; at: (name: string) => string } {
  const path = join(dir, `home ${++number}`)
  const at = (name: string) => join(path, name)
  for (const each of ['bin', 'lib/deep/deeper', 'empty', 'gone/inner', 'turns'])
    mkdirSync(at(each), { recursive: true })
  writeFileSync(at('bin/run.sh'), '#!/bin/sh\n')
  chmodSync(at('bin/run.sh'), 0o750)
  writeFileSync(at(`lib/${odd}`), 'odd')
  writeFileSync(at('lib/deep/deeper/big'), Buffer.alloc(100_000, 'jar'))
  writeFileSync(at('gone/inner/file'), 'old')
  writeFileSync(at('turns/file'), 'a directory')
  writeFileSync(at('file turns'), 'a file')
  writeFileSync(at('same size'), 'before')
  symlinkSync('/nowhere/outside', at('bin/link'))
  if (process.getuid?.() === 0) lchownSync(at(`lib/${odd}`), 1234, 1235)
  utimesSync(at('lib'), 1_500_000_000, 1_500_000_000.25)
  utimesSync(at('same size'), 1_500_000_000, 1_500_000_000)
  return { path, to: join(dir, `backups ${number}`), at }
}

test('a tree comes back whole: names, modes, owners, times, links, bytes', async () => {
  const { path, to } = home()
  const before = all(path)
  const { out } = await perform(local, backup.tree({ path, to, name: 'home' }))
  expect(out).toMatchObject({
    file: `${to}/run-1/home.tar.gz`,
    entries: out.listed,
    ahead: false,
    base: null,
  })
  expect(readdirSync(join(to, 'run-1')).sort()).toEqual([
    'home.tar.gz',
    'home.tar.gz.list',
    'home.tar.gz.proof',
  ])
  const { kind, sha256, entries, end } = (await perform(local, backup.verify({ file: out.file }))).out
  expect({ kind, sha256, entries, end }).toEqual({
    kind: 'tree',
    sha256: out.sha256,
    entries: out.entries,
    end: 'two blocks of zeros',
  })
  const again = `${path} again`
  const restored = await perform(local, backup.restore({ tree: out, to: again }))
  expect(restored.out).toEqual({ path: again, entries: out.listed, bytes: out.size })
  expect(all(again)).toBe(before)
  expect(all(path)).toBe(before)
})

test('upon a part made ahead of time only what changed is archived, and what was deleted stays away', async () => {
  const { path, to, at } = home()
  const ahead = await perform(local, backup.tree({ path, to, name: 'ahead', ahead: true }))
  expect(ahead.out).toMatchObject({ ahead: true, base: null })
  await expect(perform(local, backup.restore({ tree: ahead.out, to: `${path} x` }))).rejects.toThrow(
    /made ahead of time, and is not all/,
  )
  rmSync(at('gone'), { recursive: true })
  unlinkSync(at(`lib/${odd}`))
  rmSync(at('turns'), { recursive: true })
  writeFileSync(at('turns'), 'now a file')
  unlinkSync(at('file turns'))
  mkdirSync(at('file turns'))
  writeFileSync(at('file turns/inner'), '')
  unlinkSync(at('bin/link'))
  symlinkSync('run.sh', at('bin/link'))
  chmodSync(at('empty'), 0o500)
  // As large as before and as old: only its bytes tell.
  writeFileSync(at('same size'), 'after!')
  utimesSync(at('same size'), 1_500_000_000, 1_500_000_000)
  const now = all(path)
  const { out } = await perform(local, backup.tree({ path, to, name: 'home', base: ahead.out }))
  expect(out.base).toEqual({
    file: 'run-1/ahead.tar.gz',
    sha256: ahead.out.sha256,
    list: ahead.out.list,
  })
  expect(out.bytes).toBeLessThan(ahead.out.bytes)
  const names = execFileSync('tar', ['-tzf', out.file], { encoding: 'utf8' }).split('\n')
  expect(names.filter((name) => name !== '' && !name.endsWith('/')).sort()).toEqual([
    './bin/link',
    './file turns/inner',
    './same size',
    './turns',
  ])
  const again = `${path} again`
  await perform(local, backup.restore({ tree: out, to: again }))
  expect(all(again)).toBe(now)
  await perform(local, backup.verify({ file: out.file }))
  // Without its base, or with another, it is none.
  const base = readFileSync(ahead.out.file)
  rmSync(ahead.out.file)
  await expect(perform(local, backup.verify({ file: out.file }))).rejects.toThrow(
    /ahead\.tar\.gz on here is not what was recorded.*it is not there/,
  )
  writeFileSync(ahead.out.file, base)
  await perform(local, backup.verify({ file: out.file }))
})

test('what a tree leaves out is not brought back, and a pipe in it is refused', async () => {
  const { path, to, at } = home()
  const exclude = ['gone', 'lib/deep']
  const { out } = await perform(local, backup.tree({ path, to, name: 'home', exclude }))
  const again = `${path} again`
  await perform(local, backup.restore({ tree: out, to: again }))
  expect([existsSync(join(again, 'gone')), existsSync(join(again, 'lib/deep'))]).toEqual([false, false])
  expect(existsSync(join(again, 'bin/run.sh'))).toBe(true)
  execFileSync('mkfifo', [at('pipe')])
  await expect(perform(local, backup.tree({ path, to, name: 'pipe' }))).rejects.toThrow(
    /backup on here exited 3/,
  )
  expect(readdirSync(join(to, 'run-1')).filter((name) => name.startsWith('pipe'))).toEqual([])
})

test('a backup inside of its tree, and one upon a base elsewhere, are refused', async () => {
  const { path, to } = home()
  await expect(perform(local, backup.tree({ path, to: join(path, 'b'), name: 'x' }))).rejects.toThrow(
    /lies in .*, which it is to back up/,
  )
  const { out } = await perform(local, backup.tree({ path, to, name: 'home' }))
  await expect(
    perform(local, backup.tree({ path, to: `${to} other`, name: 'x', base: out })),
  ).rejects.toThrow(/a backup and its base go together/)
  const second = await perform(local, backup.tree({ path, to, name: 'second', base: out }))
  await expect(perform(local, backup.tree({ path, to, name: 'x', base: second.out }))).rejects.toThrow(
    /has a base itself/,
  )
})

test('a home that is not empty where it is restored is moved aside, and back by undo', async () => {
  const { path, to, at } = home()
  const before = all(path)
  const { out } = await perform(local, backup.tree({ path, to, name: 'home' }))
  writeFileSync(at('new'), 'since')
  const since = all(path)
  const restored = await perform(local, backup.restore({ tree: out, to: path }))
  expect(all(path)).toBe(before)
  expect((await perform(local, backup.restore({ tree: out, to: path }))).changed).toBe(false)
  await restored.undo()
  await restored.undo()
  expect(all(path)).toBe(since)
})
