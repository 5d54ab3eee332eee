import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HeldKeys } from '../../src/connect/context.ts'
import { rememberKeys } from '../../src/connect/remember-key.ts'
import { scanKeys, trustKeys } from '../../src/connect/scan-keys.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

const address = '127.97.0.10'
const host = `[${address}]:2222`
const types = ['rsa', 'ecdsa'] as const

let keys: string
let sshd: Sshd
beforeAll(async () => {
  keys = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-keys-'))
  for (const type of [...types, 'ed25519'])
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(keys, type)])
  sshd = await startSshd(
    address,
    types.map((type) => `HostKey ${join(keys, type)}`),
  )
})
afterAll(async () => {
  await sshd.stop()
  rmSync(keys, { recursive: true })
})

const publicKey = (type: string) =>
  readFileSync(join(keys, `${type}.pub`), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ')
const blobOf = (type: string) => Buffer.from(publicKey(type).split(' ')[1] ?? '', 'base64')
const printOf = (file: string) =>
  execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' }).split(' ')[1] ?? ''
const own = () => printOf(join(sshd.directory, 'host.pub'))
const stranger = () => printOf(join(keys, 'ed25519.pub'))
const foundBy = (file: string, name = host) =>
  spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' }).stdout.replace(/^#.*\n/gm, '')

const storeOf = (file: string, name: string) => ({ file, files: [file], name, hashed: false })

const context = { secrets: () => '', home: homedir() }
let files = 0
const known = (text?: string): string => {
  files += 1
  const file = join(keys, `home-${files}`, '.ssh', 'known_hosts')
  if (text !== undefined) {
    execFileSync('mkdir', ['-p', join(file, '..')])
    writeFileSync(file, text)
  }
  return file
}
const open = (endpoint: Partial<Endpoint>, hostKeyChecking: 'strict' | 'accept-new' = 'strict') =>
  openSsh({ ...sshd.endpoint, ...endpoint }, { secrets: (one) => one.name, home: homedir(), hostKeyChecking })
const worksWith = async (endpoint: Partial<Endpoint>, mode?: 'strict' | 'accept-new') => {
  const connection = await open(endpoint, mode)
  expect(await connection.exec(sh`exit 5`)).toMatchObject({ code: 5 })
  await connection.close()
}
/** The attempt is refused with a message, and sshd heard of no login. */
async function refused(endpoint: Partial<Endpoint>, message: RegExp, mode?: 'strict' | 'accept-new') {
  const before = sshd.log().length
  const error = await open(endpoint, mode).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ fault: 'host-key', message: expect.stringMatching(message) })
  await until(() => /\[preauth\]/.test(sshd.log().slice(before)), 'the end of the attempt in the log')
  expect(sshd.log().slice(before)).not.toMatch(/publickey|Accepted|Failed/)
}

/** A key of the type that no handshake offers any more. */
const dsa = Buffer.concat([Buffer.from([0, 0, 0, 7]), Buffer.from('ssh-dss'), Buffer.alloc(20)]).toString(
  'base64',
)
/** Refused before anything is asked of the server. */
async function refused0(endpoint: Partial<Endpoint>, message: RegExp) {
  const error = await open(endpoint).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ fault: 'host-key', message: expect.stringMatching(message) })
}

