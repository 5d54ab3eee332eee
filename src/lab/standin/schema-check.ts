import type { Open } from './databases.ts'
import { trace } from './log.ts'
import { atLeast, type Server } from './server.ts'

/** What a release asks of its tables at first use, and who is heard to complain. */
const uses: readonly { since: string; until: string; name: string; sql: string }[] = [
  use('1.9.0', '2.0.0', 'org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO', 'SELECT CONTEXT_TEMPLATE FROM AM_API'),
  use(
    '1.8.0',
    '1.10.0',
    'org.wso2.carbon.identity.oauth2.dao.TokenMgtDAO',
    'SELECT CONSUMER_KEY, TOKEN_SCOPE FROM IDN_OAUTH2_ACCESS_TOKEN',
  ),
  use(
    '1.8.0',
    '1.10.0',
    'org.wso2.carbon.identity.scim.common.impl.DefaultSCIMProvisioningHandler',
    'SELECT * FROM IDN_SCIM_PROVIDER',
  ),
  use('1.10.0', '', 'org.wso2.carbon.idp.mgt.dao.IdPManagementDAO', 'SELECT NAME FROM IDP_METADATA'),
  use('2.0.0', '', 'org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO', 'SELECT NAME FROM AM_POLICY_APPLICATION'),
  use('2.0.0', '', 'org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO', 'SELECT NAME FROM AM_POLICY_SUBSCRIPTION'),
  use('2.0.0', '', 'org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO', 'SELECT API_TIER FROM AM_API'),
  use(
    '1.10.0',
    '',
    'org.wso2.carbon.identity.oauth2.dao.TokenMgtDAO',
    'SELECT TOKEN_ID FROM IDN_OAUTH2_ACCESS_TOKEN',
  ),
  use('2.5.0', '', 'org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO', 'SELECT NAME FROM AM_LABELS'),
  use('2.5.0', '', 'org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO', 'SELECT TOKEN_TYPE FROM AM_APPLICATION'),
  use(
    '2.6.0',
    '',
    'org.wso2.carbon.identity.claim.metadata.mgt.dao.ClaimDialectDAO',
    'SELECT DIALECT_URI FROM IDN_CLAIM_DIALECT',
  ),
  use(
    '2.6.0',
    '',
    'org.wso2.carbon.identity.openidconnect.dao.ScopeClaimMappingDAOImpl',
    'SELECT NAME FROM IDN_OIDC_SCOPE',
  ),
  use(
    '2.6.0',
    '',
    'org.wso2.carbon.identity.oauth2.dao.AccessTokenDAOImpl',
    'SELECT ACCESS_TOKEN_HASH FROM IDN_OAUTH2_ACCESS_TOKEN',
  ),
  use('3.0.0', '', 'org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO', 'SELECT API_TYPE FROM AM_API'),
  use('3.0.0', '', 'org.wso2.carbon.apimgt.impl.dao.SystemApplicationDAO', 'SELECT NAME FROM AM_SYSTEM_APPS'),
  use(
    '3.0.0',
    '',
    'org.wso2.carbon.identity.oauth2.dao.AccessTokenDAOImpl',
    'SELECT IDP_ID FROM IDN_OAUTH2_ACCESS_TOKEN',
  ),
  use(
    '3.0.0',
    '',
    'org.wso2.carbon.identity.application.authentication.framework.store.UserSessionStore',
    'SELECT VALUE FROM IDN_AUTH_SESSION_META_DATA',
  ),
]

/** A server whose tables are of another release starts all the same; then the database complains at first use. */
export async function complainAboutSchema(server: Server, databases: Open): Promise<void> {
  if (databases.am === undefined) return
  const session = await databases.session(databases.am)
  for (const { since, until, name, sql } of uses) {
    if (!atLeast(server, since) || (until !== '' && atLeast(server, until))) continue
    const error = await session.query(`${sql} LIMIT 1`).then(
      () => undefined,
      (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
    )
    if (error === undefined) continue
    const idp = sql.includes('IDP_METADATA')
    const exception =
      databases.am.target.engine === 'mysql'
        ? 'com.mysql.jdbc.exceptions.jdbc4.MySQLSyntaxErrorException'
        : 'org.postgresql.util.PSQLException'
    const driver = `${exception}: ${error}`
    server.log(
      'ERROR',
      name,
      `Error while executing SQL: ${error}`,
      idp ? trace(localIdp, driver) : trace(driver),
    )
  }
}

const localIdp =
  'org.wso2.carbon.idp.mgt.IdentityProviderManagementException: Error occurred while retrieving Identity Provider properties of LOCAL'

function use(since: string, until: string, name: string, sql: string) {
  return { since, until, name, sql }
}
