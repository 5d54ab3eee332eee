import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { secret } from '../../src/model/secret.ts'
import * as java from '../../src/modules/java.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

const dir = join(fastDirectory(), `upgrade-fleet java ${process.pid}`)
const password = `p'"$x 12`
const at = (name: string) => join(dir, name)
let local: LocalOn

const keytool = (...words: readonly string[]) =>
  execFileSync('keytool', [...words, '-storepass:file', at('pass'), '-noprompt'], { stdio: 'pipe' })
const pair = (store: string, type: string, alias: string, ...key: readonly string[]) =>
  keytool(
    '-genkeypair',
    '-alias',
    alias,
    '-dname',
    'CN=api.example.com, O=Example',
    '-keystore',
    at(store),
    '-storetype',
    type,
    ...key,
  )

/** A Java that only says its version. */
function says(home: string, text: string, code = 0): string {
  mkdirSync(join(at(home), 'bin'), { recursive: true })
  writeFileSync(join(at(home), 'bin/java'), `#!/bin/sh\ncat >&2 <<'X'\n${text}\nX\nexit ${code}\n`)
  chmodSync(join(at(home), 'bin/java'), 0o755)
  return at(home)
}

beforeAll(async () => {
  local = await localOn(dir, () => password)
  writeFileSync(at('pass'), `${password}\n`)
  pair('server.jks', 'JKS', 'wso2carbon', '-keyalg', 'RSA', '-keysize', '2048', '-validity', '400')
  const pem = keytool('-exportcert', '-rfc', '-alias', 'wso2carbon', '-keystore', at('server.jks'))
  writeFileSync(at('cert.pem'), pem)
  keytool('-importcert', '-alias', 'gateway ca', '-file', at('cert.pem'), '-keystore', at('server.jks'))
  pair('old.p12', 'PKCS12', 'short', '-keyalg', 'RSA', '-keysize', '1024', '-validity', '5')
  pair('old.p12', 'PKCS12', 'curve', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '400')
  keytool(
    '-genseckey',
    '-alias',
    'symmetric',
    '-keyalg',
    'AES',
    '-keysize',
    '256',
    '-keystore',
    at('old.p12'),
    '-storetype',
    'PKCS12',
  )
}, 120_000)
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true, force: true })
})

const keystore = (name: string, more: object = {}) =>
  perform(local, java.keystore({ path: at(name), password: secret('store'), ...more }))

test('without a password nothing is listed, since nothing would be checked', async () => {
  const empty = await localOn(`${dir} empty`, () => '')
  const action = java.keystore({ path: at('server.jks'), password: secret('store') })
  try {
    await expect(perform(empty, action)).rejects.toThrow(/its password is empty/)
  } finally {
    await empty.close()
    rmSync(`${dir} empty`, { recursive: true })
  }
})

test('a JKS keystore: names with blanks, kinds, sizes, validity, fingerprints', async () => {
  const { entries } = (await keystore('server.jks')).out
  const [ca, own] = entries
  expect(entries).toHaveLength(2)
  expect(own).toMatchObject({
    alias: 'wso2carbon',
    kind: 'privateKey',
    subject: 'O=Example, CN=api.example.com',
    algorithm: 'rsa',
    bits: 2048,
    fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
    chain: 1,
  })
  expect(own?.until).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
  expect(ca).toMatchObject({ alias: 'gateway ca', kind: 'trustedCertificate', fingerprint: own?.fingerprint })
})

test('a PKCS12 keystore: an elliptic curve and a secret key too', async () => {
  const { entries } = (await keystore('old.p12', { type: 'PKCS12' })).out
  expect(entries.map(({ alias, kind, algorithm, bits }) => [alias, kind, algorithm, bits])).toEqual([
    ['curve', 'privateKey', 'ec', 256],
    ['short', 'privateKey', 'rsa', 1024],
    ['symmetric', 'secretKey', undefined, undefined],
  ])
})

