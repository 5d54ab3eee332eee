import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { sudoersRule } from '../../src/commands/sudoers.ts'
import type { ConnectContext } from '../../src/connect/context.ts'
import { keepLeases } from '../../src/connect/leases.ts'
import { readOnly } from '../../src/connect/read-only.ts'
import { keepRefusals } from '../../src/connect/refusals.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Become, Connection } from '../../src/model/connection.ts'
import { secret } from '../../src/model/secret.ts'
import { makeUsers, type TestUser, type Users } from '../support/accounts.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

const login: TestUser = { name: 'uf-login', uid: 7111, password: 'opens it' }
const app: TestUser = { name: 'uf-app', uid: 7112, password: 'of the app', shell: '/usr/sbin/nologin' }
const asked: string[] = []
const values: Readonly<Record<string, string>> = {
  'env:RIGHT': 'opens it',
  'env:APP': 'of the app',
  'env:WRONG': 'canary-7c1',
}
const context: ConnectContext = {
  home: homedir(),
  secrets: ({ name }) => {
    asked.push(name)
    return values[name] ?? ''
  },
}
const sudo: Become = { method: 'sudo', user: 'uf-app', always: true }

let used = 60
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  asked.length = 0
  for (const stop of stops.splice(0).reverse()) await stop()
})
async function host(sudoers: readonly string[]): Promise<{ users: Users; sshd: Sshd; open: Open }> {
  const users = makeUsers([login, app], ['root ALL=(ALL:ALL) ALL', ...sudoers])
  used += 1
  const sshd = await startSshd(`127.102.0.${used}`, [], 2222, users.launch)
  stops.push(async () => {
    await sshd.stop()
    users.remove()
  })
  const open: Open = async (become, more = {}) => {
    const { workdir: _root, ...rest } = sshd.endpoint
    const endpoint = { ...rest, user: 'uf-login', ...(become && { become }) }
    const connection = await openSsh(endpoint, { ...context, ...more })
    stops.push(() => connection.close())
    return connection
  }
  return { users, sshd, open }
}
type Open = (become?: Become, more?: Partial<ConnectContext>) => Promise<Connection>
const needsPassword = 'uf-login ALL=(uf-app) /bin/sh'
const free = 'uf-login ALL=(uf-app) NOPASSWD: /bin/sh'
const fails = (text: string) =>
  expect.objectContaining({
    name: 'ConnectionError',
    fault: 'become',
    message: expect.stringContaining(text),
  })

