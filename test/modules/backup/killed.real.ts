import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { secret } from '../../../src/model/secret.ts'
import * as backup from '../../../src/modules/backup/index.ts'
import * as svn from '../../../src/modules/svn/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { goneOnWith } from '../../support/killed.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { seen } from '../contract.ts'

// What has no check, so that the contract of a change does not hold for it: it is gone on with all the same.
const dir = mkdtempSync(join(fastDirectory(), 'killed-'))
const path = join(dir, 'home')
const to = join(dir, 'backups')
const repository = join(dir, 'repository')
const url = `file://${repository}`
const dumped = { repository: { url, user: 'u', password: secret('env:P') }, path: repository }
let local: LocalOn

beforeAll(async () => {
  local = await localOn(join(dir, 'here'))
  mkdirSync(join(path, 'lib'), { recursive: true })
  writeFileSync(join(path, 'lib/file'), 'x'.repeat(5000))
  execFileSync('svnadmin', ['create', repository])
  execFileSync('svn', ['import', '-q', '--non-interactive', '-m', 'x', path, `${url}/one`])
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})

test('a backup of a tree', async () => {
  const whole = (await perform(local, backup.tree({ path, to, name: 'whole' }))).out
  const calls = await goneOnWith(local.on, backup.tree({ path, to, name: 'killed' }), (out) => {
    expect(out).toMatchObject({ list: whole.list, listed: whole.listed })
    const files = readdirSync(join(to, 'run-1')).filter((name) => name.startsWith('killed'))
    expect(files.filter((name) => name.endsWith('.making'))).toEqual([])
    for (const file of files) rmSync(join(to, 'run-1', file), { recursive: true })
  })
  expect(calls).toBeGreaterThan(2)
})

test('a dump of a repository', async () => {
  const whole = (await perform(local, svn.dump({ ...dumped, to, name: 'whole' }))).out
  const calls = await goneOnWith(local.on, svn.dump({ ...dumped, to, name: 'killed' }), (out) => {
    expect(out).toMatchObject({ listing: whole.listing, entries: whole.entries })
    rmSync(out.file)
  })
  expect(calls).toBeGreaterThan(2)
})

test.each([
  ['of a tree', () => backup.tree({ path, to, name: 'rehearsed' })],
  ['of a repository', () => svn.dump({ ...dumped, to, name: 'rehearsed' })],
] as const)('a rehearsal %s, which leaves nothing', async (_of, make) => {
  const artefact = (await perform<backup.TreeBackup | svn.Dumped>(local, make())).out
  const before = seen(to)
  const calls = await goneOnWith(local.on, backup.rehearse({ artefact }), (out) => {
    expect(out).toMatchObject({ file: artefact.file })
    expect(seen(to)).toBe(before)
  })
  expect(calls).toBeGreaterThan(2)
})
