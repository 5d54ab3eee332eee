import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { vault } from '../../../src/apim/preflight/vault.ts'
import { secret } from '../../../src/model/secret.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'

const dir = mkdtempSync(join(fastDirectory(), 'pv-'))
const home = join(dir, 'wso2am-2.6.0')
const right = 'opens-it'
let local: LocalOn
let inInventory = right
beforeAll(async () => {
  local = await localOn(join(dir, 'here'), () => inInventory)
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})

const put = (path: string, text: string) => {
  mkdirSync(dirname(join(home, path)), { recursive: true })
  writeFileSync(join(home, path), text)
}

function makeKeystore(path: string, password: string): void {
  const made = join(home, path)
  mkdirSync(dirname(made), { recursive: true })
  const key = ['-genkeypair', '-alias', 'wso2carbon', '-keyalg', 'RSA', '-keysize', '2048']
  const store = ['-storetype', 'PKCS12', '-storepass', password, '-keystore', made]
  execFileSync('keytool', [...key, '-dname', 'CN=localhost', ...store], { stdio: 'ignore' })
}

beforeEach(() => {
  rmSync(home, { recursive: true, force: true })
  put('repository/conf/user-mgt.xml', '<U><Password svns:secretAlias="x">password</Password></U>')
  makeKeystore('repository/resources/security/wso2carbon.jks', right)
})

/** The new home is to have a vault, of one secret. */
const next = { secrets: [{ alias: 'a', secret: secret('env:V') }], landsBefore: false }

test('a vault in the new home alone: its password must open the keystore that it gets', async () => {
  put('repository/conf/user-mgt.xml', '<U/>')
  const told = secret('env:V')
  expect(await found({ next })).toEqual(['vault-password'])
  expect(await found({ next, told })).toEqual([])
  inInventory = 'another-one'
  expect(await found({ next, told })).toEqual(['vault-wrong'])
  inInventory = right
})

test('one in both homes is no warning; a landing before 3.0.0 is asked about; a machine that joins needs a password too', async () => {
  const told = secret('env:V')
  expect(await found({ next, told })).toEqual([])
  const before = { ...next, landsBefore: true }
  expect(await found({ next: before, told })).toEqual(['vault-landing'])
  expect(await found({ next: before, told, accepted: ['vault-landing'] })).toEqual(['vault-landing'])
  expect(await found({ home: undefined, next })).toEqual(['vault-password'])
  expect(await found({ home: undefined, next, told })).toEqual([])
  inInventory = 'a]b'
  expect(await found({ home: undefined, next, told })).toEqual(['vault-unfit'])
  inInventory = right
})

async function found(more: object = {}): Promise<readonly (string | undefined)[]> {
  local.said.length = 0
  const asked = { home, javaHome: '/none', keystore: 'wso2carbon.jks', ...more }
  const blocked = await perform(local, vault(asked)).then(
    () => '',
    (error: unknown) => String(error),
  )
  expect(blocked + local.said.join('\n')).not.toMatch(/opens-it|another-one|a\]b/)
  return [...`${blocked}\n${local.said.join('\n')}`.matchAll(/\[([a-z-]+)\] /g)].map(([, name]) => name)
}

test('a vault whose password nobody left, or that of its keystore', async () => {
  expect(await found()).toEqual(['vault-password', 'secure-vault'])
  put('password-persist', `${right}\n`)
  expect(await found()).toEqual(['secure-vault'])
})

test('the inventory has the right password, or a wrong one, which a start would hand over', async () => {
  expect(await found({ told: secret('env:V') })).toEqual(['secure-vault'])
  put('password-tmp', 'another-one\n')
  expect(await found({ told: secret('env:V') })).toEqual(['secure-vault'])
  inInventory = 'another-one'
  expect(await found({ told: secret('env:V') })).toEqual(['vault-wrong', 'secure-vault'])
  inInventory = right
})

test.each([
  ['another', 'another-one\n'],
  ['an empty first line', `\n${right}\n`],
])('a file with %s: a start would read it', async (_what, text) => {
  put('password-persist', text)
  expect(await found()).toEqual(['vault-wrong', 'secure-vault'])
  put('password-persist', right)
  put('password-tmp', text)
  expect(await found()).toEqual(['vault-wrong', 'secure-vault'])
})

test('the keystore that ciphertool named is the one that is opened', async () => {
  put('password-persist', right)
  put('repository/conf/security/secret-conf.properties', 'keystore.identity.location=security/other.p12\n')
  makeKeystore('security/other.p12', 'another-one')
  expect(await found()).toEqual(['vault-wrong', 'secure-vault'])
  put('password-persist', 'another-one')
  expect(await found()).toEqual(['secure-vault'])
})
