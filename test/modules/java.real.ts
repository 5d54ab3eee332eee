import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { secret } from '../../src/model/secret.ts'
import * as java from '../../src/modules/java.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

const root = mkdtempSync(join(fastDirectory(), "java it's-"))
const stores = join(root, 'stores')
const values: Readonly<Record<string, string>> = {
  'env:GOOD': `pa'ss "w$(x)é`,
  'env:ASCII': `pa'ss "w$(x)`,
  'env:WRONG': 'wrong-password',
  'env:EMPTY': '',
}
const keytool = (...args: readonly string[]) =>
  execFileSync('keytool', ['-J-Dfile.encoding=UTF-8', ...args], { stdio: 'pipe' })
let local: LocalOn

beforeAll(() => {
  mkdirSync(stores)
  const make = (file: string, type: string, alias: string, key: readonly string[]) =>
    keytool(
      ...['-genkeypair', '-alias', alias, ...key, '-dname', `CN=${alias}`, '-storetype', type],
      ...['-keystore', join(stores, file), '-storepass:env', 'P', '-keypass:env', 'P'],
    )
  const env = process.env
  try {
    env['P'] = values['env:ASCII']
    make('old.jks', 'JKS', 'wso2carbon', ['-keyalg', 'RSA', '-keysize', '1024', '-validity', '400'])
    make('new.p12', 'PKCS12', 'ec', ['-keyalg', 'EC', '-groupname', 'secp384r1', '-validity', '10'])
    make('new.p12', 'PKCS12', 'rsa', ['-keyalg', 'RSA', '-keysize', '2048', '-validity', '400'])
    keytool(
      '-exportcert',
      '-alias',
      'rsa',
      '-keystore',
      join(stores, 'new.p12'),
      '-storepass:env',
      'P',
      '-file',
      join(stores, 'rsa.der'),
    )
    keytool(
      '-importcert',
      '-noprompt',
      '-alias',
      'ca',
      '-keystore',
      join(stores, 'new.p12'),
      '-storepass:env',
      'P',
      '-file',
      join(stores, 'rsa.der'),
    )
    // From its environment keytool takes a password in the encoding of its locale: this one it is told by standard input.
    const accent = values['env:GOOD'] ?? ''
    execFileSync(
      'keytool',
      [
        ...['-J-Dfile.encoding=UTF-8', '-genkeypair', '-alias', 'a', '-keyalg', 'RSA', '-keysize', '2048'],
        ...['-dname', 'CN=a', '-storetype', 'JKS', '-keystore', join(stores, 'accent.jks')],
      ],
      { input: `${accent}\n${accent}\n\n`, stdio: 'pipe' },
    )
  } finally {
    delete env['P']
  }
  writeFileSync(join(stores, 'cut.p12'), readFileSync(join(stores, 'new.p12')))
  truncateSync(join(stores, 'cut.p12'), 300)
  writeFileSync(join(stores, 'text'), 'hello\n')
  writeFileSync(join(stores, 'none'), '')
})
beforeEach(async () => {
  local = await localOn(join(root, 'on'), ({ name }) => values[name] ?? '')
  return () => local.close()
})
afterAll(() => rmSync(root, { recursive: true }))

const store = (file: string, password = 'env:ASCII') => ({
  path: join(stores, file),
  password: secret(password),
})

test('every JDK of this machine is found once, and one is chosen by its version', async () => {
  const { out } = await perform(local, java.installed({}))
  const homes = out.javas.map(({ home }) => home)
  expect(new Set(homes).size).toBe(homes.length)
  const debian = out.javas.find(({ release, jdk }) => release === 17 && jdk)
  expect(debian).toMatchObject({ vm: 'HotSpot', early: false, version: expect.stringMatching(/^17\./) })
  expect((await perform(local, java.jdk({ version: '>=17 <18' }))).out).toEqual(debian)
  await expect(perform(local, java.jdk({ version: 8 }))).rejects.toThrow(
    /^no JDK 8 on here; found:\n(.*\n)*.*\/usr\/lib\/jvm\/[^:]+: 17\.[\d.]+ \(\w+\)/,
  )
})

