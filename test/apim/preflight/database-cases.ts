import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { databaseServer, strangers } from '../../../src/apim/preflight/databases.ts'
import { documents, permissions, tiers, tokens } from '../../../src/apim/preflight/rows.ts'
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
}