test('a wrong password is tried once, for all machines together, and each says so at once', async () => {
  const { users, open } = await host([needsPassword])
  const refusals = keepRefusals()
  const connections = await Promise.all(
    Array.from({ length: 6 }, () => open({ ...sudo, password: secret('env:WRONG') }, { refusals })),
  )
  const came = await Promise.allSettled(
    connections.flatMap((one) => [one.exec(sh`echo a`), one.exec(sh.read`echo b`), one.workdir()]),
  )
  const words = came.map((one) => (one.status === 'rejected' ? String(one.reason.message) : 'done'))
  expect(words.filter((word) => word.includes('the password is wrong'))).toHaveLength(3)
  expect(words.filter((word) => word.includes('such a one is not tried twice'))).toHaveLength(15)
  const wrong = () => users.sudoLog().filter((line) => line.includes('incorrect password'))
  await until(() => wrong().length > 0, 'the log of sudo')
  expect(wrong()).toHaveLength(1)
  expect([...words, ...users.sudoLog()].join('\n')).not.toContain('canary-7c1')
})
test('the right one is written to sudo alone, and once for each shell', async () => {
  const { users, sshd, open } = await host([needsPassword])
  const connection = await open({ ...sudo, password: secret('env:RIGHT') })
  const seen = await connection.exec(
    sh`cat; printenv; for f in /proc/[0-9]*; do tr '\0' ' ' <$f/cmdline; done 2>/dev/null`,
  )
  expect(seen).toMatchObject({ kind: 'exit', code: 0 })
  expect(seen.stdout).toContain('sudo -k -S -p')
  expect(seen.stdout + seen.stderr + sshd.log() + users.sudoLog().join()).not.toContain('opens it')
  for (let count = 0; count < 30; count += 1) await connection.exec(sh`true`)
  const said = users.sudoLog()
  expect(
    said.filter((line) => line.includes('COMMAND') && !line.includes('required')).length,
  ).toBeLessThanOrEqual(4)
  expect(new Set(asked)).toEqual(new Set(['env:RIGHT']))
})
test('a password that is not needed is not even looked up, and no command costs a sudo', async () => {
  const { users, open } = await host([free])
  const connection = await open({ ...sudo, password: secret('env:WRONG') })
  for (let count = 0; count < 30; count += 1) await connection.exec(sh`true`)
  await connection.put({ text: 'x' }, `${await connection.workdir()}/x`)
  await (await connection.job('r/t/1/j', sh`exit 0`)).wait()
  await Promise.all(Array.from({ length: 60 }, () => connection.exec(sh.read`true`)))
  expect(asked).toEqual([])
  expect(users.sudoLog().length).toBeLessThanOrEqual(4)
})
test.each([
  ['no password is there', [needsPassword], undefined, 'a password is needed, and none was given'],
  ['it is not allowed', ['uf-login ALL=(root) NOPASSWD: /bin/sh'], undefined, 'a password is needed'],
  [
    'the password is right and it is not allowed',
    ['uf-login ALL=(root) /bin/sh'],
    'env:RIGHT',
    'not allowed',
  ],
  [
    'the rule is for another command',
    ['uf-login ALL=(uf-app) NOPASSWD: /bin/ls'],
    undefined,
    'become by sudo',
  ],
])('it says why when %s', async (_, sudoers, password, text) => {
  const { open } = await host(sudoers)
  const connection = await open({ ...sudo, ...(password && { password: secret(password) }) })
  await expect(connection.exec(sh`true`)).rejects.toEqual(fails(text))
})
test.each([
  ['sudo', 'nobody-there', 'nobody-there was not become by sudo: it failed: sudo: unknown user'],
  ['su', 'uf-app', 'a password is needed, and none was given'],
  ['doas', 'uf-app', 'doas'],
] as const)('%s to %s says why not', async (method, user, text) => {
  const { open } = await host([free, 'uf-login ALL=(ALL) NOPASSWD: /bin/sh'])
  await expect((await open({ method, user, always: true })).exec(sh`true`)).rejects.toEqual(fails(text))
})
test('the rule that is printed is sound, and enough', async () => {
  const rule = sudoersRule('uf-login', ['uf-app', 'uf-app']) ?? ''
  expect(rule).toBe('uf-login ALL=(uf-app) NOPASSWD: /bin/sh')
  const check = () => execFileSync('visudo', ['-c', '-f', '-'], { input: `${rule}\n`, stdio: 'pipe' })
  expect(String(check())).toContain('parsed OK')
  const { open } = await host([rule])
  const connection = await open(sudo)
  const path = `${await connection.workdir()}/file`
  await connection.put({ bytes: Buffer.alloc(100_000) }, path)
  expect(await connection.exec(sh`stat -c %U ${path}; sleep 60`, { timeout: 0.2 })).toMatchObject({
    kind: 'timeout',
    stdout: 'uf-app\n',
  })
  const job = await connection.job('r/t/1/j', sh`sleep 60`)
  await job.cancel()
  expect(await job.running()).toBe(false)
})
test('a wrong password of su is tried once', async () => {
  const { open } = await host([])
  const become: Become = { method: 'su', user: 'uf-app', always: true, password: secret('env:WRONG') }
  const connection = await open(become)
  await expect(connection.exec(sh`true`)).rejects.toEqual(fails('the password is wrong'))
  await expect(connection.exec(sh`true`)).rejects.toEqual(fails('such a one is not tried twice'))
})
test('questions as sudo may be told to ask them', async () => {
  const { open, users } = await host([free])
  const lying = 'Defaults lecture=always, badpass_message=Password:, passprompt="Password for %u:"'
  users.etc('sudoers', `${lying}\n${needsPassword}\n`, 0o440)
  const connection = await open({ ...sudo, password: secret('env:RIGHT') })
  expect(await connection.exec(sh.read`id -un`)).toMatchObject({ stdout: 'uf-app\n' })
})
test('home, name, directory and session are those of the other user', async () => {
  const { users, open } = await host([
    'Defaults env_reset, secure_path="/usr/bin:/bin", lecture=always',
    free,
  ])
  const connection = await open(sudo)
  const home = users.home(app)
  const said = await connection.exec(sh.read`echo $HOME $USER $LOGNAME $PWD $PATH; umask; id -un; cat`)
  expect(said.stdout).toBe(`${home} uf-app uf-app ${home} /usr/bin:/bin\n0022\nuf-app\n`)
  expect(await connection.workdir()).toBe(`${home}/.upgrade-fleet`)
  const asLogin = connection.as({ become: false })
  expect(await asLogin.workdir()).toBe(`${users.home(login)}/.upgrade-fleet`)
  expect(asLogin.endpoint.become).toBeUndefined()
  expect(connection.as({}).endpoint).toEqual(connection.endpoint)
})
test('users share the channels of a connection, also where there are few', async () => {
  const { sshd, users } = await host([free])
  void sshd
  used += 1
  const few = await startSshd(`127.102.0.${used}`, ['MaxSessions 2'], 2222, users.launch)
  stops.push(() => few.stop())
  const { workdir: _root, ...rest } = few.endpoint
  const connection = await openSsh({ ...rest, user: 'uf-login' }, context)
  stops.push(() => connection.close())
  const other = connection.as({ become: true, user: 'uf-app' })
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, at) => (at % 2 ? other : connection).exec(sh`id -un; sleep 0.02`)),
  )
  expect(answers.map(({ stdout }) => stdout.trim())).toEqual(
    Array.from({ length: 12 }, (_, at) => (at % 2 ? 'uf-app' : 'uf-login')),
  )
})
test('a connection that only reads does so as another user too', async () => {
  const { open } = await host([free])
  const other = readOnly(await open()).as({ become: true, user: 'uf-app' })
  expect(await other.exec(sh.read`id -un`)).toMatchObject({ stdout: 'uf-app\n' })
  expect(await other.exec(sh`id -un`)).toMatchObject({ kind: 'refused' })
})

