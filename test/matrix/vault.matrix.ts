import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stableHomes } from '../support/comparable.ts'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

// New homes of 3.0.0 with their secrets in the vault: a controller that is killed and a wrong password on the way, the whole upgrade
// all the same, no secret in any of these homes, and the way back.
const upgrade = playbookFile('to-3.0.0')
const secured = 'wso2/wso2am-3.0.0'
const hosts = ['km-1', 'portal-1', 'store-1', 'gw-1']
let lab: FleetLab
/** The run that did it. */
let done: string
let before: { readonly dumps: Readonly<Record<string, string>>; readonly homes: ReadonlyMap<string, string> }
beforeAll(async () => {
  lab = await fleetLab('127.210.0', '1.9.1', '--shape', 'guarded')
  await writeFile(join(lab.cwd, 'store-password'), 'wso2carbon\n', { mode: 0o600 })
  before = await now()
})
afterAll(() => lab.end())

const now = async () => ({ dumps: await lab.dumps(), homes: stableHomes(await lab.trees(), '1.9.1') })
const rootOf = (host: string) => lab.info.hosts[host]?.root ?? ''
const tomlOf = (host: string) =>
  readFile(join(rootOf(host), secured, 'repository/conf/deployment.toml'), 'utf8')
const password = async () => (await readFile(lab.info.db.passwordFile, 'utf8')).trim()
const isVault = { secure_vault: true }

/** The upgrade with more lines in the inventory's vars. */
async function up(vars: object): Promise<readonly string[]> {
  await writeFile(join(lab.cwd, 'more.json'), JSON.stringify({ all: { vars } }))
  return [upgrade, '-i', 'inventory/lab/hosts.yml', '-i', 'more.json', '--yes', '--output', 'lines']
}

/** Files of a host's new home, whatever of it, that hold the database's password. */
async function filesWith(host: string): Promise<readonly string[]> {
  const home = join(rootOf(host), secured)
  const secret = await password()
  const found: string[] = []
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && (await readFile(path)).includes(secret)) found.push(path)
  }
  return found
}

const latest = async () => (await readdir(join(lab.cwd, '.upgrade-fleet/runs'))).toSorted().at(-1) ?? ''

test('nobody said the password of the keystore, or a wrong one: told before anything is changed', async () => {
  const none = await lab.run(...(await up(isVault)))
  expect(none.code, none.text).toBe(2)
  expect(none.text).toMatch(/\[vault-password\] secure_vault is true/)
  await writeFile(join(lab.cwd, 'another'), 'another\n', { mode: 0o600 })
  const another = { ...isVault, apim_vault_password: { file: join(lab.cwd, 'another') } }
  const wrong = await lab.run(...(await up(another)))
  expect(wrong.code, wrong.text).toBe(2)
  expect(wrong.text).toMatch(/\[vault-wrong\] the password in apim_vault_password/)
})

test('killed, then a keystore that does not open, then done: no secret in any new home, and each is started', async () => {
  const right = { ...isVault, apim_vault_password: { file: join(lab.cwd, 'store-password') } }
  const killed = await lab.killAt('3.0.0: homes > km-1 > trees proved', 'SIGKILL', ...(await up(right)))
  expect(killed.code, killed.text.slice(-3000)).toBe(-1)
  await lab.run('lab', 'break', 'secure-vault-wrong-password:gw-1')
  const failed = await lab.run('resume', await latest(), '--yes', '--output', 'lines')
  expect(failed.code, failed.text.slice(-3000)).toBe(3)
  expect(failed.text).toMatch(/3\.0\.0: homes > gw-1 > configured: failed/)
  expect(failed.text).toMatch(/ciphertool\.sh -Dconfigure on gw-1 exited 1/)
  expect(failed.text).toMatch(/Keystore was tampered with, or password was incorrect/)
  expect(failed.text).not.toContain(await password())
  expect(await filesWith('gw-1')).toEqual([])

  await lab.run('lab', 'break', 'none')
  const { code, text } = await lab.run('resume', await latest(), '--yes', '--output', 'lines')
  expect(code, text.slice(-3000)).toBe(0)
  for (const host of hosts) {
    expect(await filesWith(host), host).toEqual([])
    expect(await tomlOf(host), host).toMatch(
      /\npassword = "\$secret\{database_apim_db_password\}"\n[\s\S]*\n\[secrets\]\ndatabase_apim_db_password\s+= "[A-Za-z0-9+/]+=+"\n$/,
    )
    const { status } = await lab.get(host, 9763, '/services/Version')
    expect(status, host).toBe(200)
  }
  done = await latest()
  const again = await lab.run(...(await up(right)))
  expect(again.code, again.text.slice(-3000)).toBe(0)
  expect(again.text).toMatch(/nothing to do/)
})

test('a server that nobody tells the password asks for it, and is not up', async () => {
  const home = `/opt/${secured}`
  const said = await lab.info.run(
    'store-1',
    `cd ${home}/bin && ls ../password* 2>&1; export JAVA_HOME=/opt/jdk1.8.0_292; pid=$(tr -d '\\0 ' <../wso2carbon.pid); ./wso2server.sh stop; tail --pid="$pid" -f /dev/null; timeout 5 ./wso2server.sh 2>&1 | grep -m 1 Enter`,
    'wso2carbon',
  )
  expect(said).toMatch(/cannot access [\s\S]*Enter KeyStore and Private Key Password/)
})

test('rolled back as before', async () => {
  const { code, text } = await lab.run('rollback', done, '--yes')
  expect(code, text.slice(-3000)).toBe(0)
  expect(await now()).toEqual(before)
})
