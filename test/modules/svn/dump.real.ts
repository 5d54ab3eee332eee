import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { secret } from '../../../src/model/secret.ts'
import * as svn from '../../../src/modules/svn/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { type Svnserve, startSvnserve } from '../../support/svnserve.ts'
import { until } from '../../support/until.ts'
import { seen } from '../contract.ts'

const dir = mkdtempSync(join(fastDirectory(), 'svn dump-'))
const odd = `-x é "it's" @2 %41`
const quiet = ['--non-interactive', '--config-dir', '/dev/null/none', '-q']
const onDisk = (name: string) => `file://${encodeURI(join(dir, name))}`
const put = (name: string, folder: string) =>
  execFileSync('svn', ['import', '-m', 'x', join(dir, 'files'), `${onDisk(name)}/${folder}`, ...quiet], {
    stdio: 'pipe',
  })
const youngest = (name: string) =>
  execFileSync('svnlook', ['youngest', join(dir, name)], { encoding: 'utf8' }).trim()
const uuid = (name: string) => execFileSync('svnlook', ['uuid', join(dir, name)], { encoding: 'utf8' }).trim()
let server: Svnserve
let local: LocalOn

const repository = (name: string): svn.Repository => ({
  url: server.url(name),
  user: 'wso2',
  password: secret('env:SVN'),
})
const made = async (name: string, path?: string) => {
  server.create(name)
  put(name, 'one')
  put(name, 'two')
  return perform(local, svn.dump({ repository: repository(name), to: join(dir, 'b'), name, path }))
}

beforeAll(async () => {
  mkdirSync(join(dir, 'files'))
  writeFileSync(join(dir, 'files', odd), 'Revision-number: 1\n\0'.repeat(10))
  server = await startSvnserve(dir, '127.120.0.2', 'wso2', "p'w")
  local = await localOn(join(dir, 'here'), () => "p'w")
})
afterAll(async () => {
  await local.close()
  await server.stop()
  rmSync(dir, { recursive: true })
})

test.each([
  ['over the network', () => undefined],
  ['where it lies', (name: string) => join(dir, name)],
])('a dump %s is proved by loading it, and loads into a new repository', async (how, pathOf) => {
  const name = how.replaceAll(' ', '-')
  const { out, prove } = await made(name, pathOf(name))
  expect(out).toMatchObject({
    youngest: 2,
    uuid: uuid(name),
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  await prove()
  const before = readdirSync('/tmp')
  expect((await perform(local, svn.rehearse({ dump: out }))).out).toEqual({ youngest: 2, uuid: uuid(name) })
  // Other files of tests make and remove theirs meanwhile; what was left would stay.
  const ours = (name: string) => name.startsWith('upgrade-fleet-svn.') && !before.includes(name)
  const after = readdirSync('/tmp').filter(ours)
  await until(() => !readdirSync('/tmp').some((name) => after.includes(name)), 'nothing stays behind')
  const to = join(dir, `${name} again ${odd}`)
  const loaded = await perform(local, svn.load({ dump: out, to }))
  expect(loaded.out).toEqual({ to, youngest: 2, uuid: uuid(name) })
  expect(execFileSync('svnadmin', ['verify', '-q', to], { encoding: 'utf8' })).toBe('')
  const content = seen(to)
  expect((await perform(local, svn.load({ dump: out, to }))).changed).toBe(false)
  expect(seen(to)).toBe(content)
  await loaded.undo()
  await loaded.undo()
  expect(
    readdirSync(dir).filter((each) => each.includes(`${name} again`) || each.startsWith('.upgrade')),
  ).toEqual([])
  mkdirSync(to)
  await expect(perform(local, svn.load({ dump: out, to }))).rejects.toThrow(/is there already/)
})

test('a dump that was cut or changed is neither taken for one nor loaded', async () => {
  const { out, prove, undo } = await made('damaged', join(dir, 'damaged'))
  const whole = join(dir, 'whole')
  copyFileSync(out.file, whole)
  const bytes = readFileSync(whole)
  put('damaged', 'three')
  const before = seen(join(dir, 'damaged'))
  for (const at of [0, 1, 10, bytes.length >> 1, bytes.length - 1]) {
    truncateSync(out.file, at)
    await expect(prove()).rejects.toThrow(/is not what was recorded/)
    const flipped = Buffer.from(bytes)
    flipped.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    writeFileSync(out.file, flipped)
    await expect(prove()).rejects.toThrow(/is not what was recorded/)
  }
  await expect(perform(local, svn.rehearse({ dump: out }))).rejects.toThrow(/damaged/)
  await expect(undo()).rejects.toThrow(/is not what was recorded/)
  expect(seen(join(dir, 'damaged'))).toBe(before)
})

test('the undo of a dump brings the repository back as it was, and keeps what was there since', async () => {
  const path = join(dir, 'restored')
  const { undo } = await made('restored', path)
  const id = uuid('restored')
  const before = seen(path)
  await undo()
  expect(seen(path)).toBe(before)
  put('restored', 'three')
  const users = readFileSync(join(path, 'conf/passwd'), 'utf8')
  await undo()
  await undo()
  expect([youngest('restored'), uuid('restored')]).toEqual(['2', id])
  expect(readFileSync(join(path, 'conf/passwd'), 'utf8')).toBe(users)
  expect(youngest('restored.aside-run-1')).toBe('3')
  const { out } = await perform(local, svn.top({ repository: repository('restored') }))
  expect(out.entries).toEqual(['one/', 'two/'])
  expect(existsSync(`${path}.aside-run-1.1`)).toBe(false)
})

test('over the network it is said where the repository has moved on', async () => {
  const { undo } = await made('moved')
  await undo()
  expect(local.said.at(-1)).toMatch(/is kept$/)
  put('moved', 'three')
  await undo()
  expect(local.said.at(-1)).toMatch(/is at revision 3, the dump at 2/)
})