describe('fingerprints of the inventory', () => {
  test('they win over files: one of them is enough, where the files have nothing or another key', async () => {
    const pins = { hostKeyFingerprints: [stranger(), own()] }
    await worksWith({ ...pins, knownHostsFiles: [known('')] })
    await worksWith({ ...pins, knownHostsFiles: [known(`${host} ${publicKey('ed25519')}\n`)] })
  })
  test('another key is refused, also one that the files know, and by accept-new too', async () => {
    const pins = { hostKeyFingerprints: [stranger()] }
    await refused(pins, /is not the one of the inventory: it shows ssh-ed25519 SHA256/)
    const file = known()
    await refused({ ...pins, knownHostsFiles: [file] }, /is not the one of the inventory/, 'accept-new')
    expect(foundBy(file)).toBe('')
  })
  test('the key of that type is negotiated, whatever the server would rather show', async () => {
    for (const type of types) {
      const pin = printOf(join(keys, `${type}.pub`))
      await worksWith({ hostKeyFingerprints: [pin], knownHostsFiles: [known('')] })
      const before = sshd.log().length
      await worksWith({ hostKeyFingerprints: [pin] })
      expect(
        sshd
          .log()
          .slice(before)
          .match(/Accepted publickey/g),
      ).toHaveLength(1)
    }
  })
  test('where it has none of them, all that it has are told, in one error', () =>
    refused(
      { hostKeyFingerprints: [stranger()] },
      /it shows ssh-rsa SHA256:\S+, ecdsa\S+ SHA256:\S+, ssh-ed25519 SHA256:\S+, and upgrade|it shows (\S+ SHA256:\S+,? ?){3}and upgrade/,
    ))
  test('what is revoked stays so', () =>
    refused(
      { hostKeyFingerprints: [own()], knownHostsFiles: [known(`@revoked * ${sshd.hostKey}\n`)] },
      /is revoked/,
    ))
})

