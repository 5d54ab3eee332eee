import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { configuration } from '../../src/apim/config.ts'
import { configure } from '../../src/apim/home.ts'
import { admin, database, keystores } from '../../src/apim/schemas.ts'
import { secret } from '../../src/model/secret.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { localOn, perform } from '../support/local-on.ts'

const dir = mkdtempSync(join(fastDirectory(), 'secured-'))
const home = join(dir, 'wso2am-3.0.0')
const conf = join(home, 'repository/conf')
const toml = join(conf, 'deployment.toml')
afterAll(() => rmSync(dir, { recursive: true }))

const store = `key's "store" $1`
const plain = `d&b'"secret`
const values: Readonly<Record<string, string>> = { 'env:STORE': store, 'env:DB': plain }

// Encrypts each [plain] as base64 of something else, as the tool would; says what it was started with.
const good = `sed -i 's/= "\\[.*\\]"$/ = "Y2lwaGVy"/' ../repository/conf/deployment.toml`
const script = (work: string) => `#!/bin/sh
[ -z "$CARBON_HOME" ] || exit 9
printf '%s' "$JAVA_TOOL_OPTIONS" >../options; tr '\\0' ' ' </proc/$$/cmdline >../shown; echo "$JAVA_HOME $*" >>../shown
echo "Picked up JAVA_TOOL_OPTIONS: $JAVA_TOOL_OPTIONS" >&2
${work}
`

beforeEach(() => {
  rmSync(home, { recursive: true, force: true })
  for (const path of ['bin', 'repository/conf/security', 'repository/resources/security'])
    mkdirSync(join(home, path), { recursive: true })
  writeFileSync(toml, '[server]\n')
})

const settings = {
  version: '3.0.0',
  address: 'gw-1',
  role: 'gateway-worker' as const,
  databases: [
    database.parse({
      name: 'am',
      holds: 'apim',
      host: 'db',
      schema: 'am',
      user: 'u',
      password: { env: 'DB' },
    }),
  ],
  peers: {},
  admin: admin.parse({}),
  keystores: keystores.parse({}),
  vault: true,
}

async function configured(work: string, password = secret('env:STORE')) {
  writeFileSync(join(home, 'bin/ciphertool.sh'), script(work))
  chmodSync(join(home, 'bin/ciphertool.sh'), 0o755)
  const local = await localOn(join(dir, 'here'), ({ name }) => values[name] ?? '')
  const encryption = { password, javaHome: '/opt/jdk' }
  const action = configure({ home, configuration: configuration(settings), jars: [], encryption })
  try {
    const error = await perform(local, action).then(
      () => '',
      (reason: unknown) => String(reason),
    )
    expect(error + local.said.join('\n')).not.toContain(plain)
    expect(error + local.said.join('\n')).not.toContain(store)
    return { error, said: local.said.join('\n') }
  } finally {
    await local.close()
  }
}

test('secrets are encrypted, and the password is on no command line', async () => {
  process.env['CARBON_HOME'] = '/elsewhere'
  const { error, said } = await configured(good).finally(() => delete process.env['CARBON_HOME'])
  expect(error).toBe('')
  expect(said).toContain('secrets of deployment.toml that are encrypted: 1')
  const text = readFileSync(toml, 'utf8')
  expect(text).toContain('password = "$secret{database_apim_db_password}"')
  expect(text).toMatch(/\n\[secrets\]\ndatabase_apim_db_password\s+= "Y2lwaGVy"\n$/)
  const shown = readFileSync(join(home, 'shown'), 'utf8')
  expect(shown).toContain('/opt/jdk -Dconfigure')
  expect(shown).not.toContain('store')
  // As a virtual machine reads it: what stands between quotes, put together.
  const given = readFileSync(join(home, 'options'), 'utf8').replace(
    /'([^']*)'|"([^"]*)"/g,
    (_, one?: string, two?: string) => one ?? two ?? '',
  )
  expect(given).toBe(`-Dkeystore.password=${store}`)
})

const leak = (text: string) =>
  `${good}; cat >../repository/conf/security/cipher-text.properties <<'E'\nalias=[${text}]\nE`

test.each([
  ['fails', 'echo "Keystore was tampered with"; exit 1', /exited 1: [^\n]*\n[\s\S]*tampered with/],
  ['does nothing', 'echo "nothing to do"', /database_apim_db_password is not encrypted[\s\S]*nothing to do/],
  [
    'leaves half a file',
    'printf "[server]\\n" >../repository/conf/deployment.toml; exit 0',
    /not what was written/,
  ],
  ['leaves a secret elsewhere', leak(plain), /database_apim_db_password: \.\/security\/cipher-text/],
  ['leaves one as XML has it', leak('d&#38;b&#39;&#34;secret'), /database_apim_db_password: \.\/security/],
])('a tool that %s: told with its words, and no plain text is left', async (_what, work, words) => {
  const { error } = await configured(work)
  expect(error).toMatch(words)
  expect(existsSync(toml)).toBe(false)
})

test('a word of the pack that is somebody’s password is named, and cannot be looked for', async () => {
  writeFileSync(join(conf, 'carbon.xml'), `<a>${plain}</a>`)
  const { error, said } = await configured(leak(plain))
  expect(error).toBe('')
  expect(said).toMatch(/warning: database_apim_db_password is a word of the pack's own files/)
})

test('done again after an end in its middle, it begins with a new file', async () => {
  writeFileSync(toml, '[secrets]\nhalf  = "Y2lw')
  expect((await configured(good)).error).toBe('')
})

test('nobody said the password: the tool is not asked', async () => {
  expect((await configured(good, secret('env:NONE'))).error).toMatch(/say apim_vault_password/)
  expect(existsSync(join(home, 'shown'))).toBe(false)
})
