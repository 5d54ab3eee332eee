import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { databaseServer, strangers } from '../../../src/apim/preflight/databases.ts'
import { documents, permissions, tiers, tokens } from '../../../src/apim/preflight/rows.ts'
import { tokenFormFindings } from '../../../src/apim/preflight/tokens.ts'
import { tenants, tenantsMigrated } from '../../../src/apim/tenants.ts'
import { tokenForms } from '../../../src/apim/token-proof.ts'
import { encrypting } from '../../../src/apim/tokens.ts'
import type { Action } from '../../../src/model/action.ts'
import { secret } from '../../../src/model/secret.ts'
import type { Database } from '../../../src/modules/database/types.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { until } from '../../support/until.ts'

/** A server of an engine with one schema, and how SQL is done in it. */
export interface PreflightServer {
  readonly db: Database
  /** Makes the schema anew, empty. */
  fresh(): void
  run(sql: string): void
  /** A client as another user, from an address of this machine. */
  session(): { end(): void }
  /** What a table's bytes are called. */
  readonly bytes: string
  stop(): Promise<void>
}

export const login = { user: 'wso2', password: 'p-1', secret: secret('env:P') }

const tables = (bytes: string) => `
CREATE TABLE IDN_OAUTH_CONSUMER_APPS (CONSUMER_KEY VARCHAR(40) PRIMARY KEY);
CREATE TABLE IDN_OAUTH2_ACCESS_TOKEN (ACCESS_TOKEN VARCHAR(40) PRIMARY KEY, TOKEN_SCOPE VARCHAR(40), CONSUMER_KEY VARCHAR(40), FOREIGN KEY (CONSUMER_KEY) REFERENCES IDN_OAUTH_CONSUMER_APPS (CONSUMER_KEY));
CREATE TABLE AM_SUBSCRIPTION (TIER_ID VARCHAR(40)); CREATE TABLE AM_APPLICATION (APPLICATION_TIER VARCHAR(40));
CREATE TABLE UM_PERMISSION (UM_ID INT PRIMARY KEY, UM_RESOURCE_ID VARCHAR(40), UM_ACTION VARCHAR(20), UM_TENANT_ID INT);
CREATE TABLE REG_CONTENT (REG_CONTENT_ID INT PRIMARY KEY, REG_CONTENT_DATA ${bytes}); CREATE TABLE REG_RESOURCE (REG_CONTENT_ID INT, REG_MEDIA_TYPE VARCHAR(100));
INSERT INTO IDN_OAUTH_CONSUMER_APPS VALUES ('k'); INSERT INTO IDN_OAUTH2_ACCESS_TOKEN VALUES ('t', 'default', 'k');
INSERT INTO AM_SUBSCRIPTION VALUES ('Gold'); INSERT INTO AM_APPLICATION VALUES ('Unlimited');
INSERT INTO UM_PERMISSION VALUES (1, '/permission/admin', 'ui.execute', -1234), (2, '/permission/admin', 'ui.execute', 1);
INSERT INTO REG_CONTENT VALUES (1, '<metadata><overview><summary>how to</summary></overview></metadata>'); INSERT INTO REG_RESOURCE VALUES (1, 'application/vnd.wso2-document+xml');`

