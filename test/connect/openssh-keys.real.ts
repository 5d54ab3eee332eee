import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
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

const context: ConnectContext = { secrets: () => '', home: homedir() }
const address = '127.103.1.1'
const host = `[${address}]:2222`

let sshd: Sshd
let authority: string
beforeAll(async () => {
  sshd = await startSshd(address)
  authority = join(sshd.directory, 'authority')
  keygen('-t', 'ed25519', '-N', '', '-f', authority)
})
afterAll(() => sshd.stop())

const keygen = (...words: readonly string[]) =>
  execFileSync('ssh-keygen', ['-q', ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
const keyOf = async (file: string) => (await readFile(`${file}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ')
const opened = (to: Sshd, endpoint: Partial<Endpoint> = {}, more: Partial<ConnectContext> = {}) =>
  openOpenSsh({ ...to.endpoint, kind: 'openssh', ...endpoint }, { ...context, ...more })
const open = (endpoint: Partial<Endpoint> = {}, more: Partial<ConnectContext> = {}) =>
  opened(sshd, endpoint, more)
const failed = (opening: Promise<unknown>): Promise<unknown> => opening.catch((cause: unknown) => cause)

let files = 0
const fresh = (name: string) => join(sshd.directory, `${name}-${++files}`)
async function madeKey(type = 'ed25519', passphrase = ''): Promise<string> {
  const file = fresh(type)
  keygen('-t', type, '-N', passphrase, '-f', file)
  return file
}
async function knownAs(text: string): Promise<{ knownHostsFiles: [string] }> {
  const file = fresh('known')
  await writeFile(file, text)
  return { knownHostsFiles: [file] }
}

describe('host keys', () => {
  const cases: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
    [
      'an empty file',
      async () => '',
      /is not known: ssh-ed25519 SHA256:\S+,[\s\S]*hostkeys trust host-127.103.1.1/,
    ],
    ['another port only', async () => `${address} ${sshd.hostKey}`, /is not known/],
    [
      'another key',
      async () => `# note\n${host} ${await keyOf(await madeKey())}`,
      /has changed: it shows ssh-ed25519 SHA256:\S+, and \S+:2 has[\s\S]*ssh-keygen -R/,
    ],
    [
      'a key of another type',
      async () => `${host} ${await keyOf(await madeKey('rsa'))}`,
      /has changed: it has no key of a type/,
    ],
    [
      'a revoked key',
      async () => `${host} ${sshd.hostKey}\n@revoked * ${sshd.hostKey}`,
      /is revoked: ssh-ed25519 \S+, by \S+:2/,
    ],
    ['a negated pattern', async () => `!${host},* ${sshd.hostKey}`, /is not known/],
  ]
  test.each(cases)('%s: refused before anybody logs in', async (_name, text, message) => {
    const before = sshd.log().length
    const error = await failed(open(await knownAs(await text())))
    expect(error).toMatchObject({ fault: 'host-key', message: expect.stringMatching(message) })
    await until(() => /\[preauth\]/.test(sshd.log().slice(before)), 'the end of the attempt in the log')
    expect(sshd.log().slice(before)).not.toMatch(/publickey|Accepted|Failed/)
  })
  test('a file that cannot be read: refused before anybody calls', async () => {
    const before = sshd.log().length
    expect(await failed(open({ knownHostsFiles: [sshd.directory] }))).toMatchObject({ fault: 'host-key' })
    expect(sshd.log().slice(before)).not.toMatch(/Connection from/)
  })
  test('a hashed name, in the second file; of a known machine nothing is asked beforehand', async () => {
    const hashed = fresh('hashed')
    await copyFile(sshd.knownHosts, hashed)
    keygen('-H', '-f', hashed)
    const before = sshd.log().length
    await (await open({ knownHostsFiles: [fresh('missing'), hashed] })).close()
    expect(
      sshd
        .log()
        .slice(before)
        .match(/Connection from/g),
    ).toHaveLength(1)
  })
  test('what any of the files says counts, as everywhere here', async () => {
    const [first] = (await knownAs(`${host} ${await keyOf(await madeKey())}\n`)).knownHostsFiles
    const connection = await open({ knownHostsFiles: [first, sshd.knownHosts] })
    expect(await connection.exec(sh`exit 5`)).toMatchObject({ code: 5 })
    await connection.close()
    const error = await failed(open({ knownHostsFiles: [first] }))
    expect(error).toMatchObject({ fault: 'host-key', message: expect.stringContaining('has changed') })
  })
  test('a pinned fingerprint is enough, and wins over what files say', async () => {
    const [pin = ''] = /SHA256:\S+/.exec(keygen('-l', '-f', join(sshd.directory, 'host.pub'))) ?? []
    const wrong = await knownAs(`${host} ${await keyOf(await madeKey())}\n`)
    const connection = await open({ ...wrong, hostKeyFingerprints: [pin] })
    expect(await connection.exec(sh`exit 5`)).toMatchObject({ code: 5 })
    expect(connection.who()?.key).toBe(`ssh-ed25519 ${pin}`)
    await connection.close()
    const before = sshd.log().length
    const other = [`SHA256:${'x'.repeat(43)}`]
    expect(await failed(open({ hostKeyFingerprints: other }))).toMatchObject({
      fault: 'host-key',
      message: expect.stringContaining('is not the one of the inventory'),
    })
    expect(sshd.log().slice(before)).not.toMatch(/publickey|Accepted|Failed/)
  })
  test('accept-new stores the key of a machine of which none is known, and refuses another one later', async () => {
    const { knownHostsFiles } = await knownAs('')
    const more = { hostKeyChecking: 'accept-new' } as const
    await (await open({ knownHostsFiles }, more)).close()
    expect(await readFile(knownHostsFiles[0], 'utf8')).toBe(
      `${host} ${sshd.hostKey.split(' ').slice(0, 2).join(' ')}\n`,
    )
    await (await open({ knownHostsFiles })).close()
    const changed = await knownAs(`${host} ${await keyOf(await madeKey())}\n`)
    expect(await failed(open(changed, more))).toMatchObject({ fault: 'host-key' })
  })
  test('a key is looked up by its alias', async () => {
    const known = await knownAs(`gw-one ${sshd.hostKey}\n`)
    await (await open({ ...known, hostKeyAlias: 'GW-one' })).close()
    expect(await failed(open({ ...known, hostKeyAlias: 'gw-two' }))).toMatchObject({ fault: 'host-key' })
  })

  describe('certificates of hosts', () => {
    const server = async (at: string, principal: string, ...more: readonly string[]) => {
      const key = await madeKey()
      keygen('-s', authority, '-I', 'a host', '-h', '-n', principal, ...more, `${key}.pub`)
      return startSshd(at, [`HostKey ${key}`, `HostCertificate ${key}-cert.pub`])
    }
    test('are taken of the authority that known_hosts names, for a name that it lists', async () => {
      const certified = await server('127.103.1.2', '127.103.1.2')
      try {
        const known = await knownAs(`@cert-authority 127.103.1.*,[127.103.1.*]:* ${await keyOf(authority)}\n`)
        const connection = await opened(certified, known)
        expect(await connection.exec(sh`exit 5`)).toMatchObject({ code: 5 })
        expect(connection.who()?.key).toMatch(/^ssh-ed25519 SHA256:/)
        await connection.close()
        const stranger = await knownAs(`@cert-authority * ${await keyOf(await madeKey())}\n`)
        expect(await failed(opened(certified, stranger))).toMatchObject({ fault: 'host-key' })
        expect(await failed(open(known))).toMatchObject({ fault: 'host-key' })
      } finally {
        await certified.stop()
      }
    })
    test.each([
      ['127.103.1.99', []],
      ['127.103.1.3', ['-V', '20200101:20200102']],
    ])('are refused for another name (%s), or when they are over', async (principal, more) => {
      const certified = await server('127.103.1.3', principal, ...more)
      try {
        const known = await knownAs(`@cert-authority * ${await keyOf(authority)}\n`)
        const error = await failed(opened(certified, known))
        expect(error).toMatchObject({ fault: 'host-key' })
        expect(certified.log()).not.toMatch(/Accepted|Failed/)
      } finally {
        await certified.stop()
      }
    })
  })
})

