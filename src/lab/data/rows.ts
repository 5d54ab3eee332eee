import { type OldVersion, since } from '../pack/release.ts'
import { encrypted, retired } from './guarded.ts'
import { sampleApis, sampleTenants } from './samples.ts'

const now = "'2016-01-19 10:54:12'"

/** Sample rows of AM_DB: subscribers of three tenants, their applications, subscriptions, keys and tokens; encrypted with a key store, where one is given. */
export function amRows(release: OldVersion, keystore?: string): string {
  const rows = `${apimRows(release)}${since(release, '1.9.0') ? makers : ''}${since(release, '1.10.0') ? applicationIds + tokens510(release) : tokens500}${since(release, '2.0.0') ? policyRows : ''}`
  return `${keystore === undefined ? rows : encrypted(rows, release, keystore)}${identityRows}`
}

const apimRows = (release: OldVersion) => `
INSERT INTO AM_SUBSCRIBER (SUBSCRIBER_ID, USER_ID, TENANT_ID, EMAIL_ADDRESS, DATE_SUBSCRIBED) VALUES
  (1, 'admin', -1234, 'admin@lab', ${now}), (2, 'alice', -1234, 'alice@lab', ${now}),
  (3, 'bob@acme.com', 1, 'bob@acme.com', ${now}), (4, 'carol@globex.com', 2, 'carol@globex.com', ${now});
INSERT INTO AM_APPLICATION (APPLICATION_ID, NAME, SUBSCRIBER_ID, DESCRIPTION) VALUES
  (1, 'DefaultApplication', 1, ''), (2, 'MobileApp', 2, 'Alice and her phone'),
  (3, 'OrderDesk', 3, 'Orders of acme.com'), (4, 'DefaultApplication', 4, '');
INSERT INTO AM_API (API_ID, API_PROVIDER, API_NAME, API_VERSION, CONTEXT) VALUES
  ${sampleApis.map(({ provider, name, version, context, template }, at) => `(${at + 1}, '${provider}', '${name}', '${version}', '${since(release, '1.9.0') ? context : template.replace('/{version}', '')}')`).join(',\n  ')};
INSERT INTO AM_API_URL_MAPPING (API_ID, HTTP_METHOD, AUTH_SCHEME, URL_PATTERN, THROTTLING_TIER) VALUES
  (1, 'GET', 'Any', '/*', 'Unlimited'), (2, 'GET', 'Any', '/*', 'Unlimited'), (2, 'POST', 'Any', '/*', 'Gold'), (3, 'GET', 'Any', '/*', 'Unlimited');
INSERT INTO AM_SUBSCRIPTION (SUBSCRIPTION_ID, TIER_ID, API_ID, APPLICATION_ID, SUB_STATUS) VALUES
  (1, 'Gold', 1, 2, 'UNBLOCKED'), (2, 'Silver', 2, 2, 'UNBLOCKED'),
  (3, 'Unlimited', 3, 3, 'UNBLOCKED'), (4, 'Bronze', 1, 1, 'BLOCKED');
INSERT INTO AM_APPLICATION_KEY_MAPPING (APPLICATION_ID, CONSUMER_KEY, KEY_TYPE, STATE) VALUES
  (2, 'labKeyAliceProduction', 'PRODUCTION', 'COMPLETED'), (2, 'labKeyAliceSandbox', 'SANDBOX', 'COMPLETED'),
  (3, 'labKeyBobProduction', 'PRODUCTION', 'COMPLETED');
INSERT INTO AM_API_LC_EVENT (API_ID, NEW_STATE, USER_ID, TENANT_ID, EVENT_DATE) VALUES
  (1, 'PUBLISHED', 'admin', -1234, ${now}), (2, 'PUBLISHED', 'admin', -1234, ${now}), (3, 'PUBLISHED', 'admin@acme.com', 1, ${now});
INSERT INTO AM_WORKFLOWS (WF_REFERENCE, WF_TYPE, WF_STATUS, TENANT_DOMAIN, TENANT_ID) VALUES ('2', 'AM_APPLICATION_CREATION', 'APPROVED', 'carbon.super', -1234);
`