test('homes that are given: links, a JRE, one that is broken, one that is none', async () => {
  const home = (await perform(local, java.jdk({ version: 17 }))).out.home
  const fake = (name: string, script: string, compiler: boolean) => {
    mkdirSync(join(root, name, 'bin'), { recursive: true })
    for (const program of ['java', ...(compiler ? ['javac'] : [])]) {
      writeFileSync(join(root, name, 'bin', program), `#!/bin/sh\n${script}\n`)
      chmodSync(join(root, name, 'bin', program), 0o755)
    }
    return join(root, name)
  }
  symlinkSync(home, join(root, 'link'))
  const jre = fake('jre 8', `echo 'java version "1.8.0_45"' >&2`, false)
  const broken = fake('broken', 'echo "cannot find libjvm.so" >&2; exit 1', true)
  const among = [jre, broken, join(root, 'nowhere'), stores, join(root, 'link'), home]
  const { out } = await perform(local, java.installed({ among }))
  expect(out.javas.map((one) => [one.home, one.release, one.jdk])).toEqual([
    [jre, 8, false],
    [home, 17, true],
  ])
  expect(out.broken).toEqual([
    { home: broken, said: 'cannot find libjvm.so' },
    { home: join(root, 'nowhere'), said: 'there is no such directory' },
    { home: stores, said: 'it has no bin/java' },
  ])
  await expect(perform(local, java.jdk({ version: 8, among: [jre] }))).rejects.toThrow(
    /1\.8\.0_45 \(Oracle\), no compiler/,
  )
  expect((await perform(local, java.jdk({ version: '1.8', among: [jre], jre: true }))).out.home).toBe(jre)
})

test('a keystore is listed with sizes, dates and fingerprints, whatever its type', async () => {
  const { out: jks } = await perform(local, java.keystore(store('old.jks')))
  expect(jks).toMatchObject({
    type: 'JKS',
    entries: [{ alias: 'wso2carbon', kind: 'private key', algorithm: 'RSA', bits: 1024 }],
  })
  const { out } = await perform(local, java.keystore(store('new.p12')))
  expect(out.type).toBe('PKCS12')
  const byName = Object.fromEntries(out.entries.map((entry) => [entry.alias, entry]))
  expect(byName['ec']).toMatchObject({ kind: 'private key', algorithm: 'EC', bits: 384, subject: 'CN=ec' })
  expect(byName['ca']).toMatchObject({ kind: 'certificate', algorithm: 'RSA', bits: 2048, subject: 'CN=rsa' })
  const said = execFileSync(
    'openssl',
    [
      'x509',
      '-inform',
      'DER',
      '-in',
      join(stores, 'rsa.der'),
      '-noout',
      '-fingerprint',
      '-sha256',
      '-enddate',
      '-dateopt',
      'iso_8601',
    ],
    { encoding: 'utf8' },
  )
  const [print = '', end = ''] = said
    .trim()
    .split('\n')
    .map((line) => line.split('=')[1] ?? '')
  expect(byName['rsa']).toMatchObject({
    sha256: print,
    notAfter: `${end.replace(' ', 'T').replace('Z', '.000Z')}`,
  })
})

test('a password of any signs opens it, and is nowhere to be seen', async () => {
  const texts: string[] = []
  const exec: typeof local.on.exec = (command, options) => {
    texts.push(command.text)
    return local.on.exec(command, options)
  }
  const on = { ...local.on, exec }
  const action = java.keystore(store('accent.jks', 'env:GOOD'))
  if (action.work.kind !== 'observe') throw new Error('no observe')
  const listing = await action.work.read(on, action.input)
  expect(listing).toMatchObject({ entries: [{ alias: 'a' }] })
  for (const text of [...texts, ...local.said, JSON.stringify([action, listing])])
    expect(text).not.toContain(`pa'ss`)
})

test.each([
  ['a wrong password', store('new.p12', 'env:WRONG'), /new\.p12 on here: the password is wrong$/],
  ['a wrong password of a JKS', store('old.jks', 'env:WRONG'), /password is wrong, or the store is damaged/],
  ['no password', store('new.p12', 'env:EMPTY'), /the secret "env:EMPTY" is empty/],
  ['a store that was cut', store('cut.p12'), /damaged, or no keystore of that type/],
  ['a text', store('text'), /damaged, or no keystore of that type/],
  ['an empty file', store('none'), /the file is empty/],
  ['no file', store('nowhere'), /there is no such file/],
  ['a directory', { ...store('x'), path: stores }, /it is no file that may be read/],
  ['no keytool', { ...store('new.p12'), java: '/nowhere' }, /no keytool is there to read it in \/nowhere/],
])('%s is said', async (_name, input, message) => {
  await expect(perform(local, java.keystore(input))).rejects.toThrow(message)
})

test('a gate says all that does not hold', async () => {
  await expect(perform(local, java.keystoreHolds(store('old.jks')))).rejects.toThrow(
    /old\.jks on here does not do:\n {2}wso2carbon: its RSA key has 1024 bits, fewer than 2048$/,
  )
  await expect(perform(local, java.keystoreHolds(store('new.p12')))).rejects.toThrow(
    /ec: it expires on .*, in 9 days, fewer than 30/,
  )
  const holds = java.keystoreHolds({ ...store('new.p12'), aliases: ['rsa', 'ca'] })
  expect((await perform(local, holds)).out.entries).toHaveLength(3)
})