test("what another user does waits for the machine's one lock, and is fenced off with it", async () => {
  const { users, open } = await host([free])
  const connection = await open()
  const scratch = users.scratch(app)
  const holder = { user: 'ann', machine: 'ctl', pid: 1, state: '/s', since: 'noon', by: 'run' } as const
  const claim = (token: string) => ({
    holder: { ...holder, run: 'r1', token },
    succeeds: async () => true,
  })
  const leases = keepLeases(claim('t1'))
  const other = leases.guard(connection).as({ become: true, user: 'uf-app' })
  expect(await other.exec(sh`id -un >${scratch}/one`)).toMatchObject({ kind: 'exit', code: 0 })
  expect((await connection.lock.look()).number).toBe(1)
  const job = await other.job('r1/t/1/j', sh`sleep 60`)
  await keepLeases(claim('t2')).takeAll([async () => connection], 1, new AbortController().signal)
  expect(await other.exec(sh`echo x >${scratch}/two`)).toMatchObject({ kind: 'refused' })
  await expect(other.put({ text: 'x' }, `${scratch}/three`)).rejects.toMatchObject({ fault: 'fenced' })
  await expect(other.job('r1/t/2/j', sh`echo x >${scratch}/four`)).rejects.toMatchObject({ fault: 'fenced' })
  await expect(job.cancel()).rejects.toMatchObject({ fault: 'fenced' })
  expect(await other.exec(sh.read`ls ${scratch}; cat ${scratch}/one`)).toMatchObject({
    stdout: 'one\nuf-app\n',
  })
  expect(leases.stale.aborted).toBe(true)
  const [left] = await connection.as({ become: true, user: 'uf-app' }).jobs('r1')
  expect(await left?.running()).toBe(true)
  await left?.cancel()
})