/** From 1.9 on: who made what, and the context with its place for the version. */
const makers = `UPDATE AM_SUBSCRIBER SET CREATED_BY = USER_ID;
UPDATE AM_APPLICATION A JOIN AM_SUBSCRIBER S ON S.SUBSCRIBER_ID = A.SUBSCRIBER_ID SET A.CREATED_BY = S.USER_ID, A.CREATED_TIME = ${now};
UPDATE AM_SUBSCRIPTION B JOIN AM_APPLICATION A ON A.APPLICATION_ID = B.APPLICATION_ID SET B.CREATED_BY = A.CREATED_BY, B.CREATED_TIME = ${now};
UPDATE AM_API SET CREATED_BY = API_PROVIDER, CREATED_TIME = ${now}, CONTEXT_TEMPLATE = REPLACE(CONTEXT, API_VERSION, '{version}');
`

const consumers = `('labKeyAliceProduction', 'labSecretAliceProduction', 'alice', -1234, 'alice_MobileApp_PRODUCTION', 'OAuth-2.0', '', 'client_credentials password refresh_token'),
  ('labKeyAliceSandbox', 'labSecretAliceSandbox', 'alice', -1234, 'alice_MobileApp_SANDBOX', 'OAuth-2.0', '', 'client_credentials password refresh_token'),
  ('labKeyBobProduction', 'labSecretBobProduction', 'bob', 1, 'bob_OrderDesk_PRODUCTION', 'OAuth-2.0', '', 'client_credentials')`

/** The tokens of before identity 5.1.0 have their application's key and their scopes in them. */
const tokens500 = `INSERT INTO IDN_OAUTH_CONSUMER_APPS (CONSUMER_KEY, CONSUMER_SECRET, USERNAME, TENANT_ID, APP_NAME, OAUTH_VERSION, CALLBACK_URL, GRANT_TYPES) VALUES
  ${consumers};
INSERT INTO IDN_OAUTH2_ACCESS_TOKEN (ACCESS_TOKEN, REFRESH_TOKEN, CONSUMER_KEY, AUTHZ_USER, USER_TYPE, VALIDITY_PERIOD, TOKEN_SCOPE, TOKEN_STATE, TOKEN_STATE_ID) VALUES
  ('labTokenAliceActive', 'labRefreshAlice1', 'labKeyAliceProduction', 'Alice@carbon.super', 'APPLICATION_USER', 99999999999999999, 'default', 'ACTIVE', 'NONE'),
  ('labTokenAliceScoped', 'labRefreshAlice2', 'labKeyAliceSandbox', 'alice@carbon.super', 'APPLICATION_USER', 99999999999999999, 'am_application_scope default', 'ACTIVE', 'NONE'),
  ('labTokenAliceRevoked', 'labRefreshAlice3', 'labKeyAliceProduction', 'alice@carbon.super', 'APPLICATION_USER', 3600000, 'default', 'REVOKED', 'labState1'),
  ('labTokenBobActive', 'labRefreshBob1', 'labKeyBobProduction', 'bob@acme.com', 'APPLICATION', 99999999999999999, 'default', 'ACTIVE', 'NONE'),
  ('labTokenBobInactive', 'labRefreshBob2', 'labKeyBobProduction', 'bob@acme.com', 'APPLICATION', 3600000, 'default', 'INACTIVE', 'labState2');
INSERT INTO IDN_OAUTH2_AUTHORIZATION_CODE (AUTHORIZATION_CODE, CONSUMER_KEY, SCOPE, AUTHZ_USER, VALIDITY_PERIOD) VALUES
  ('labCode1', 'labKeyAliceProduction', 'default', 'alice@carbon.super', 300000);
INSERT INTO IDN_SCIM_PROVIDER VALUES ('carbon.super', 'salesforce', 'sync', 'x', 'https://scim.example.com');
`

const applicationIds = `UPDATE AM_APPLICATION SET UUID = UUID();
UPDATE AM_SUBSCRIPTION SET UUID = UUID();
`

