import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openOpenSsh } from '../../src/connect/openssh.ts'
import { keepRefusals } from '../../src/connect/refusals.ts'
import { sh } from '../../src/model/command.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { secret } from '../../src/model/secret.ts'
import { type Accounts, startAccounts } from '../support/accounts.ts'
import { kill } from '../support/processes.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

const word = 'canary-4711'
const values: Readonly<Record<string, string>> = {
  'env:RIGHT': word,
  'env:WRONG': 'canary-0815',
  'env:LINES': 'a\nb',
}
const context: ConnectContext = { secrets: ({ name }) => values[name] ?? '', home: '/nowhere' }
const open = (endpoint: Endpoint, more: Partial<ConnectContext> = {}) =>
  openOpenSsh({ ...endpoint, kind: 'openssh' }, { ...context, ...more })
const failed = (opening: Promise<unknown>): Promise<unknown> => opening.catch((cause: unknown) => cause)
const keygen = (...words: readonly string[]) =>
  execFileSync('ssh-keygen', ['-q', ...words], { stdio: 'ignore' })
/** The failures that a server counted since this was called, once the call is over there. */
const watch = (server: Sshd) => {
  const before = server.log().length
  return async (what: RegExp) => {
    const since = () => server.log().slice(before)
    await until(() => /\[preauth\]/.test(since()), 'the end of the attempt in the log')
    return since().match(what)?.length ?? 0
  }
}

describe('a password', () => {
  let server: Accounts
  beforeAll(async () => {
    server = await startAccounts(
      '127.109.2.1',
      { ann: word },
      ['KbdInteractiveAuthentication yes', 'PasswordAuthentication yes'],
      ['auth required pam_unix.so nodelay', 'account required pam_unix.so'],
    )
  })
  afterAll(() => server.stop())
  const login = (name: string, more: Partial<Endpoint> = {}) => ({
    ...server.account('ann'),
    password: secret(name),
    ...more,
  })

  test('that is wrong is one failure where two methods ask for it, and barred', async () => {
    const [failures, refusals] = [watch(server), keepRefusals()]
    expect(await failed(open(login('env:WRONG'), { refusals, connectTimeout: 20 }))).toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(/was refused with the password: it asks for the password once more/),
    })
    expect(await failures(/Failed (password|keyboard-interactive)/g)).toBe(1)
    expect(await failed(open(login('env:WRONG', { name: 'twin' }), { refusals }))).toMatchObject({
      message: expect.stringContaining('it was refused by host-127.109.2.1'),
    })
    const connection = await open(login('env:RIGHT'))
    expect(await connection.exec(sh`id -un`)).toMatchObject({ stdout: 'ann\n' })
    await connection.close()
  })
  test('is not handed to an ssh that would send an empty one: nobody calls', async () => {
    const old = join(server.directory, 'old-ssh')
    const text = `#!/bin/sh\n[ "$1" = -V ] || exec ssh "$@"\necho 'OpenSSH_8.3p1, OpenSSL 1.1.1g' >&2\n`
    writeFileSync(old, text, { mode: 0o755 })
    const before = server.log().length
    expect(await failed(open(login('env:RIGHT'), { sshProgram: old }))).toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(
        /old-ssh says it is "OpenSSH_8\.3p1, .*since 8\.4 alone\nInstall a newer/,
      ),
    })
    expect(server.log().slice(before)).not.toContain('Connection from')
  })
  test.each([
    ['a path that ssh would read as another', 'env:RIGHT', { privateKeyFile: '/tmp/"x"' }, 'refused'],
    ['a password that cannot be typed', 'env:LINES', {}, 'auth'],
  ])('%s holds no other host up', async (_name, name, more, fault) => {
    const refusals = keepRefusals()
    if ('privateKeyFile' in more) appendFileSync('/tmp/"x"', '')
    expect(await failed(open(login(name, more), { refusals }))).toMatchObject({ fault })
    rmSync('/tmp/"x"', { force: true })
    const other = open(login(name), { refusals })
    if (fault === 'refused') await (await other).close()
    else expect(await failed(other)).toMatchObject({ message: expect.stringContaining('several lines') })
  })
})