test('what one user reads as its commands goes through no process of another whose lock it is', async () => {
  const { open } = await host(['uf-login ALL=(ALL) NOPASSWD: /bin/sh'])
  const connection = await open(sudo)
  const number = await connection.lock.add(0, {
    held: true,
    holder: { run: 'r', user: 'a', machine: 'm', pid: 1, state: '/s', since: 'x', token: 't', by: 'run' },
  })
  let stale = 0
  const fenced = connection.as({ become: true, user: 'root' }).fenced(number ?? 0, () => void stale++)
  // The pipe that root's shell reads, and whose processes have it open.
  const look = sh`n=$(readlink /proc/$$/fd/0); for p in /proc/[0-9]*; do for f in $p/fd/*; do [ "$(readlink $f)" = "$n" ] && stat -c %u $p; done; done 2>/dev/null | sort -u`
  const seen = await fenced.exec(look)
  expect(seen).toMatchObject({ kind: 'exit' })
  expect(seen.stdout).toMatch(/^0$/m)
  expect(seen.stdout.split('\n')).not.toContain(String(app.uid))
  // Whoever tests the fence is gone: that is no lock that has passed on, and there is another to ask.
  const ours = sh`m=$(readlink /proc/self/ns/mnt); for p in /proc/[0-9]*; do
[ "$(readlink $p/ns/mnt)" = "$m" ] || continue; case $(readlink $p/fd/0) in */q*) kill -KILL $(basename $p); esac; done 2>/dev/null; echo`
  expect(await connection.exec(ours)).toMatchObject({ kind: 'exit', stdout: '\n' })
  // Lost where it is sent before that is seen here.
  expect(['exit', 'lost']).toContain((await fenced.exec(sh`true`)).kind)
  expect(await fenced.exec(sh`id -u`)).toMatchObject({ kind: 'exit', stdout: '0\n' })
  expect(stale).toBe(0)
})

test('a right password after which more is asked for is not called wrong, and not written again', async () => {
  const { users, open } = await host([])
  const shadow = readFileSync(users.path('shadow'), 'utf8')
  users.etc('shadow', shadow.replace(/^(uf-app:[^:]*):\d+:/m, '$1:0:'), 0o600)
  const become: Become = { method: 'su', user: 'uf-app', always: true, password: secret('env:APP') }
  const connection = await open(become, { patience: 3 })
  await expect(connection.exec(sh`true`)).rejects.toEqual(
    fails(
      'more than the password is asked for, or nothing is answered: no answer within 3 seconds; it said: ',
    ),
  )
  await expect(connection.exec(sh`true`)).rejects.toEqual(fails('is not tried twice'))
})

test('what sudo logs of its input holds what is run, and never the password', async () => {
  const { users, open } = await host([])
  const logs = users.scratch({ name: 'root', uid: 0 })
  const logging = `Defaults log_input, log_output, !compress_io, iolog_dir=${logs}, iolog_flush`
  users.etc('sudoers', `${logging}\n${needsPassword}\n`, 0o440)
  const connection = await open({ ...sudo, password: secret('env:RIGHT') })
  expect(await connection.exec(sh`id -un`)).toMatchObject({ stdout: 'uf-app\n' })
  const kept = readdirSync(logs, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((one) => one.isFile())
    .map((one) => readFileSync(join(one.parentPath, one.name), 'utf8'))
    .join('\n')
  expect(kept).toContain('id -un')
  expect(kept).not.toContain('opens it')
})
