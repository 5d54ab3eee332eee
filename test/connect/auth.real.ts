import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectContext, ServerAsks } from '../../src/connect/context.ts'
import { keepRefusals } from '../../src/connect/refusals.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import type { ConnectionError } from '../../src/model/errors.ts'
import { secret } from '../../src/model/secret.ts'
import { type Accounts, startAccounts } from '../support/accounts.ts'
import { kill } from '../support/processes.ts'
import { until } from '../support/until.ts'

const right = 'canary-4711 ünï$(id)'
const values: Readonly<Record<string, string>> = {
  'env:RIGHT': right,
  'env:WRONG': 'canary-0815',
  'env:CODE': 'x',
}
const context: ConnectContext = {
  secrets: ({ name }) => {
    const value = values[name]
    if (value === undefined) throw new Error(`secret ${name}: the environment variable is not set`)
    return value
  },
  home: '/nowhere',
  retry: { tries: 3, base: 20 },
}
const [good, bad] = [secret('env:RIGHT'), secret('env:WRONG')]

let servers: Accounts[] = []
const start = async (...args: Parameters<typeof startAccounts>): Promise<Accounts> => {
  const server = await startAccounts(...args)
  servers.push(server)
  // Whether it listens was asked by a call, which is not to be counted.
  await until(() => /Connection from[\s\S]*Connection (closed|reset)/.test(server.log()), 'the first call')
  return server
}
afterAll(async () => {
  for (const server of servers) await server.stop()
  servers = []
})

/** What the server counted as a failure, and who logged in, since this was called. */
const watch = (server: Accounts) => {
  const before = server.log().length
  const since = () => server.log().slice(before)
  const count = (what: RegExp) => since().match(what)?.length ?? 0
  return {
    failures: () => count(/Failed (password|keyboard-interactive|publickey)/g),
    passwords: () => count(/Failed (password|keyboard-interactive)/g),
    accepted: () => since().match(/(?<=Accepted )[a-z/-]+/g) ?? [],
    calls: () => count(/Connection from/g),
    over: () => until(() => count(/\[preauth\]/g) > 0, 'the end of the attempt in the log'),
  }
}
const logIn = async (endpoint: Endpoint, more: Partial<ConnectContext> = {}): Promise<string> => {
  const connection = await openSsh(endpoint, { ...context, ...more })
  try {
    const came = await connection.exec(sh.read`id -un`)
    return came.stdout.trim()
  } finally {
    await connection.close()
  }
}
const refused = async (endpoint: Endpoint, more: Partial<ConnectContext> = {}): Promise<string> => {
  const error = await logIn(endpoint, more).then(
    (user) => expect.fail(`logged in as ${user}`),
    (cause: ConnectionError) => cause,
  )
  expect(error).toMatchObject({ fault: 'auth' })
  for (const value of [right, 'canary-0815']) expect(error.message).not.toContain(value)
  return error.message
}