test('a code that a server asks for is not answered with nothing: it is named, and no failure more', async () => {
  const server = await startAccounts(
    '127.109.2.2',
    { ann: word },
    ['KbdInteractiveAuthentication yes'],
    ['auth required pam_unix.so nodelay', 'auth required pam_ftp.so', 'account required pam_unix.so'],
  )
  try {
    const failures = watch(server)
    const endpoint = { ...server.account('ann'), password: secret('env:RIGHT') }
    expect(await failed(open(endpoint))).toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(/the server asks "Password required for ann.*nobody can answer/),
    })
    expect(await failures(/Failed (password|keyboard-interactive)/g)).toBe(0)
  } finally {
    await server.stop()
  }
})

test('a server that punishes is told apart, and called once', async () => {
  const server = await startSshd('127.109.2.4')
  let calls = 0
  const punishing = createServer((socket) => {
    calls += 1
    socket.on('error', () => undefined).end('Not allowed at this time\r\n')
  })
  await new Promise<void>((resolve) => punishing.listen(2223, '127.109.2.4', () => resolve()))
  try {
    const endpoint = { ...server.endpoint, port: 2223, hostKeyAlias: '[127.109.2.4]:2222' }
    expect(await failed(open(endpoint))).toMatchObject({
      fault: 'unreachable',
      message: expect.stringContaining('PerSourcePenalties'),
    })
    expect(calls).toBe(1)
  } finally {
    punishing.close()
    await server.stop()
  }
})

describe('keys', () => {
  let server: Sshd
  let agentPid = 0
  let socket = ''
  const add = (file: string) =>
    execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
  const made = (name: string, ...words: readonly string[]) => {
    const file = join(server.directory, name)
    keygen('-t', 'ed25519', '-C', name, ...(words.length === 0 ? ['-N', ''] : words), '-f', file)
    return file
  }
  beforeAll(async () => {
    server = await startSshd('127.109.2.3')
    socket = join(server.directory, 'agent')
    const said = execFileSync('ssh-agent', ['-a', socket], { encoding: 'utf8' })
    agentPid = Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1])
    for (const name of ['one', 'two', 'three']) add(made(name))
  })
  afterAll(async () => {
    kill(agentPid)
    await server.stop()
  })
  const bare = (): Endpoint => {
    const { privateKeyFile: _, ...endpoint } = server.endpoint
    return endpoint
  }

  test('of an agent with several keys one is offered', async () => {
    const failures = watch(server)
    expect(await failed(open(bare(), { agent: socket }))).toMatchObject({
      fault: 'auth',
      message: expect.stringContaining("was refused with the agent's key one: "),
    })
    expect(await failures(/Failed publickey/g)).toBe(1)
  })
  test('the one that a named file stands for, or a usual one', async () => {
    add(server.userKey)
    const before = server.log().length
    await (await open({ ...bare(), identityFiles: ['/none', server.userKey] }, { agent: socket })).close()
    const home = join(server.directory, 'home')
    execFileSync('mkdir', ['-p', join(home, '.ssh')])
    execFileSync('cp', [`${server.userKey}.pub`, join(home, '.ssh/id_rsa.pub')])
    await (await open(bare(), { agent: socket, home })).close()
    expect(server.log().slice(before)).not.toContain('Failed')
  })
  test('of several named files the first is offered', async () => {
    const failures = watch(server)
    const files = [join(server.directory, 'one'), join(server.directory, 'two')]
    expect(await failed(open({ ...bare(), identityFiles: files }))).toMatchObject({ fault: 'auth' })
    expect(await failures(/Failed publickey/g)).toBe(1)
  })
  test('a passphrase opens the key of its file, and stands nowhere', async () => {
    const file = made('locked', '-N', word)
    appendFileSync(join(server.directory, 'authorized_keys'), readFileSync(`${file}.pub`))
    const named = { ...bare(), privateKeyFile: file, passphrase: secret('env:RIGHT') }
    const connection = await open(named)
    expect(await connection.exec(sh`exit 5`)).toMatchObject({ code: 5 })
    await connection.close()
    const typed = new Map([[file, secret('env:RIGHT')]])
    await (await open({ ...bare(), privateKeyFile: file }, { passphrases: typed })).close()
    const failures = watch(server)
    const error = await failed(open({ ...named, passphrase: secret('env:WRONG') }))
    expect(error).toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(/passphrase.*not the right/),
    })
    expect(String(error)).not.toContain('canary')
    expect(await failures(/Failed/g)).toBe(0)
  })
})