/** What holds for every engine that can be asked. */
export function databaseFindings(dir: string, start: (dir: string) => Promise<PreflightServer>): void {
  let server: PreflightServer
  let local: LocalOn
  beforeAll(async () => {
    server = await start(`${dir}/s`)
    local = await localOn(`${dir}/here`, () => login.password)
  })
  afterAll(async () => {
    await local?.close()
    await server?.stop()
  })
  beforeEach(() => {
    server.fresh()
    server.run(tables(server.bytes))
  })
  const told = async (action: Action) => {
    local.said.length = 0
    const blocked = await perform(local, action).then(
      () => '',
      (error: unknown) => String(error),
    )
    return [...`${blocked}\n${local.said.join('\n')}`.matchAll(/\[([a-z-]+)\] /g)].map((match) => match[1])
  }

  describe('the rows of a schema', () => {
    test('that is well are no finding', async () => {
      const { db } = server
      expect(await told(tokens({ db, accepted: [] }))).toEqual([])
      expect(await told(tiers({ db }))).toEqual([])
      expect(await told(permissions({ db }))).toEqual([])
      expect(await told(documents({ db }))).toEqual([])
    })

    test('that has none of these tables are no finding either', async () => {
      server.fresh()
      const { db } = server
      for (const action of [
        tokens({ db, accepted: [] }),
        tiers({ db }),
        permissions({ db }),
        documents({ db }),
      ])
        expect(await told(action)).toEqual([])
    })

    test('are a finding where a token has no scope, or a table of others hangs on the consumer apps', async () => {
      server.run(
        "INSERT INTO IDN_OAUTH2_ACCESS_TOKEN VALUES ('u', NULL, 'k'); CREATE TABLE APM_KEYS (K VARCHAR(40), FOREIGN KEY (K) REFERENCES IDN_OAUTH_CONSUMER_APPS (CONSUMER_KEY))",
      )
      expect(await told(tokens({ db: server.db, accepted: [] }))).toEqual(['token-scope-null', 'foreign-key'])
    })

    test('are a finding where a tier has a space', async () => {
      server.run(
        "INSERT INTO AM_SUBSCRIPTION VALUES ('Very Gold'); INSERT INTO AM_APPLICATION VALUES ('Very Gold')",
      )
      expect(await told(tiers({ db: server.db }))).toEqual(['tier-space'])
    })

    test('are a finding where a permission is there twice', async () => {
      server.run("INSERT INTO UM_PERMISSION VALUES (3, '/permission/admin', 'ui.execute', 1)")
      expect(await told(permissions({ db: server.db }))).toEqual(['permission-twice'])
    })

    test('are told where a document has no summary', async () => {
      server.run(
        "INSERT INTO REG_CONTENT VALUES (2, '<metadata><overview><summary></summary></overview></metadata>'), (3, '<metadata/>'); INSERT INTO REG_RESOURCE VALUES (2, 'application/vnd.wso2-document+xml'), (3, 'text/plain')",
      )
      expect(await told(documents({ db: server.db }))).toEqual(['summary-missing'])
      expect(local.said.join()).toMatch(/ 1 documents of APIs have no summary/)
    })
  })

  test('the server tells its version, and that it follows nobody', async () => {
    expect(await told(databaseServer({ db: server.db, accepted: [] }))).toEqual(['database-version'])
  })

  test('whoever else is connected is told, unless it is a host of the inventory', async () => {
    const { db } = server
    const session = server.session()
    try {
      await until(async () => (await told(strangers({ db, hosts: [] }))).length > 0, 'the session is seen')
      expect(await told(strangers({ db, hosts: [] }))).toEqual(['foreign-session'])
      expect(await told(strangers({ db, hosts: [db.host] }))).toEqual([])
    } finally {
      session.end()
    }
  })

  test('keys and tokens that are kept in another form than the configuration says', async () => {
    server.run(`ALTER TABLE IDN_OAUTH2_ACCESS_TOKEN ADD REFRESH_TOKEN VARCHAR(40); ALTER TABLE IDN_OAUTH_CONSUMER_APPS ADD CONSUMER_SECRET VARCHAR(600);
CREATE TABLE AM_APPLICATION_KEY_MAPPING (CONSUMER_KEY VARCHAR(40)); INSERT INTO AM_APPLICATION_KEY_MAPPING VALUES ('k'), ('Y2lwaGVy=');
CREATE TABLE AM_APP_KEY_DOMAIN_MAPPING (CONSUMER_KEY VARCHAR(40)); INSERT INTO AM_APP_KEY_DOMAIN_MAPPING VALUES ('k'), ('Y2lwaGVy=');
CREATE TABLE IDN_OAUTH2_AUTHORIZATION_CODE (AUTHORIZATION_CODE VARCHAR(600)); INSERT INTO IDN_OAUTH2_AUTHORIZATION_CODE VALUES ('plain'), ('${'b'.repeat(172)}');
UPDATE IDN_OAUTH2_ACCESS_TOKEN SET REFRESH_TOKEN = 'eyJjIjoiYSJ9'; UPDATE IDN_OAUTH_CONSUMER_APPS SET CONSUMER_SECRET = '${'a'.repeat(512)}'`)
    const { db } = server
    const { out: forms } = await perform(local, tokenForms({ db, version: '1.9.1' }))
    expect(forms).toEqual({ rows: 5, rsa: 2, oaep: 1, keys: 2, hashless: 0 })
    // There is no column for a hash yet; then one that nobody filled.
    const later = async () => (await perform(local, tokenForms({ db, version: '2.6.0' }))).out
    expect(await later()).toEqual(forms)
    server.run('ALTER TABLE IDN_OAUTH2_ACCESS_TOKEN ADD ACCESS_TOKEN_HASH VARCHAR(40)')
    expect((await later()).hashless).toBeGreaterThan(0)
    const kept = (keeping: { keys: boolean; processor?: string }) =>
      told(
        tokenFormFindings({
          version: '1.9.1',
          keeping,
          forms: { rows: 3, rsa: 1, oaep: 1, keys: 1, hashless: 0 },
        }),
      )
    expect(await kept({ keys: false })).toEqual(['token-form', 'token-form'])
    expect(await kept({ keys: true, processor: encrypting })).toEqual(['token-form', 'token-form'])
  })

  test('tenants that are not active, until it is said what becomes of them; and those that were not migrated', async () => {
    server.run(`CREATE TABLE UM_TENANT (UM_ID INT PRIMARY KEY, UM_DOMAIN_NAME VARCHAR(40), UM_ACTIVE SMALLINT); INSERT INTO UM_TENANT VALUES (1, 'acme.com', 1), (2, 'globex.com', 0);
CREATE TABLE UM_DIALECT (UM_DIALECT_URI VARCHAR(40), UM_TENANT_ID INT); INSERT INTO UM_DIALECT VALUES ('u', -1234), ('u', 1), ('u', 2);
CREATE TABLE IDN_CLAIM_DIALECT (TENANT_ID INT); INSERT INTO IDN_CLAIM_DIALECT VALUES (-1234), (1)`)
    const { db } = server
    expect(await told(tenants({ db, checked: [], accepted: [] }))).toEqual(['inactive-tenant'])
    expect(await told(tenants({ db, checked: [], accepted: ['inactive-tenant'] }))).toEqual([
      'inactive-tenant',
    ])
    for (const inactive of ['migrate', 'leave'])
      expect(await told(tenants({ db, inactive, checked: [], accepted: [] }))).toEqual([])
    const checked = ['acme.com', 'globex.com'].map((domain) => ({ check: `the call ${domain}`, domain }))
    expect(await told(tenants({ db, inactive: 'migrate', checked, accepted: [] }))).toEqual([
      'check-inactive',
    ])
    const proved = async (inactive?: 'migrate' | 'leave') =>
      (await perform(local, tenantsMigrated({ users: db, identity: db, inactive }))).out
    await expect(proved()).rejects.toThrow('Tenants were not migrated')
    await expect(proved('migrate')).rejects.toMatchObject({
      evidence: ['globex.com (not active): its claims are not in the identity tables'],
    })
    expect(await proved('leave')).toEqual({ migrated: 1, left: ['globex.com'] })
    expect(local.said.at(-1)).toBe('not migrated, as the inventory says: globex.com (not active)')
    server.run('INSERT INTO IDN_CLAIM_DIALECT VALUES (2)')
    expect(await proved('migrate')).toEqual({ migrated: 2, left: [] })
  })
}
