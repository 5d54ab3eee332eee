import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { secret } from '../../../src/model/secret.ts'
import * as backup from '../../../src/modules/backup/index.ts'
import * as svn from '../../../src/modules/svn/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { seen } from '../contract.ts'

const dir = mkdtempSync(join(fastDirectory(), "rehearse it's-"))
const path = join(dir, 'home')
const to = join(dir, 'backups')
let local: LocalOn

beforeAll(async () => {
  local = await localOn(join(dir, 'here'))
  mkdirSync(join(path, 'closed'), { recursive: true })
  writeFileSync(join(path, 'closed/file'), 'x'.repeat(5000))
  chmodSync(join(path, 'closed'), 0o500)
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})

test('a tree is unpacked beside its backup, compared and timed, and is gone again', async () => {
  const base = await perform(local, backup.tree({ path, to, name: 'ahead', ahead: true }))
  writeFileSync(join(path, 'new'), 'since')
  const { out } = await perform(local, backup.tree({ path, to, name: 'home', base: base.out }))
  const before = [seen(path), seen(to)]
  const done = await perform(local, backup.rehearse({ artefact: out }))
  expect(done.out).toEqual({ kind: 'tree', file: out.file, entries: 4, seconds: expect.any(Number) })
  expect(local.said.at(-1)).toMatch(/home\.tar\.gz was restored into scratch in \d+ s, and is whole/)
  await done.undo()
  expect([seen(path), seen(to)]).toEqual(before)
  // A list that says something else than the archive holds, both as they were recorded.
  const wrong = { ...out, list: base.out.list }
  await expect(perform(local, backup.rehearse({ artefact: wrong }))).rejects.toThrow(/is another backup/)
  const scratch = join(dir, 'scratch')
  mkdirSync(scratch)
  await perform(local, backup.rehearse({ artefact: out, scratch }))
  expect(readdirSync(scratch)).toEqual([])
})

test('a repository is loaded beside its dump, compared and timed, and is gone again, also when it fails', async () => {
  const repository = join(dir, 'repository')
  execFileSync('svnadmin', ['create', repository])
  const url = `file://${repository.split('/').map(encodeURIComponent).join('/')}`
  execFileSync('svn', ['import', '-q', '--non-interactive', '-m', 'x', path, `${url}/one`])
  const dumping = svn.dump({
    repository: { url, user: 'u', password: secret('env:P') },
    to,
    name: 'svn',
    path: repository,
  })
  const { out } = await perform(local, dumping)
  const before = [seen(repository), seen(to)]
  const done = await perform(local, backup.rehearse({ artefact: out }))
  expect(done.out).toEqual({ kind: 'svn', file: out.file, entries: 2, seconds: expect.any(Number) })
  await expect(perform(local, backup.rehearse({ artefact: { ...out, listing: 'other' } }))).rejects.toThrow(
    /rehearsal on here exited/,
  )
  expect([seen(repository), seen(to)]).toEqual(before)
})

test('where there is no room it is said before anything is written, with numbers', async () => {
  const small = join(dir, 'small')
  mkdirSync(small)
  const big = join(dir, 'big')
  mkdirSync(big)
  writeFileSync(join(big, 'file'), Buffer.alloc(8_000_000))
  const { out } = await perform(local, backup.tree({ path: big, to, name: 'big' }))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'none', small])
  try {
    const refused = (what: Parameters<typeof perform>[1]) =>
      expect(perform(local, what)).rejects.toThrow(/here has 3 MiB free for .*needs about \d+: make room/)
    await refused(backup.tree({ path: big, to: small, name: 'big' }))
    await refused(backup.rehearse({ artefact: out, scratch: small }))
    await refused(backup.restore({ tree: out, to: join(small, 'big') }))
    expect(readdirSync(small)).toEqual([])
    const ahead = await perform(local, backup.tree({ path, to: small, name: 'ahead', ahead: true }))
    await expect(
      perform(local, backup.tree({ path: big, to: small, name: 'upon', base: ahead.out })),
    ).rejects.toThrow(/backup on here exited 3/)
    expect(readdirSync(join(small, 'run-1')).filter((name) => name.startsWith('upon'))).toEqual([])
  } finally {
    execFileSync('umount', [small])
  }
})