test('keys that are too short or end too soon are named, each with what is wrong', async () => {
  await perform(local, java.strong({ path: at('server.jks'), password: secret('store') }))
  await expect(
    perform(local, java.strong({ path: at('old.p12'), password: secret('store') })),
  ).rejects.toThrow(
    /old\.p12 .* is not fit for use\n {2}short: its RSA key has 1024 bits, fewer than 2048\n {2}short: its certificate ends on \d{4}/,
  )
})

test.each([
  [
    'another password',
    'server.jks',
    'wrong',
    {},
    /server\.jks on here cannot be opened: its password is another one, or it is damaged/,
  ],
  ['no keystore', 'cert.pem', password, {}, /cannot be opened: it is no keystore, or one of another type/],
  ['no file', 'none.jks', password, {}, /cannot be opened: it is no file that can be read/],
  ['no keytool', 'server.jks', password, { home: '/nowhere' }, /cannot be opened: there is no keytool/],
])('%s is said', async (_name, file, given, more, said) => {
  const other = await localOn(at('other'), () => given)
  try {
    const asked = perform(other, java.keystore({ path: at(file), password: secret('store'), ...more }))
    await expect(asked).rejects.toThrow(said)
    await expect(asked).rejects.not.toThrow(given)
  } finally {
    await other.close()
  }
})

test('keytool has the password from its input: it stands in no argument, no environment, and not in the log', async () => {
  const home = says('recorder', 'openjdk version "17.0.1"')
  const seen = at('seen')
  const real = execFileSync('sh', ['-c', 'command -v keytool'], { encoding: 'utf8' }).trim()
  writeFileSync(
    join(home, 'bin/keytool'),
    `#!/bin/sh\n{ tr '\\0' '\\n' </proc/$$/cmdline; env; } >>'${seen}'\nexec ${real} "$@"\n`,
    { mode: 0o755 },
  )
  local.said.length = 0
  const { out } = await keystore('server.jks', { home })
  expect(out.entries.map(({ alias }) => alias)).toContain('wso2carbon')
  const recorded = readFileSync(seen, 'utf8')
  expect(recorded).toContain('-list')
  expect(`${recorded}${local.said.join()}${JSON.stringify(out)}`).not.toContain(password)
})

test('a keystore that is cut or flipped is never half a list', async () => {
  const whole = readFileSync(at('server.jks'))
  for (const bytes of [
    whole.subarray(0, 0),
    whole.subarray(0, whole.length / 2),
    whole.subarray(0, -1),
    Buffer.concat([whole.subarray(0, 900), Buffer.from([(whole[900] ?? 0) ^ 1]), whole.subarray(901)]),
  ]) {
    writeFileSync(at('damaged.jks'), bytes)
    await expect(keystore('damaged.jks')).rejects.toThrow(/damaged\.jks on here cannot be opened/)
  }
})

test('a Java is asked itself, whatever its directory is called; one that does not run is none', async () => {
  const eight = says(
    'jdk-11',
    'openjdk version "1.8.0_292"\nOpenJDK Runtime Environment\nOpenJDK 64-Bit Server VM',
  )
  const broken = says('broken', 'Error: could not find libjava.so', 2)
  const { found } = (await perform(local, java.installed({ homes: [eight, broken] }))).out
  expect(found[0]).toMatchObject({ home: eight, feature: 8, version: '1.8.0_292', jdk: false })
  expect(found.map(({ home }) => home)).not.toContain(broken)
  expect(found.some(({ feature, jdk }) => feature >= 17 && jdk)).toBe(true)

  expect((await perform(local, java.jdk({ home: eight, range: '8' }))).out).toMatchObject({ feature: 8 })
  await expect(perform(local, java.jdk({ home: eight, range: '>=17' }))).rejects.toThrow(
    /jdk-11 on here is Java 1\.8\.0_292, and Java >=17 is wanted\n {2}\/usr\/lib\/jvm\/\S+ is Java 17/,
  )
  await expect(perform(local, java.jdk({ home: broken, range: '8' }))).rejects.toThrow(/is no Java that runs/)
  await expect(perform(local, java.jdk({ home: eight, range: 'eight' }))).rejects.toThrow(/is no range/)
})