describe('logging in', () => {
  test('another key is refused, and not tried again', async () => {
    const file = await madeKey()
    const before = sshd.log().length
    expect(await failed(open({ privateKeyFile: file }))).toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(
        new RegExp(`was refused with ${file}: .*Permission denied \\(publickey\\)`),
      ),
    })
    await until(() => /preauth/.test(sshd.log().slice(before)), 'the end of the attempt in the log')
    expect(
      sshd
        .log()
        .slice(before)
        .match(/Connection from/g),
    ).toHaveLength(1)
  })
  test('a key with a passphrase asks for the agent', async () => {
    const file = await madeKey('ed25519', 'secret')
    expect(await failed(open({ privateKeyFile: file }))).toMatchObject({
      fault: 'auth',
      message: expect.stringContaining(`ssh-add ${file}`),
    })
  })
  test.each([
    [{ privateKeyFile: '/none' }, /none of these can be read: \/none/],
    [{ certificateFiles: ['/none'] }, /the certificate \/none cannot be read/],
  ])('a file that does not exist: %j', async (endpoint, message) => {
    const before = sshd.log().length
    expect(await failed(open(endpoint))).toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(message),
    })
    expect(sshd.log().slice(before)).not.toMatch(/Connection from/)
  })
  test('the agent holds the key of a file, or any', async () => {
    const socket = join(sshd.directory, 'agent')
    const said = execFileSync('ssh-agent', ['-a', socket], { encoding: 'utf8' })
    try {
      const env = { ...process.env, SSH_AUTH_SOCK: socket }
      execFileSync('ssh-add', ['-q', sshd.userKey], { env, stdio: 'ignore' })
      const copy = fresh('only-public')
      await copyFile(`${sshd.userKey}.pub`, `${copy}.pub`)
      const { privateKeyFile: _, ...bare } = sshd.endpoint
      const with_ = { ...context, home: sshd.directory, agent: socket }
      for (const endpoint of [bare, { ...bare, privateKeyFile: copy }]) {
        const connection = await openOpenSsh({ ...endpoint, kind: 'openssh' }, with_)
        expect(await connection.exec(sh`exit 5`)).toMatchObject({ code: 5 })
        await connection.close()
      }
      const none = openOpenSsh({ ...bare, kind: 'openssh' }, { ...context, home: sshd.directory })
      expect(await failed(none)).toMatchObject({ fault: 'auth' })
    } finally {
      kill(Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]))
    }
  })
  test('a path with blanks and signs that ssh puts other things in for', async () => {
    const folder = await mkdtemp(join(sshd.directory, "it's %h #1 \\ "))
    const file = join(folder, 'key %u')
    await copyFile(sshd.userKey, file)
    execFileSync('chmod', ['600', file])
    const known = join(folder, 'known %h')
    await copyFile(sshd.knownHosts, known)
    await (await open({ privateKeyFile: file, knownHostsFiles: [known] })).close()
  })
  test('nobody listens', async () => {
    expect(
      await failed(
        open({ port: 2299, hostKeyAlias: address, ...(await knownAs(`${address} ${sshd.hostKey}`)) }),
      ),
    ).toMatchObject({
      fault: 'unreachable',
      message: expect.stringContaining('Connection refused'),
    })
  })
  test('this machine has no ssh', async () => {
    expect(await failed(open({}, { sshProgram: '/none/ssh' }))).toMatchObject({
      fault: 'unreachable',
      message: expect.stringMatching(/this machine has not.*\/none\/ssh[\s\S]*Install OpenSSH's client/),
    })
  })
})