/** The same from identity 5.1.0 on: an application's number, scopes beside the token; from 5.5.0 on hashes. */
const tokens510 = (
  release: OldVersion,
) => `INSERT INTO IDN_OAUTH_CONSUMER_APPS (CONSUMER_KEY, CONSUMER_SECRET, USERNAME, TENANT_ID, APP_NAME, OAUTH_VERSION, CALLBACK_URL, GRANT_TYPES) VALUES
  ${consumers};
INSERT INTO IDN_OAUTH2_ACCESS_TOKEN (TOKEN_ID, ACCESS_TOKEN, REFRESH_TOKEN, CONSUMER_KEY_ID, AUTHZ_USER, TENANT_ID, USER_DOMAIN, USER_TYPE, GRANT_TYPE, VALIDITY_PERIOD, REFRESH_TOKEN_VALIDITY_PERIOD, TOKEN_STATE, TOKEN_STATE_ID) VALUES
  ('labToken1', 'labTokenAliceActive', 'labRefreshAlice1', 1, 'alice', -1234, 'PRIMARY', 'APPLICATION_USER', 'password', 99999999999999999, 84600000, 'ACTIVE', 'NONE'),
  ('labToken2', 'labTokenAliceScoped', 'labRefreshAlice2', 2, 'alice', -1234, 'PRIMARY', 'APPLICATION_USER', 'password', 99999999999999999, 84600000, 'ACTIVE', 'NONE'),
  ('labToken3', 'labTokenAliceRevoked', 'labRefreshAlice3', 1, 'alice', -1234, 'PRIMARY', 'APPLICATION_USER', 'password', 3600000, 84600000, 'REVOKED', 'labState1'),
  ('labToken4', 'labTokenBobActive', 'labRefreshBob1', 3, 'bob', 1, 'PRIMARY', 'APPLICATION', 'client_credentials', 99999999999999999, 84600000, 'ACTIVE', 'NONE'),
  ('labToken5', 'labTokenBobInactive', 'labRefreshBob2', 3, 'bob', 1, 'PRIMARY', 'APPLICATION', 'client_credentials', 3600000, 84600000, 'INACTIVE', 'labState2');
UPDATE IDN_OAUTH2_ACCESS_TOKEN SET TOKEN_SCOPE_HASH = MD5('default');
INSERT INTO IDN_OAUTH2_ACCESS_TOKEN_SCOPE SELECT TOKEN_ID, 'default' FROM IDN_OAUTH2_ACCESS_TOKEN;
INSERT INTO IDN_OAUTH2_ACCESS_TOKEN_SCOPE VALUES ('labToken2', 'am_application_scope');
INSERT INTO IDN_OAUTH2_AUTHORIZATION_CODE (CODE_ID, AUTHORIZATION_CODE, CONSUMER_KEY_ID, SCOPE, AUTHZ_USER, VALIDITY_PERIOD) VALUES
  ('labCodeId1', 'labCode1', 1, 'default', 'alice', 300000);
INSERT INTO IDN_AUTH_SESSION_STORE (SESSION_ID, SESSION_TYPE) VALUES ('labSession1', 'AppAuthFrameworkSessionContextCache');
INSERT INTO IDP_METADATA (IDP_ID, NAME, VALUE, TENANT_ID) VALUES (1, 'SessionIdleTimeout', '15', -1234), (2, 'SessionIdleTimeout', '15', 1);
${
  since(release, '2.5.0')
    ? `UPDATE IDN_OAUTH2_ACCESS_TOKEN SET ACCESS_TOKEN_HASH = SHA2(ACCESS_TOKEN, 256), REFRESH_TOKEN_HASH = SHA2(REFRESH_TOKEN, 256);
INSERT INTO IDN_CLAIM_DIALECT (DIALECT_URI, TENANT_ID) VALUES ('http://wso2.org/claims', -1234), ('http://wso2.org/claims', 1), ('http://wso2.org/claims', 2);
${since(release, '2.6.0') ? oidc : ''}`
    : ''
}`

const oidc = `INSERT INTO IDN_OIDC_SCOPE (NAME, TENANT_ID) VALUES ('openid', -1234), ('profile', -1234);
`