describe('accept-new', () => {
  test('stores the key that it sees first, as ssh-keygen finds it; from then on it is the only one', async () => {
    const file = known()
    await worksWith({ knownHostsFiles: [file] }, 'accept-new')
    expect(foundBy(file).trim()).toBe(`${host} ${sshd.hostKey.split(' ').slice(0, 2).join(' ')}`)
    expect(printOf(file)).toBe(own())
    const text = await readFile(file, 'utf8')
    await worksWith({ knownHostsFiles: [file] }, 'accept-new')
    await worksWith({ knownHostsFiles: [file] })
    expect(await readFile(file, 'utf8')).toBe(text)
  })
  test('keeps what stands in the file, its last line too where that has no end', async () => {
    const file = known(`other.example.com ${publicKey('rsa')}`)
    await worksWith({ knownHostsFiles: [file] }, 'accept-new')
    expect(foundBy(file, 'other.example.com')).not.toBe('')
    expect(foundBy(file)).not.toBe('')
  })
  const cases: readonly (readonly [string, () => string, RegExp])[] = [
    ['another key', () => `${host} ${publicKey('ed25519')}\n`, /has changed: it shows ssh-ed25519/],
    ['another key behind a pattern', () => `[127.97.*]:* ${publicKey('ed25519')}\n`, /has changed/],
    [
      'a type that the machine has not any more',
      () => `${host} ${newKey('ecdsa', '384')}\n`,
      /has changed: it has no key of a type/,
    ],
    ['a revoked key', () => `@revoked ${host} ${sshd.hostKey}\n`, /is revoked/],
  ]
  test.each(cases)('%s: refused, and nothing is stored', async (_name, text, message) => {
    const file = known(text())
    await refused({ knownHostsFiles: [file] }, message, 'accept-new')
    expect(await readFile(file, 'utf8')).toBe(text())
  })
  test('another key under a hashed name is another key', async () => {
    const file = known(`${host} ${publicKey('ed25519')}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    const text = await readFile(file, 'utf8')
    expect(text).toMatch(/^\|1\|/)
    await refused({ knownHostsFiles: [file] }, /has changed/, 'accept-new')
    expect(await readFile(file, 'utf8')).toBe(text)
  })
  test('the same machine at another port is another machine', async () => {
    const file = known(`${address} ${publicKey('ed25519')}\n[${address}]:2223 ${publicKey('ed25519')}\n`)
    await worksWith({ knownHostsFiles: [file] }, 'accept-new')
    expect(foundBy(file)).not.toBe('')
  })
  test('nothing is taken where nothing is kept: /dev/null, none', async () => {
    await refused({ knownHostsFiles: ['/dev/null'] }, /\/dev\/null is no file that keeps/, 'accept-new')
    await refused({ knownHostsFiles: [], newKeysFile: '' }, /no known_hosts file of your own/, 'accept-new')
    await refused(
      { knownHostsFiles: [], newKeysFile: '' },
      /is not known: .* in no file, since none is named/,
    )
  })
  test('the name is hashed where HashKnownHosts says so', async () => {
    const file = known()
    await worksWith({ knownHostsFiles: [file], hashKnownHosts: true }, 'accept-new')
    expect(await readFile(file, 'utf8')).toMatch(/^\|1\|\S+\|\S+ ssh-ed25519 /)
    expect(foundBy(file)).not.toBe('')
    await worksWith({ knownHostsFiles: [file] })
  })
  test('keys that are held are taken for as long as that lasts, and none else; no file is written', async () => {
    const file = known()
    const heldKeys: HeldKeys = new Map()
    const look = (held: HeldKeys) =>
      openSsh(
        { ...sshd.endpoint, knownHostsFiles: [file] },
        { secrets: () => '', home: homedir(), hostKeyChecking: 'accept-new', heldKeys: held },
      )
    for (let times = 0; times < 2; times++) await (await look(heldKeys)).close()
    expect([...heldKeys.keys()]).toEqual([host])
    const other: HeldKeys = new Map([[host, { endpoint: sshd.endpoint, key: blobOf('ed25519') }]])
    await expect(look(other)).rejects.toMatchObject({
      fault: 'host-key',
      message: expect.stringMatching(/changes: it showed/),
    })
    expect(existsSync(file)).toBe(false)
  })
  test('a file that cannot be written is a refusal', () =>
    refused({ knownHostsFiles: ['/proc/known_hosts'] }, /cannot be stored/, 'accept-new'))
  test('where no mode is named, nothing is stored', async () => {
    const file = known('')
    await refused({ knownHostsFiles: [file] }, /is not known/)
    expect(await readFile(file, 'utf8')).toBe('')
  })
})

describe('what several files say', () => {
  const right = () => `${host} ${sshd.hostKey}\n`
  const wrong = () => `${host} ${publicKey('ed25519')}\n`
  /** Whether OpenSSH takes the server's key; it logs in as nobody, so that it ends there. */
  const sshTakes = (...all: readonly string[]) => {
    const { stderr } = spawnSync(
      'ssh',
      [
        ...['-F', 'none', '-p', '2222', '-o', 'StrictHostKeyChecking=yes', '-o', 'BatchMode=yes'],
        ...['-o', `UserKnownHostsFile=${all.join(' ')}`, '-o', 'GlobalKnownHostsFile=none'],
        ...['-o', 'IdentityAgent=none', '-i', '/nowhere', `nobody@${address}`, 'true'],
      ],
      { encoding: 'utf8' },
    )
    expect(stderr).toMatch(/Permission denied|Host key verification failed/)
    return /Permission denied/.test(stderr)
  }
  const cases: readonly (readonly [string, () => readonly string[], boolean])[] = [
    ['a wrong key in one, the right one in the other', () => [wrong(), right()], true],
    ['the other way round', () => [right(), wrong()], true],
    ['nothing in one', () => ['', right()], true],
    ['a wrong one in both', () => [wrong(), wrong()], false],
    ['both in one', () => [`${wrong()}${right()}`, ''], true],
    ['revoked in the second', () => [right(), `@revoked * ${sshd.hostKey}\n`], false],
    ['an authority alone', () => [`@cert-authority * ${sshd.hostKey}\n`, ''], false],
    ['with the ends of lines of Windows', () => [right().replace('\n', '\r\n'), ''], true],
    [
      'behind a comment and a long line',
      () => [`# x\n${host.repeat(5000)} ssh-rsa AAAA\n${right()}`, ''],
      true,
    ],
  ]
  test.each(cases)('%s: as OpenSSH', async (_name, texts, taken) => {
    const all = texts().map((text) => known(text))
    expect(sshTakes(...all)).toBe(taken)
    if (taken) await worksWith({ knownHostsFiles: all })
    else await refused({ knownHostsFiles: all }, /host key/)
  })
  test('a type that is not understood here is said so', () =>
    refused0(
      { knownHostsFiles: [known(`${host} ssh-dss ${dsa}\n`)] },
      /is known by a type that is not understood here: .*:1 has ssh-dss/,
    ))
})

describe('two that write at once', () => {
  test('of two keys for one machine, one is stored', async () => {
    const file = known()
    const both = await Promise.all(
      ['rsa', 'ed25519'].map((type) => rememberKeys(storeOf(file, host), [blobOf(type)])),
    )
    expect(
      both
        .flat()
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['changed', 'known'])
    expect(foundBy(file).trim().split('\n')).toHaveLength(1)
  })
  test('the keys of many machines are all stored, each whole', async () => {
    const file = known('')
    const names = Array.from({ length: 30 }, (_, at) => `host-${at}`)
    await Promise.all(names.map((name) => rememberKeys(storeOf(file, name), [blobOf('ed25519')])))
    for (const name of names) expect(foundBy(file, name).trim()).toBe(`${name} ${publicKey('ed25519')}`)
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(30)
  })
})

describe('a scan', () => {
  const verdicts = async (endpoint: Partial<Endpoint>) =>
    Object.fromEntries(
      (await scanKeys({ ...sshd.endpoint, ...endpoint }, context)).keys.map((key) => [
        key.type,
        key.verdict.kind,
      ]),
    )
  test('shows what ssh-keyscan shows, and nobody logs in', async () => {
    const before = sshd.log().length
    const { keys: shown } = await scanKeys({ ...sshd.endpoint, knownHostsFiles: [known('')] }, context)
    expect(sshd.log().slice(before)).not.toMatch(/publickey|Accepted|Failed|Invalid user/)
    const theirs = execFileSync('ssh-keyscan', ['-p', '2222', address], { encoding: 'utf8', stdio: 'pipe' })
    const lines = shown.map(({ type, key }) => `${host} ${type} ${key.toString('base64')}`)
    expect(lines.sort()).toEqual(theirs.trim().split('\n').sort())
    expect(shown.map((key) => key.fingerprint).sort()).toEqual(
      [own(), ...types.map((type) => printOf(join(keys, `${type}.pub`)))].sort(),
    )
  })
  test('tells what is known of each', async () => {
    const all = (kind: string) => ({
      'ssh-ed25519': kind,
      'ecdsa-sha2-nistp256': kind,
      'ssh-rsa': kind,
    })
    const file = (text: string) => ({ knownHostsFiles: [known(text)] })
    expect(await verdicts(file(''))).toEqual(all('unknown'))
    expect(await verdicts({})).toEqual({ ...all('unused'), 'ssh-ed25519': 'known' })
    expect(await verdicts(file(`${host} ${publicKey('ed25519')}`))).toEqual(all('changed'))
    expect(await verdicts(file(`${host} ${publicKey('rsa')}\n${host} ${publicKey('ed25519')}`))).toEqual({
      'ssh-ed25519': 'changed',
      'ecdsa-sha2-nistp256': 'unused',
      'ssh-rsa': 'known',
    })
    expect(await verdicts(file(`@revoked * ${publicKey('rsa')}`))).toEqual({
      ...all('unknown'),
      'ssh-rsa': 'revoked',
    })
    expect(await verdicts({ hostKeyFingerprints: [stranger()] })).toEqual(all('not-pinned'))
  })
  test('what is trusted is stored, unless another was quicker', async () => {
    const file = known()
    const endpoint = { ...sshd.endpoint, knownHostsFiles: [file] }
    const seen = await scanKeys(endpoint, context)
    expect(await trustKeys(seen, seen.keys, homedir())).toBe(file)
    expect(foundBy(file).trim().split('\n')).toHaveLength(3)
    await worksWith({ knownHostsFiles: [file] })
    await writeFile(file, `${host} ${publicKey('ed25519')}\n`)
    await expect(trustKeys(seen, seen.keys, homedir())).rejects.toMatchObject({ fault: 'host-key' })
    expect(await readFile(file, 'utf8')).toBe(`${host} ${publicKey('ed25519')}\n`)
  })
  test('a machine that does not answer is unreachable', () =>
    expect(scanKeys({ ...sshd.endpoint, port: 2299 }, context)).rejects.toMatchObject({
      fault: 'unreachable',
    }))
})

/** A key of a size that the server has none of. */
function newKey(type: string, bits: string): string {
  const file = join(keys, `${type}-${bits}`)
  spawnSync('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-f', file], { input: 'n\n' })
  return publicKey(`${type}-${bits}`)
}