describe('certificates of users', () => {
  let trusting: Sshd
  const signed = async (...words: readonly string[]) => {
    const key = await madeKey()
    keygen('-s', authority, '-I', 'somebody', ...words, `${key}.pub`)
    return key
  }
  beforeAll(async () => {
    trusting = await startSshd('127.103.1.4', [
      `TrustedUserCAKeys ${authority}.pub`,
      'AuthorizedPrincipalsFile none',
    ])
  })
  afterAll(() => trusting.stop())
  const login = (endpoint: Partial<Endpoint>) => opened(trusting, endpoint)

  test('one that stands beside its key lets in whose key alone does not', async () => {
    const connection = await login({ privateKeyFile: await signed('-n', 'root') })
    expect(await connection.exec(sh`id -u`)).toMatchObject({ stdout: '0\n' })
    await connection.close()
    expect(trusting.log()).toMatch(/Accepted publickey for root .* ED25519-CERT .* ID somebody/)
    expect(await failed(login({ privateKeyFile: await madeKey() }))).toMatchObject({ fault: 'auth' })
  })
  test('one that is named by CertificateFile', async () => {
    const key = await signed('-n', 'root')
    const away = fresh('certificate')
    execFileSync('mv', [`${key}-cert.pub`, away])
    expect(await failed(login({ privateKeyFile: key }))).toMatchObject({ fault: 'auth' })
    await (await login({ privateKeyFile: key, certificateFiles: [away] })).close()
  })
  test.each([
    [['-n', 'root', '-V', '20200101:20200102'], /The certificate \S+-cert.pub was valid until 2020-01-02T/],
    [['-n', 'alice,bob'], /The certificate \S+-cert.pub is for alice, bob, not for root/],
    [['-n', 'root', '-V', '20990101:20990102'], /is not valid before 2099-01-01T/],
  ])('%j is refused, and the message says why', async (words, message) => {
    const before = trusting.log().length
    expect(await failed(login({ privateKeyFile: await signed(...words) }))).toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(message),
    })
    await until(() => /preauth/.test(trusting.log().slice(before)), 'the end of the attempt in the log')
    expect(
      trusting
        .log()
        .slice(before)
        .match(/Connection from/g),
    ).toHaveLength(1)
  })
})