describe('a server with passwords', () => {
  let server: Accounts
  beforeAll(async () => {
    server = await start('127.101.0.1', { ann: right }, [
      'PasswordAuthentication yes',
      ...Array.from({ length: 12 }, (_, at) => `ListenAddress 127.101.1.${at + 1}:2222`),
    ])
  })
  const hosts = (password: Endpoint['password']): Endpoint[] =>
    Array.from({ length: 12 }, (_, at) => ({
      ...server.account('ann'),
      ...(password && { password }),
      name: `h${at + 1}`,
      address: `127.101.1.${at + 1}`,
      hostKeyAlias: '[127.101.0.1]:2222',
    }))

  test('the password logs in, at the first try', async () => {
    const seen = watch(server)
    expect(await logIn({ ...server.account('ann'), password: good })).toBe('ann')
    expect([seen.accepted(), seen.failures()]).toEqual([['password'], 0])
  })
  test('a wrong one is tried once, and says what was tried, what is offered, and what to type', async () => {
    const seen = watch(server)
    const refusals = keepRefusals()
    const endpoint = { ...server.account('ann'), password: bad }
    const message = await refused(endpoint, { refusals })
    expect(message).toContain('tried: the password env:WRONG (refused)')
    expect(message).toContain('the server still offers: publickey, password')
    expect(message).toMatch(/Try it by hand: ssh -p 2222 ann@127\.101\.0\.1$/)
    for (const _ of [1, 2, 3]) expect(await refused(endpoint, { refusals })).toContain('not tried again')
    // Another name of the same machine is the same machine.
    expect(await refused({ ...endpoint, name: 'twin' }, { refusals })).toContain(
      'refused by host-127.101.0.1',
    )
    expect([seen.passwords(), seen.calls()]).toEqual([1, 2])
  })
  test('a secret that is not there: nobody calls', async () => {
    const seen = watch(server)
    const message = await refused({ ...server.account('ann'), password: secret('env:NONE') })
    expect(message).toContain('secret env:NONE: the environment variable is not set')
    expect(seen.calls()).toBe(0)
  })
  test('no password leaves for a machine whose key is not known', async () => {
    const seen = watch(server)
    const endpoint = { ...server.account('ann'), password: good, knownHostsFiles: ['/none'] }
    await expect(logIn(endpoint)).rejects.toMatchObject({ fault: 'host-key' })
    await seen.over()
    expect([seen.accepted(), seen.failures()]).toEqual([[], 0])
  })
  test('a wrong password of a fleet is tried by one host, a right one by all', async () => {
    const [all, refusals] = [watch(server), keepRefusals()]
    const errors = await Promise.all(hosts(bad).map((one) => refused(one, { refusals })))
    expect(all.passwords()).toBe(1)
    expect(
      errors.filter((text) => /the password env:WRONG is not tried: it was refused by h\d+/.test(text)),
    ).toHaveLength(11)
    expect(await Promise.all(hosts(good).map((one) => logIn(one, { refusals })))).toEqual(
      Array(12).fill('ann'),
    )
    expect([all.passwords(), all.accepted().length]).toEqual([1, 12])
  })
  test('a key that is refused leaves the password to be tried, each once', async () => {
    const seen = watch(server)
    const endpoint = {
      ...server.account('ann'),
      password: bad,
      privateKeyFile: join(server.directory, 'host'),
    }
    const message = await refused(endpoint)
    expect(message).toMatch(/tried: the key \S+host \(refused\), the password env:WRONG \(refused\)/)
    expect([seen.failures(), seen.calls()]).toEqual([2, 1])
    expect(await logIn({ ...endpoint, password: good })).toBe('ann')
  })
  test('who has no password is told that the server takes one', async () => {
    const message = await refused({
      ...server.account('ann'),
      privateKeyFile: join(server.directory, 'host'),
    })
    expect(message).toContain('or type it: -k')
  })
  test('a password that is wrong by now is tried once by the connection that was lost', async () => {
    const connection = await openSsh({ ...server.account('ann'), password: good }, context)
    const { shadow } = server
    const text = readFileSync(shadow, 'utf8')
    const seen = watch(server)
    try {
      expect(await connection.exec(sh`exit 0`)).toMatchObject({ code: 0 })
      writeFileSync(shadow, text.replace(/^(ann:\$6\$)/m, '$1x'))
      for (const pid of server.sessions()) kill(pid)
      const again = () => connection.exec(sh`exit 0`).catch((error: ConnectionError) => error.fault)
      await until(async () => (await again()) === 'auth', 'the refusal')
      for (const _ of [1, 2, 3]) expect(await again()).toBe('auth')
      // sshd answers before it writes its log.
      await until(() => seen.passwords() > 0, 'the failure in the log')
      await seen.over()
      expect(seen.passwords()).toBe(1)
    } finally {
      writeFileSync(shadow, text)
      await connection.close()
    }
  })
})

test('a server that hangs up at the first failure has refused, and is not called again', async () => {
  const server = await start('127.101.0.2', { ann: right }, ['PasswordAuthentication yes', 'MaxAuthTries 1'])
  const [seen, refusals] = [watch(server), keepRefusals()]
  const endpoint = { ...server.account('ann'), password: bad }
  expect(await refused(endpoint, { refusals })).toContain('the server said: ')
  expect(await refused(endpoint, { refusals })).toContain('not tried again')
  expect([seen.passwords(), seen.calls()]).toEqual([1, 1])
  expect(await logIn({ ...endpoint, password: good })).toBe('ann')
})

describe('a server that wants several methods', () => {
  test.each([
    ['127.101.0.3', 'publickey,password', ['publickey', 'password']],
    ['127.101.0.4', 'password,publickey', ['password', 'publickey']],
  ])('%s %s', async (address, methods) => {
    const server = await start(address, { ann: right }, [
      'PasswordAuthentication yes',
      `AuthenticationMethods ${methods}`,
    ])
    const seen = watch(server)
    const keyed = { ...server.account('ann'), privateKeyFile: server.userKey }
    expect(await logIn({ ...keyed, password: good })).toBe('ann')
    expect(seen.failures()).toBe(0)
    expect(await refused({ ...keyed, password: bad })).toContain('the password env:WRONG (refused)')
    expect(seen.passwords()).toBe(1)
    if (methods.startsWith('publickey')) {
      const message = await refused(keyed)
      expect(message).toMatch(/the server still offers: password\n/)
      expect(message).toContain('ansible_password: { env: NAME }')
    }
  })
})

