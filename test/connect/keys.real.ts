import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { PassphraseNeeded } from '../../src/connect/credential.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { secret } from '../../src/model/secret.ts'
import { type Accounts, startAccounts } from '../support/accounts.ts'
import { fidoPrivate } from '../support/fido.ts'
import { until } from '../support/until.ts'

const password = 'canary-4711'
const context: ConnectContext = {
  secrets: ({ name }) => (name === 'env:WRONG' ? 'wrong' : name === 'env:PW' ? password : 'secret'),
  home: '/nowhere',
}
let server: Accounts
beforeAll(async () => {
  server = await startAccounts('127.101.0.20', { ann: password })
})
afterAll(() => server.stop())

const logIn = async (endpoint: Partial<Endpoint>, more: Partial<ConnectContext> = {}): Promise<string> => {
  const connection = await openSsh({ ...server.account('ann'), ...endpoint }, { ...context, ...more })
  try {
    return (await connection.exec(sh.read`id -un`)).stdout.trim()
  } finally {
    await connection.close()
  }
}
const makeKey = (name: string, ...args: readonly string[]): string => {
  const file = join(server.directory, name)
  execFileSync('ssh-keygen', ['-q', '-C', name, '-f', file, ...args])
  const keys = join(server.directory, 'authorized_keys')
  writeFileSync(keys, readFileSync(keys, 'utf8') + readFileSync(`${file}.pub`, 'utf8'))
  return file
}

describe('key files', () => {
  test.each([
    ['OpenSSH ed25519', ['-t', 'ed25519']],
    ['OpenSSH rsa', ['-t', 'rsa']],
    ['OpenSSH ecdsa', ['-t', 'ecdsa']],
    ['PEM rsa (PKCS#1)', ['-t', 'rsa', '-m', 'PEM']],
    ['PEM ecdsa', ['-t', 'ecdsa', '-m', 'PEM']],
  ])('%s, plain and with a passphrase', async (name, args) => {
    const plain = makeKey(`plain ${name}`.replace(/\W/g, '-'), ...args, '-N', '')
    expect(await logIn({ privateKeyFile: plain })).toBe('ann')
    const locked = makeKey(`locked ${name}`.replace(/\W/g, '-'), ...args, '-N', 'secret')
    expect(await logIn({ privateKeyFile: locked, passphrase: secret('env:PASS') })).toBe('ann')
    const typed = new Map([[locked, secret('typed:passphrase')]])
    expect(await logIn({ privateKeyFile: locked }, { passphrases: typed })).toBe('ann')
    const before = server.log().length
    await expect(logIn({ privateKeyFile: locked, passphrase: secret('env:WRONG') })).rejects.toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(/its passphrase \(env:WRONG\) is not the right one/),
    })
    await expect(logIn({ privateKeyFile: locked })).rejects.toBeInstanceOf(PassphraseNeeded)
    expect(server.log().slice(before)).not.toContain('Connection from')
  })
  test.each([
    ['', 'plain'],
    ['secret', 'encrypted'],
  ])('PKCS#8 %s is refused with the command that turns it into another (%s)', async (passphrase) => {
    const file = makeKey(`p8-${passphrase}`, '-t', 'rsa', '-m', 'PKCS8', '-N', passphrase)
    const given = passphrase === '' ? {} : { passphrase: secret('env:PASS') }
    const error: Error = await logIn({ privateKeyFile: file, ...given }).catch((cause) => cause)
    expect(error).toMatchObject({ fault: 'auth', message: expect.stringContaining('PKCS#8') })
    const [, command = ''] = /(ssh-keygen -p -f \S+)$/.exec(error.message) ?? []
    const [program = '', ...args] = command.split(' ')
    execFileSync(program, [...args, '-q', '-P', passphrase, '-N', passphrase])
    expect(await logIn({ privateKeyFile: file, ...given })).toBe('ann')
  })
  test('an encrypted key is opened once for all hosts', async () => {
    const file = makeKey('often', '-t', 'ed25519', '-N', 'secret')
    const openedKeys: NonNullable<ConnectContext['openedKeys']> = new Map()
    const endpoint = { privateKeyFile: file, passphrase: secret('env:PASS') }
    for (const _ of [1, 2, 3]) expect(await logIn(endpoint, { openedKeys })).toBe('ann')
    expect(openedKeys.size).toBe(1)
  })
  test('of a key that is refused, a certificate beside it is told', async () => {
    const file = join(server.directory, 'stranger')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
    execFileSync('ssh-keygen', [
      '-q',
      '-s',
      join(server.directory, 'host'),
      '-I',
      'id',
      '-n',
      'ann',
      `${file}.pub`,
    ])
    await expect(logIn({ privateKeyFile: file })).rejects.toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(
        /certificate beside it \(\S+-cert\.pub\)[\s\S]*ansible_connection: openssh/,
      ),
    })
  })
})