const policyRows = `UPDATE AM_API SET API_TIER = 'Unlimited';
INSERT INTO AM_ALERT_TYPES (ALERT_TYPE_NAME, STAKE_HOLDER) VALUES ('AbnormalResponseTime', 'publisher'), ('AbnormalRequestsPerMin', 'subscriber');
INSERT INTO AM_POLICY_SUBSCRIPTION (NAME, TENANT_ID, QUOTA_TYPE, QUOTA, UNIT_TIME, TIME_UNIT, UUID, IS_DEPLOYED) VALUES
  ('Gold', -1234, 'requestCount', 5000, 1, 'min', UUID(), 1), ('Silver', -1234, 'requestCount', 2000, 1, 'min', UUID(), 1),
  ('Bronze', -1234, 'requestCount', 1000, 1, 'min', UUID(), 1), ('Unlimited', -1234, 'requestCount', 2147483647, 1, 'min', UUID(), 1),
  ('Unlimited', 1, 'requestCount', 2147483647, 1, 'min', UUID(), 1);
INSERT INTO AM_POLICY_APPLICATION (NAME, TENANT_ID, QUOTA_TYPE, QUOTA, UNIT_TIME, TIME_UNIT, UUID, IS_DEPLOYED) VALUES
  ('50PerMin', -1234, 'requestCount', 50, 1, 'min', UUID(), 1);
INSERT INTO AM_API_THROTTLE_POLICY (NAME, TENANT_ID, APPLICABLE_LEVEL, UUID) VALUES ('10KPerMin', -1234, 'apiLevel', UUID());
INSERT INTO AM_BLOCK_CONDITIONS (TYPE, VALUE, ENABLED, DOMAIN, UUID) VALUES ('IP', '192.0.2.7', 'false', 'carbon.super', UUID());
`

const identityRows = `INSERT INTO IDP (ID, TENANT_ID, NAME, IS_PRIMARY) VALUES (1, -1234, 'LOCAL', '1'), (2, 1, 'LOCAL', '1'), (3, 2, 'LOCAL', '1');
INSERT INTO SP_APP (ID, TENANT_ID, APP_NAME, USER_STORE, USERNAME) VALUES (1, -1234, 'alice_MobileApp_PRODUCTION', 'PRIMARY', 'alice');
INSERT INTO SP_INBOUND_AUTH (TENANT_ID, INBOUND_AUTH_KEY, INBOUND_AUTH_TYPE, APP_ID) VALUES (-1234, 'labKeyAliceProduction', 'oauth2', 1);
`

/** Sample rows of UM_DB: two tenants, users and roles of each. */
export const umRows = (release: OldVersion, keystore?: string) => `
INSERT INTO UM_TENANT (UM_ID, UM_DOMAIN_NAME, UM_EMAIL, UM_ACTIVE) VALUES ${sampleTenants.map(({ id, domain }) => `(${id}, '${domain}', 'admin@${domain}', 1)`).join(', ')};
INSERT INTO UM_DOMAIN VALUES (1, 'PRIMARY', -1234), (2, 'PRIMARY', 1), (3, 'PRIMARY', 2), (4, 'PARTNERS', -1234);
INSERT INTO UM_USER (UM_USER_NAME, UM_USER_PASSWORD, UM_SALT_VALUE, UM_TENANT_ID) VALUES ('admin', 'bGFi', 'c2FsdA==', -1234),
  ('alice', 'bGFi', 'c2FsdA==', -1234), ('admin', 'bGFi', 'c2FsdA==', 1), ('bob', 'bGFi', 'c2FsdA==', 1), ('carol', 'bGFi', 'c2FsdA==', 2);
INSERT INTO UM_ROLE (UM_ROLE_NAME, UM_TENANT_ID) VALUES ('Internal/subscriber', -1234), ('Internal/publisher', -1234), ('Internal/creator', -1234),
  ('Internal/subscriber', 1), ('Internal/subscriber', 2);
INSERT INTO UM_PERMISSION (UM_RESOURCE_ID, UM_ACTION, UM_TENANT_ID) VALUES ('/permission/admin', 'ui.execute', -1234), ('/permission/admin/login', 'ui.execute', -1234),
  ('/permission/admin', 'ui.execute', 1), ('/permission/admin', 'ui.execute', 2);
INSERT INTO UM_DIALECT (UM_ID, UM_DIALECT_URI, UM_TENANT_ID) VALUES (1, 'http://wso2.org/claims', -1234), (2, 'http://wso2.org/claims', 1), (3, 'http://wso2.org/claims', 2);
INSERT INTO UM_CLAIM (UM_DIALECT_ID, UM_CLAIM_URI, UM_DISPLAY_TAG, UM_MAPPED_ATTRIBUTE, UM_TENANT_ID) VALUES (1, 'http://wso2.org/claims/emailaddress', 'Email', 'mail', -1234);
${since(release, '2.0.0') ? disabled : ''}${keystore === undefined ? '' : retired}`

