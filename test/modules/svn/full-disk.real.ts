import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { secret } from '../../../src/model/secret.ts'
import * as svn from '../../../src/modules/svn/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { memoryDisk, type SmallMemory } from '../../support/small-disk.ts'
import { type Svnserve, startSvnserve } from '../../support/svnserve.ts'
import { seen } from '../contract.ts'

// Each on a file system of 3 MiB, which is then made larger: 4 MB that no compression makes less are committed, dumped and so on.
const dir = mkdtempSync(join(fastDirectory(), 'svn full disk-'))
const files = join(dir, 'files')
let server: Svnserve
let local: LocalOn
let dump: svn.Dumped
let small: SmallMemory

const repository = (name = 'apim'): svn.Repository => ({
  url: server.url(name),
  user: 'wso2',
  password: secret('env:SVN'),
})
const youngest = (at: string) => execFileSync('svnlook', ['youngest', at], { encoding: 'utf8' }).trim()
/** All files below a directory, and names of ours. */
const left = (at: string) =>
  readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() || entry.name.includes('upgrade-fleet'))
    .map(({ name }) => name)

beforeAll(async () => {
  mkdirSync(files)
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(files, name), randomBytes(1_000_000))
  server = await startSvnserve(dir, '127.140.1.1', 'wso2', 'pw')
  local = await localOn(join(dir, 'here'), () => 'pw')
  server.create('apim')
  await perform(local, svn.commit({ repository: repository(), tree: files, message: 'm' }))
  const made = await perform(local, svn.dump({ repository: repository(), to: join(dir, 'b'), name: 'svn' }))
  dump = made.out
  return async () => {
    await local.close()
    await server.stop()
    rmSync(dir, { recursive: true })
  }
})

test.each([
  ['dump', (to: string) => svn.dump({ repository: repository(), to, name: 'svn' })],
  [
    'dump where it lies',
    (to: string) => svn.dump({ repository: repository(), to, name: 'svn', path: join(dir, 'apim') }),
  ],
  ['load', (to: string) => svn.load({ dump, to: `${to}/new` })],
  ['checkout', (to: string) => svn.checkout({ repository: repository(), to: `${to}/copy` })],
  ['export', (to: string) => svn.exported({ repository: repository(), to: `${to}/copy` })],
  ['rehearse', (to: string) => svn.rehearse({ dump, scratch: to })],
  ['compare', (to: string) => svn.compare({ repository: repository(), tree: files, scratch: to })],
])(
  'a %s without room says what is full, leaves nothing half done, and works with room',
  async (how, make) => {
    small = memoryDisk(dir, 3)
    try {
      const action = make(small.path)
      await expect(perform<unknown>(local, action)).rejects.toThrow(
        new RegExp(`here has no room left in ${small.path}.*: make room, then run again\\n`),
      )
      expect(left(small.path)).toEqual([])
      small.grow(64)
      const done = await perform<unknown>(local, action)
      if (how === 'compare') expect(done.out).toMatchObject({ differences: [] })
    } finally {
      small.unmount()
    }
  },
)

test('a commit without room in scratch commits nothing, and says so', async () => {
  small = memoryDisk(dir, 3)
  try {
    server.create('scratch')
    const input = { repository: repository('scratch'), tree: files, message: 'm', scratch: small.path }
    await expect(perform(local, svn.commit(input))).rejects.toThrow(`here has no room left in ${small.path}`)
    expect([left(small.path), youngest(join(dir, 'scratch'))]).toEqual([[], '0'])
    small.grow(64)
    await perform(local, svn.commit(input))
    expect(youngest(join(dir, 'scratch'))).toBe('1')
  } finally {
    small.unmount()
  }
})

test('a commit to a repository without room is told as such, and nothing of it is there', async () => {
  small = memoryDisk(dir, 3)
  try {
    const name = `${basename(small.path)}/repo`
    server.create(name)
    const before = seen(join(small.path, 'repo', 'db', 'revs'))
    const input = { repository: repository(name), tree: files, message: 'm' }
    const failed = perform(local, svn.commit(input))
    await expect(failed).rejects.toThrow(/svn commit on here exited 1.*Commit failed.*No space left/s)
    expect(youngest(join(small.path, 'repo'))).toBe('0')
    expect(seen(join(small.path, 'repo', 'db', 'revs'))).toBe(before)
    small.grow(64)
    const done = await perform(local, svn.commit(input))
    expect(youngest(join(small.path, 'repo'))).toBe('1')
    await done.undo()
    expect(youngest(join(small.path, 'repo'))).toBe('2')
  } finally {
    small.unmount()
  }
})

test('the undo of a dump without room leaves the repository as it is, and is done again with room', async () => {
  small = memoryDisk(dir, 6)
  try {
    const [name, path] = [`${basename(small.path)}/repo`, join(small.path, 'repo')]
    server.create(name)
    const input = { repository: repository(name), tree: files, message: 'm' }
    await perform(local, svn.commit(input))
    const dumped = await perform(
      local,
      svn.dump({ repository: repository(name), to: join(dir, 'b'), name: 'undone', path }),
    )
    await perform(local, svn.empty({ repository: repository(name) }))
    const before = seen(path)
    await expect(dumped.undo()).rejects.toThrow(`here has no room left in ${path}`)
    expect(seen(path)).toBe(before)
    expect(readdirSync(small.path)).toEqual(['repo'])
    small.grow(64)
    await dumped.undo()
    expect(youngest(path)).toBe('1')
  } finally {
    small.unmount()
  }
})
