import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { encryptAll } from '../../src/lab/standin/cipher-tool.ts'
import { configure } from '../../src/lab/standin/config-mapper.ts'
import { makeServer } from '../../src/lab/standin/server.ts'

const dir = mkdtempSync(join(tmpdir(), 'cipher-'))
const home = join(dir, 'wso2am-3.0.0')
const toml = join(home, 'repository/conf/deployment.toml')
const template = 'repository/resources/conf/templates/repository/conf/a.xml.j2'
const plain = '[a]\npassword = "$secret{one}"\n\n[secrets]\none = "[it\'s]"\nkept = "QUJD"\n'
afterAll(() => rmSync(dir, { recursive: true }))

beforeEach(() => {
  rmSync(home, { recursive: true, force: true })
  for (const path of [
    'bin',
    'repository/conf/security',
    'repository/resources/conf/templates/repository/conf',
  ])
    mkdirSync(join(home, path), { recursive: true })
  mkdirSync(join(dir, 'lib/lab'), { recursive: true })
  writeFileSync(join(dir, 'lib/lab/settings.json'), '{"pace":0,"faults":{}}')
  writeFileSync(join(home, 'bin/version.txt'), 'WSO2 API Manager v3.0.0\n')
  writeFileSync(join(home, template), '<a>{{a.password}}</a>')
  writeFileSync(toml, plain)
})

const said: string[] = []
const machine = (options: string) => ({
  args: [`-Dcarbon.home=${home}`],
  options,
  program: join(dir, 'lib/lab/standin.mjs'),
  pid: 1,
  host: 'localhost',
  say: (line: string) => void said.push(line),
  exit: (code: number): never => {
    throw new Error(`exit ${code}`)
  },
  again: () => undefined,
  kill: () => undefined,
  onTerm: () => undefined,
})
const encrypt = (options = '-Dkeystore.password=\'wso2\'"carbon"') => encryptAll(machine(options))
const rendered = async () => configure(await makeServer(machine('')))

test('it encrypts what stands between brackets, and the server takes the file then', async () => {
  expect(await rendered()).toBe(false)
  expect(said.join('\n')).toMatch(/can't be plain text for one/)
  await encrypt()
  expect(readFileSync(toml, 'utf8')).toMatch(
    /^\[a\]\npassword = "\$secret\{one\}"\n\n\[secrets\]\none {2}= "[A-Za-z0-9+/]+=+"\nkept {2}= "QUJD"\n$/,
  )
  expect(await rendered()).toBe(true)
  expect(readFileSync(join(home, 'repository/conf/a.xml'), 'utf8')).toBe('<a>$secret{one}</a>')
})

test.each(['', '-Dkeystore.password=another'])(
  'with the options "%s" it ends, and changes nothing',
  async (options) => {
    await expect(encrypt(options)).rejects.toThrow('exit 1')
    expect(readFileSync(toml, 'utf8')).toBe(plain)
  },
)

test('what is no secret behind [secrets] ends it with half a file', async () => {
  writeFileSync(toml, `${plain}\n[b]\nc = 1\n`)
  await expect(encrypt()).rejects.toThrow('exit 1')
  expect(readFileSync(toml, 'utf8')).not.toContain('c = 1')
})

test('a name that nothing has under [secrets] is refused', async () => {
  writeFileSync(toml, '[a]\npassword = "$secret{two}"\n')
  expect(await rendered()).toBe(false)
})
