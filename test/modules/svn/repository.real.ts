import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { secret } from '../../../src/model/secret.ts'
import * as svn from '../../../src/modules/svn/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { until } from '../../support/until.ts'

const dir = mkdtempSync(join(fastDirectory(), 'svn-'))
const password = `p'"$(x) &`
let server: ChildProcess
let local: LocalOn
let port: number

const repository = (name: string): svn.Repository => ({
  url: `svn://127.0.0.1:${port}/${name}`,
  user: 'wso2',
  password: secret('env:SVN'),
})
const onDisk = (name: string) => `file://${dir}/${name}`
const put = (url: string) => execFileSync('svn', ['import', '-q', '-m', 'x', join(dir, 'files'), url])

beforeAll(async () => {
  for (const name of ['old', 'clean', 'used']) {
    execFileSync('svnadmin', ['create', join(dir, name)])
    writeFileSync(
      join(dir, name, 'conf/svnserve.conf'),
      '[general]\nanon-access=none\nauth-access=write\npassword-db=passwd\n',
    )
    writeFileSync(join(dir, name, 'conf/passwd'), `[users]\nwso2 = ${password}\n`)
  }
  mkdirSync(join(dir, 'files'))
  writeFileSync(join(dir, 'files', 'a b.xml'), '<api/>')
  put(`${onDisk('old')}/one`)
  put(`${onDisk('old')}/two`)
  put(`${onDisk('used')}/-1234`)
  port = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
  const listen = [`--listen-port=${port}`, '--listen-host=127.0.0.1']
  server = spawn('svnserve', ['-d', '--foreground', '-r', dir, ...listen], { stdio: 'ignore' })
  local = await localOn(join(dir, 'here'), () => password)
  await until(async () => {
    const { out } = await perform(local, svn.top({ repository: repository('clean') })).catch(() => ({
      out: undefined,
    }))
    return out !== undefined
  }, 'svnserve answers')
})

afterAll(async () => {
  await local.close()
  server.kill()
  rmSync(dir, { recursive: true })
})

test('a repository with something in it is not clean', async () => {
  expect((await perform(local, svn.clean({ repository: repository('clean') }))).changed).toBe(false)
  await expect(perform(local, svn.clean({ repository: repository('used') }))).rejects.toThrow(
    /not clean.*\n.*-1234/,
  )
})

test('a dump holds every revision, and loads into a new repository', async () => {
  const { out } = await perform(
    local,
    svn.dump({ repository: repository('old'), to: join(dir, 'b'), name: 'svn' }),
  )
  expect(out.youngest).toBe(2)
  execFileSync('svnadmin', ['create', join(dir, 'again')])
  execFileSync('sh', ['-c', `gzip -dc ${out.file} | svnadmin load -q ${join(dir, 'again')}`])
  expect(execFileSync('svn', ['ls', '-R', onDisk('again')], { encoding: 'utf8' })).toBe(
    'one/\none/a b.xml\ntwo/\ntwo/a b.xml\n',
  )
})

test('what the new fleet wrote into a claimed repository is taken back', async () => {
  const claim = await perform(local, svn.claim({ repository: repository('clean') }))
  put(`${onDisk('clean')}/-1234`)
  await claim.undo()
  expect((await perform(local, svn.top({ repository: repository('clean') }))).out).toEqual({ entries: [] })
})

test('a repository that somebody else wrote is never begun with, so that nothing of theirs is taken back', async () => {
  const claim = svn.claim({ repository: repository('used') })
  if (claim.work.kind !== 'change') throw new Error('it is a change')
  await expect(claim.work.remember?.(local.on, claim.input)).rejects.toThrow(/not clean/)
})

test('an emptied repository can be brought back', async () => {
  const emptied = await perform(local, svn.empty({ repository: repository('used') }))
  expect(emptied.out).toEqual({ removed: 1 })
  await emptied.undo()
  expect((await perform(local, svn.top({ repository: repository('used') }))).out).toEqual({
    entries: ['-1234/'],
  })
})

test('asking leaves nothing behind in the home of a user who never used Subversion', async () => {
  const home = join(dir, 'home')
  mkdirSync(home)
  const at = (command: Parameters<typeof local.on.exec>[0], options = {}) =>
    local.on.exec(command, { ...options, env: { HOME: home } })
  const there = { ...local, on: { ...local.on, exec: at } }
  expect((await perform(there, svn.top({ repository: repository('old') }))).out).toEqual({
    entries: ['one/', 'two/'],
  })
  expect(readdirSync(home)).toEqual([])
})

test('a wrong user is told by the server, without the password', async () => {
  const stranger = { ...repository('old'), user: 'nobody' }
  const failure = await perform(local, svn.top({ repository: stranger })).catch(String)
  expect(failure).toMatch(/cannot be listed from here/)
  expect(failure).not.toContain(password)
})

test('a server that never answers is given up at the deadline, and no configuration stays behind', async () => {
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.120.0.3', resolve))
  const address = silent.address()
  const at = typeof address === 'object' && address !== null ? address.port : 0
  const left = () => readdirSync('/dev/shm').filter((name) => name.startsWith('upgrade-fleet-svn.'))
  const before = left()
  const mute = { ...repository('old'), url: `svn://127.120.0.3:${at}/old`, timeout: 1 }
  await expect(perform(local, svn.info({ repository: mute }))).rejects.toThrow(/no answer in 1 seconds/)
  silent.close()
  await until(() => left().every((name) => before.includes(name)), 'the configuration is removed')
})
