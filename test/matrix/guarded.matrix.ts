import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FleetLab, fleetLab, playbookFile } from '../support/fleet.ts'

// What goes wrong with kept secrets, in the fleet that keeps them: the right gate stops the run, with evidence.
const upgrade = playbookFile('to-3.0.0')
const old = '/opt/wso2/wso2am-1.9.1'
let lab: FleetLab
beforeAll(async () => {
  lab = await fleetLab('127.152.1', '1.9.1', '--shape', 'guarded')
})
afterAll(() => lab.end())
beforeEach(async () => void (await lab.run('lab', 'reset')))

/** Runs the upgrade with more lines in the inventory's vars; `also` is said on the command line. */
async function up(vars: object = {}) {
  await writeFile(join(lab.cwd, 'more.json'), JSON.stringify({ all: { vars } }))
  return lab.run(upgrade, '-i', 'inventory/lab/hosts.yml', '-i', 'more.json', '--yes')
}

test('the client has another key store than the keys were encrypted with: stopped at its own gate', async () => {
  const made = `cd /tmp && openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -days 9 -subj /CN=localhost 2>/dev/null && openssl pkcs12 -export -name wso2carbon -passout pass:wso2carbon -inkey k -in c -out ${old}/repository/resources/security/wso2carbon.jks`
  await lab.info.run('portal-1', made, 'wso2carbon')
  const { code, text } = await up()
  expect(code, text).toBe(3)
  expect(text).toMatch(/2\.0\.0: clients > portal-1 > databases proved: failed/)
  expect(text).toMatch(/Cannot decrypt consumer key/)
  expect(text).not.toMatch(/2\.0\.0: clients > portal-1 > registry: changed/)
})

test('a token that the configuration says is encrypted, and is not: told before anything is changed', async () => {
  await lab.info.run(
    'km-1',
    `sed -i s/EncryptionDecryptionPersistenceProcessor/PlainTextPersistenceProcessor/ ${old}/repository/conf/identity.xml`,
    'wso2carbon',
  )
  const { code, text } = await up()
  expect(code, text).toBe(2)
  expect(text).toMatch(/\[token-encryption\] .*EncryptPersistedTokens true, but identity\.xml/)
})

test('the vault has another password than its keystore: told before anything is changed', async () => {
  await lab.info.run('km-1', `echo another >${old}/password-persist`, 'wso2carbon')
  const { code, text } = await up()
  expect(code, text).toBe(2)
  expect(text).toMatch(/\[vault-wrong\] the password in \S+\/password-persist opens no keystore/)
  expect(text).not.toMatch(/== (hold|stop)/)
})

test('a tenant that is not active: left and named, where the inventory says so', async () => {
  const { code, text } = await up({ inactive_tenants: 'leave' })
  expect(code, text).toBe(0)
  const logs = await lab.run('logs', 'portal-1')
  const said = `${text}${logs.text}`
  expect(said).toMatch(/globex\.com/)
  const stores = await Promise.all(
    ['km-1', 'gw-1'].map((host) =>
      readFile(
        join(
          lab.info.hosts[host]?.root ?? '',
          'wso2/wso2am-3.0.0/repository/tenants/1/userstores/acme_ldap.xml',
        ),
        'utf8',
      ),
    ),
  )
  expect(new Set(stores).size).toBe(1)
  const password = /encrypted="true"[^>]*>([^<]+)</.exec(stores[0] ?? '')?.[1] ?? ''
  expect(Buffer.from(password, 'base64').toString()).toMatch(/^OAEP-5\.5\.0:/)
})