describe('passwords', () => {
  let accounts: Accounts
  const word = `it's "a" \\ pass$word`
  const values: Readonly<Record<string, string>> = {
    'env:right': word,
    'env:wrong': 'wrong',
    'env:other': 'o',
  }
  beforeAll(async () => {
    accounts = await startAccounts('127.103.1.5', { pia: word, ole: word }, ['PasswordAuthentication yes'])
  })
  afterAll(() => accounts.stop())
  const login = (user: string, name: string, more: Partial<ConnectContext> = {}) =>
    openOpenSsh(
      { ...accounts.account(user), kind: 'openssh', password: secret(name) },
      { ...context, secrets: (one) => values[one.name] ?? '', ...more },
    )
  test('one is answered when it is asked for, and stands in no process and no file', async () => {
    const connection = await login('pia', 'env:right')
    expect(await connection.exec(sh`id -un`)).toMatchObject({ stdout: 'pia\n' })
    const mine = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid))
    const told = mine.flatMap((pid) => ['cmdline', 'environ'].map((file) => quietly(`/proc/${pid}/${file}`)))
    expect(told.filter((text) => text.includes('127.103.1.5'))).not.toEqual([])
    expect(told.join()).not.toContain(word)
    await connection.close()
  })
  test('a refused one is tried once, and not again by any host', async () => {
    const refusals = keepRefusals()
    const before = accounts.log().length
    expect(await failed(login('pia', 'env:wrong', { refusals }))).toMatchObject({
      fault: 'auth',
      message: expect.stringMatching(/was refused with the password: .*Permission denied/),
    })
    expect(await failed(login('pia', 'env:wrong', { refusals }))).toMatchObject({
      message: expect.stringContaining('not tried again'),
    })
    const elsewhere = {
      ...accounts.account('pia'),
      name: 'another',
      kind: 'openssh',
      password: secret('env:wrong'),
    } as const
    expect(
      await failed(openOpenSsh(elsewhere, { ...context, secrets: () => 'wrong', refusals })),
    ).toMatchObject({
      message: expect.stringContaining('it was refused by host-127.103.1.5'),
    })
    expect(
      accounts
        .log()
        .slice(before)
        .match(/Failed password/g),
    ).toHaveLength(1)
  })
  test('it is answered by keyboard-interactive too', async () => {
    const once = ['auth required pam_unix.so nodelay', 'account required pam_unix.so']
    const asking = await startAccounts(
      '127.103.1.6',
      { pia: word },
      ['KbdInteractiveAuthentication yes'],
      once,
    )
    try {
      const endpoint = { ...asking.account('pia'), kind: 'openssh', password: secret('env:right') } as const
      const connection = await openOpenSsh(endpoint, { ...context, secrets: () => word })
      await connection.close()
      expect(asking.log()).toMatch(/Accepted keyboard-interactive\/pam for pia/)
    } finally {
      await asking.stop()
    }
  })
  test('it comes after the key that is named', async () => {
    const before = accounts.log().length
    const key = await madeKey()
    const endpoint = {
      ...accounts.account('ole'),
      kind: 'openssh',
      password: secret('env:right'),
      privateKeyFile: key,
    } as const
    const connection = await openOpenSsh(endpoint, { ...context, secrets: () => word })
    await connection.close()
    expect(accounts.log().slice(before)).toMatch(/Failed publickey[\s\S]*Accepted password for ole/)
  })
})

function quietly(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