describe('a server with PAM', () => {
  const once = ['auth required pam_unix.so nodelay', 'account required pam_unix.so']
  // pam_ftp asks another time and leaves the answer to the module behind it.
  const twice = ['auth required pam_unix.so nodelay', 'auth optional pam_ftp.so', ...once]
  const asked: ServerAsks[] = []
  const person = (answers: readonly string[] | undefined) => async (what: ServerAsks) => {
    asked.push(what)
    return answers
  }

  test('keyboard-interactive: its one hidden prompt is answered with the password, once', async () => {
    const config = ['KbdInteractiveAuthentication yes']
    const server = await start('127.101.0.5', { ann: right }, config, once)
    const [seen, refusals] = [watch(server), keepRefusals()]
    const endpoint = { ...server.account('ann'), password: good }
    expect(await logIn(endpoint, { ask: person(['nobody']) })).toBe('ann')
    expect([seen.accepted(), seen.failures(), asked]).toEqual([['keyboard-interactive/pam'], 0, []])
    for (const _ of [1, 2]) await refused({ ...endpoint, password: bad }, { refusals })
    expect([seen.passwords(), seen.calls()]).toEqual([1, 2])
  })
  test('what it asks beyond that, a person answers; without one it is named', async () => {
    const config = ['KbdInteractiveAuthentication yes']
    const server = await start('127.101.0.6', { ann: right }, config, twice)
    const seen = watch(server)
    const endpoint = { ...server.account('ann'), password: good }
    expect(await logIn(endpoint, { ask: person([right]) })).toBe('ann')
    expect(asked).toMatchObject([
      { host: endpoint.name, said: '', prompts: [{ text: 'Password required for ann.', hidden: true }] },
    ])
    expect(seen.failures()).toBe(0)
    expect(await refused(endpoint)).toContain(
      'the server asks "Password required for ann.", and nobody can answer here',
    )
    expect(await refused(endpoint, { ask: person(['no']) })).toContain('keyboard-interactive (refused)')
  })
  test('a first question that is none for the password is put to a person, and no password is sent', async () => {
    const config = ['KbdInteractiveAuthentication yes']
    const server = await start('127.101.0.10', { ann: right }, config, ['auth optional pam_ftp.so', ...once])
    const [seen, before] = [watch(server), asked.length]
    const endpoint = { ...server.account('ann'), password: bad }
    expect(await logIn(endpoint, { ask: person([right]) })).toBe('ann')
    expect(asked.slice(before)).toMatchObject([{ prompts: [{ text: 'Password required for ann.' }] }])
    expect(await refused(endpoint)).toContain('asks "Password required for ann.", and nobody can answer here')
    expect([seen.accepted(), seen.failures()]).toEqual([['keyboard-interactive/pam'], 0])
  })
  test('after a key, it may ask a person without any password', async () => {
    const config = [
      'KbdInteractiveAuthentication yes',
      'AuthenticationMethods publickey,keyboard-interactive',
    ]
    const server = await start('127.101.0.7', { ann: right }, config, once)
    const endpoint = { ...server.account('ann'), privateKeyFile: server.userKey }
    expect(await logIn(endpoint, { ask: person([right]) })).toBe('ann')
    expect(await logIn({ ...endpoint, password: good })).toBe('ann')
    expect(await refused(endpoint)).toContain('the server asks "Password:"')
  })
  test('an account that may not log in is told so, in the words of the server', async () => {
    const closed = ['account optional pam_echo.so Closed for works.', 'account required pam_deny.so']
    const server = await start('127.101.0.8', { ann: right }, [], closed)
    const seen = watch(server)
    await expect(logIn({ ...server.account('ann'), privateKeyFile: server.userKey })).rejects.toMatchObject({
      fault: 'unreachable',
      message: expect.stringMatching(
        /broke off in the login .*the account may not .*it said: Closed for works\./,
      ),
    })
    expect(seen.calls()).toBe(1)
  })
  test('where no PAM answers, keyboard-interactive costs no password', async () => {
    const config = ['KbdInteractiveAuthentication yes', 'PasswordAuthentication yes']
    const server = await start('127.101.0.9', { ann: right }, config)
    expect(await logIn({ ...server.account('ann'), password: good })).toBe('ann')
  })
})