describe('agents', () => {
  const withAgent = async (work: (socket: string, add: (...args: string[]) => void) => Promise<void>) => {
    const socket = join(server.directory, `agent-${Math.random()}`)
    // As the askpass of whoever is asked for a confirmation: a no.
    const env = {
      ...process.env,
      SSH_AUTH_SOCK: socket,
      SSH_ASKPASS: '/bin/false',
      SSH_ASKPASS_REQUIRE: 'force',
    }
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore', env })
    const over = new Promise((resolve) => agent.once('exit', resolve))
    try {
      await until(() => existsSync(socket), 'the agent')
      await work(socket, (...args) => void execFileSync('ssh-add', ['-q', ...args], { env, stdio: 'ignore' }))
    } finally {
      agent.kill('SIGKILL')
      await over
    }
  }

  test('its key, and then the password where the server wants both', () =>
    withAgent(async (socket, add) => {
      add(server.userKey)
      expect(await logIn({}, { agent: socket })).toBe('ann')
      const rsa = makeKey('of-the-agent', '-t', 'rsa', '-N', 'secret')
      const opened = makeKey('also-of-the-agent', '-t', 'rsa', '-N', '')
      add(opened)
      // The locked file of a key that the agent holds is not opened.
      writeFileSync(`${rsa}.pub`, readFileSync(`${opened}.pub`))
      expect(await logIn({ privateKeyFile: rsa }, { agent: socket })).toBe('ann')
      const both = await startAccounts('127.101.0.21', { ann: password }, [
        'PasswordAuthentication yes',
        'AuthenticationMethods publickey,password',
      ])
      try {
        add(both.userKey)
        const keyed = { ...both.account('ann'), privateKeyFile: `${both.userKey}.pub` }
        expect(await logIn({ ...keyed, password: secret('env:PW') }, { agent: socket })).toBe('ann')
        expect(both.log()).not.toMatch(/Failed (password|publickey)/)
        await expect(logIn(keyed, { agent: socket })).rejects.toMatchObject({
          message: expect.stringMatching(
            /the agent's key \S+ .*\(accepted\); the server still offers: password\n/,
          ),
        })
      } finally {
        await both.stop()
      }
    }))
  test('one that does not sign is told of', () =>
    withAgent(async (socket, add) => {
      add('-c', server.userKey)
      await expect(logIn({}, { agent: socket })).rejects.toMatchObject({
        fault: 'auth',
        message: expect.stringMatching(/the agent's key user[\s\S]*the agent did not sign/),
      })
    }))
  test('one that holds certificates alone says so', () =>
    withAgent(async (socket, add) => {
      const file = join(server.directory, 'certified')
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'mine', '-f', file])
      execFileSync('ssh-keygen', [
        '-q',
        '-s',
        join(server.directory, 'host'),
        '-I',
        'id',
        '-n',
        'ann',
        `${file}.pub`,
      ])
      add(file)
      add('-d', '-k', file)
      await expect(logIn({}, { agent: socket })).rejects.toMatchObject({
        fault: 'auth',
        message: expect.stringMatching(
          /mine: it is an OpenSSH certificate[\s\S]*ansible_connection: openssh/,
        ),
      })
    }))
  test('one that holds a FIDO key alone says so, and so does its file', () =>
    withAgent(async (socket, add) => {
      const file = join(server.directory, 'fido')
      writeFileSync(file, fidoPrivate(), { mode: 0o600 })
      add(file)
      const message = expect.stringMatching(/fido: it is a FIDO key[\s\S]*ansible_connection: openssh/)
      await expect(logIn({}, { agent: socket })).rejects.toMatchObject({ fault: 'auth', message })
      await expect(logIn({ privateKeyFile: file })).rejects.toMatchObject({ fault: 'auth', message })
    }))
  test('one that is empty, gone, or says nothing', async () => {
    await withAgent(async (socket) => {
      await expect(logIn({}, { agent: socket })).rejects.toMatchObject({
        fault: 'auth',
        message: expect.stringContaining('is empty, or locked (ssh-add -l)'),
      })
    })
    const socket = join(server.directory, 'away')
    await expect(logIn({}, { agent: socket })).rejects.toMatchObject({
      fault: 'auth',
      message: expect.stringContaining(`the agent at ${socket} does not answer: connect ENOENT`),
    })
    const odd = createServer((sock) => sock.on('error', () => undefined).end())
    await new Promise<void>((resolve) => odd.listen(socket, resolve))
    await expect(logIn({}, { agent: socket })).rejects.toMatchObject({
      message: expect.stringContaining('does not answer: it hung up'),
    })
    odd.close()
  })
})