const disabled = `INSERT INTO UM_CLAIM (UM_DIALECT_ID, UM_CLAIM_URI, UM_DISPLAY_TAG, UM_MAPPED_ATTRIBUTE, UM_TENANT_ID)
  VALUES (1, 'http://wso2.org/claims/identity/accountDisabled', 'Account Disabled', 'accountDisabled', -1234);
`

const registry = sampleApis.map(({ provider, name, version, tenant }, at) => ({
  id: 10 + at,
  tenant,
  parent: `/_system/governance/apimgt/applicationdata/provider/${provider.replace('-AT-', '@')}/${name}/${version}`,
}))
const everyone = [-1234, ...sampleTenants.map(({ id }) => id)]

/** Sample rows of REG_DB: the artefact of each API, its tags and ratings, the rxt of each tenant, and a long REG_LOG. */
export const regRows = (release: OldVersion) => `
INSERT INTO REG_PATH (REG_PATH_ID, REG_PATH_VALUE, REG_TENANT_ID) VALUES
  ${[...registry.map(({ id, parent, tenant }) => `(${id}, '${parent}', ${tenant})`), ...everyone.map((tenant, at) => `(${100 + at}, '/_system/config/repository/components/org.wso2.carbon.governance/types', ${tenant})`)].join(',\n  ')};
INSERT INTO REG_CONTENT (REG_CONTENT_ID, REG_CONTENT_DATA, REG_TENANT_ID) VALUES
  ${[...registry.map(({ id, tenant }) => `(${id}, '<metadata><overview/></metadata>', ${tenant})`), ...everyone.map((tenant, at) => `(${100 + at}, '<artifactType shortName="api" version="${release}"/>', ${tenant})`)].join(',\n  ')};
INSERT INTO REG_RESOURCE (REG_PATH_ID, REG_NAME, REG_VERSION, REG_MEDIA_TYPE, REG_CREATOR, REG_CONTENT_ID, REG_TENANT_ID, REG_UUID) VALUES
  ${[...registry.map(({ id, tenant }) => `(${id}, 'api', ${id}, 'application/vnd.wso2-api+xml', 'admin', ${id}, ${tenant}, UUID())`), ...everyone.map((tenant, at) => `(${100 + at}, 'api.rxt', ${100 + at}, 'application/vnd.wso2.registry-ext-type+xml', 'admin', ${100 + at}, ${tenant}, UUID())`)].join(',\n  ')};
INSERT INTO REG_TAG (REG_ID, REG_TAG_NAME, REG_USER_ID, REG_TENANT_ID) VALUES (1, 'weather', 'admin', -1234), (2, 'orphan', 'admin', -1234);
INSERT INTO REG_RESOURCE_TAG (REG_TAG_ID, REG_VERSION, REG_TENANT_ID) VALUES (1, 10, -1234), (2, 999, -1234);
INSERT INTO REG_PROPERTY (REG_ID, REG_NAME, REG_VALUE, REG_TENANT_ID) VALUES (1, 'STATUS', 'PUBLISHED', -1234);
INSERT INTO REG_RESOURCE_PROPERTY (REG_PROPERTY_ID, REG_VERSION, REG_TENANT_ID) VALUES (1, 10, -1234);
INSERT INTO REG_RATING (REG_ID, REG_RATING, REG_USER_ID, REG_TENANT_ID) VALUES (1, 4, 'alice', -1234);
INSERT INTO REG_RESOURCE_RATING (REG_RATING_ID, REG_VERSION, REG_TENANT_ID) VALUES (1, 10, -1234);
INSERT INTO REG_LOG (REG_PATH, REG_USER_ID, REG_ACTION, REG_TENANT_ID) VALUES
  ${registry.flatMap(({ parent, tenant }) => [1, 2, 3, 7].map((action) => `('${parent}', 'admin', ${action}, ${tenant})`)).join(',\n  ')};
`
