// src/lab/lab.ts
import { readFile as readFile8, rm as rm6 } from "node:fs/promises";
import { join as join13 } from "node:path";

// src/model/errors.ts
var InputError = class extends Error {
  name = "InputError";
  /** All that is wrong, one line each: `place path: expected ..., got ...`. */
  problems;
  /** What to type or do next: the last line of the message. */
  next;
  constructor(problems, next) {
    const list = typeof problems === "string" ? [problems] : problems;
    super([...list, ...next === void 0 ? [] : [next]].join("\n"));
    this.problems = list;
    this.next = next;
  }
};

// src/lab/build.ts
import { randomBytes as randomBytes2 } from "node:crypto";
import { mkdir as mkdir7, readFile as readFile5, writeFile as writeFile5 } from "node:fs/promises";
import { join as join9 } from "node:path";

// src/lab/artifacts.ts
import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join as join2 } from "node:path";

// src/lab/data/hop1.ts
function mark(step) {
  return `INSERT INTO LAB_APPLIED (STEP) VALUES ('${step}');
`;
}
var from18to19 = `${mark("apim-18-19")}
ALTER TABLE AM_API ADD CONTEXT_TEMPLATE VARCHAR(256);
UPDATE AM_API SET CONTEXT_TEMPLATE = CONCAT(CONTEXT, '/{version}');
UPDATE IDN_OAUTH2_ACCESS_TOKEN SET TOKEN_SCOPE = 'default' WHERE TOKEN_SCOPE IS NULL;
`;
var from19to110 = `${mark("apim-19-110")}
ALTER TABLE AM_APPLICATION ADD UUID VARCHAR(256);
UPDATE AM_APPLICATION SET UUID = UUID();
ALTER TABLE AM_SUBSCRIPTION ADD UUID VARCHAR(256);
UPDATE AM_SUBSCRIPTION SET UUID = UUID();
UPDATE IDN_OAUTH2_ACCESS_TOKEN SET AUTHZ_USER = LOWER(AUTHZ_USER) WHERE CONSUMER_KEY IS NOT NULL AND TOKEN_SCOPE IS NOT NULL;
ALTER TABLE AM_APPLICATION ADD UPDATED_BY VARCHAR(100);
ALTER TABLE AM_APPLICATION ADD UPDATED_TIME DATETIME;
ALTER TABLE AM_WORKFLOWS ADD EXTERNAL_REFERENCE VARCHAR(255);
`;
var from110to200 = `${mark("apim-110-200")}
ALTER TABLE AM_API ADD API_TIER VARCHAR(256);
UPDATE AM_API SET API_TIER = 'Unlimited';
CREATE TABLE AM_ALERT_TYPES (ALERT_TYPE_ID INT AUTO_INCREMENT PRIMARY KEY, ALERT_TYPE_NAME VARCHAR(255) NOT NULL, STAKE_HOLDER VARCHAR(100) NOT NULL) ENGINE=InnoDB;
INSERT INTO AM_ALERT_TYPES (ALERT_TYPE_NAME, STAKE_HOLDER) VALUES ('AbnormalResponseTime', 'publisher'), ('AbnormalRequestsPerMin', 'subscriber');
CREATE TABLE AM_ALERT_TYPES_VALUES (ALERT_TYPE_ID INT, USER_NAME VARCHAR(255), STAKE_HOLDER VARCHAR(100)) ENGINE=InnoDB;
CREATE TABLE AM_POLICY_SUBSCRIPTION (POLICY_ID INT AUTO_INCREMENT PRIMARY KEY, NAME VARCHAR(255) NOT NULL, TENANT_ID INT NOT NULL,
  QUOTA_TYPE VARCHAR(25) NOT NULL, QUOTA INT NOT NULL, UNIT_TIME INT NOT NULL, TIME_UNIT VARCHAR(25) NOT NULL,
  STOP_ON_QUOTA_REACH TINYINT(1) NOT NULL DEFAULT 0, BILLING_PLAN VARCHAR(20) NOT NULL DEFAULT 'FREE', UUID VARCHAR(256),
  IS_DEPLOYED TINYINT(1) NOT NULL DEFAULT 0, UNIQUE (NAME, TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE AM_POLICY_APPLICATION (POLICY_ID INT AUTO_INCREMENT PRIMARY KEY, NAME VARCHAR(255) NOT NULL, TENANT_ID INT NOT NULL,
  QUOTA_TYPE VARCHAR(25) NOT NULL, QUOTA INT NOT NULL, UNIT_TIME INT NOT NULL, TIME_UNIT VARCHAR(25) NOT NULL, UUID VARCHAR(256),
  IS_DEPLOYED TINYINT(1) NOT NULL DEFAULT 0, UNIQUE (NAME, TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE AM_API_THROTTLE_POLICY (POLICY_ID INT AUTO_INCREMENT PRIMARY KEY, NAME VARCHAR(255) NOT NULL, TENANT_ID INT NOT NULL,
  APPLICABLE_LEVEL VARCHAR(25) NOT NULL, UUID VARCHAR(256), UNIQUE (NAME, TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE AM_BLOCK_CONDITIONS (CONDITION_ID INT AUTO_INCREMENT PRIMARY KEY, TYPE VARCHAR(45), VALUE VARCHAR(45), ENABLED VARCHAR(45),
  DOMAIN VARCHAR(45), UUID VARCHAR(256) UNIQUE) ENGINE=InnoDB;
`;
var constraint = "SELECT 1;\n";
var identitySp1 = `${mark("identity-5.0.0-SP1")}
CREATE TABLE IDN_AUTH_SESSION_STORE (SESSION_ID VARCHAR(100) NOT NULL, SESSION_TYPE VARCHAR(100) NOT NULL, SESSION_OBJECT BLOB,
  TIME_CREATED TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (SESSION_ID, SESSION_TYPE, TIME_CREATED)) ENGINE=InnoDB;
`;
var identity510 = `${mark("identity-5.1.0-schema")}
DELETE FROM IDN_AUTH_SESSION_STORE;
ALTER TABLE IDN_OAUTH2_ACCESS_TOKEN DROP FOREIGN KEY CON_APP;
ALTER TABLE IDN_OAUTH2_AUTHORIZATION_CODE DROP FOREIGN KEY IDN_OAUTH2_AUTHORIZATION_CODE_ibfk_1;
ALTER TABLE IDN_OAUTH_CONSUMER_APPS DROP PRIMARY KEY, ADD ID INT NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST, ADD USER_DOMAIN VARCHAR(50),
  ADD CONSTRAINT CONSUMER_KEY_CONSTRAINT UNIQUE (CONSUMER_KEY);
ALTER TABLE IDN_OAUTH2_ACCESS_TOKEN ADD TOKEN_ID VARCHAR(255), ADD CONSUMER_KEY_ID INT, ADD TENANT_ID INT, ADD USER_DOMAIN VARCHAR(50),
  ADD GRANT_TYPE VARCHAR(50), ADD REFRESH_TOKEN_TIME_CREATED TIMESTAMP NULL, ADD REFRESH_TOKEN_VALIDITY_PERIOD BIGINT, ADD TOKEN_SCOPE_HASH VARCHAR(32);
ALTER TABLE IDN_OAUTH2_AUTHORIZATION_CODE ADD CODE_ID VARCHAR(255), ADD CONSUMER_KEY_ID INT, ADD STATE VARCHAR(25) DEFAULT 'ACTIVE', ADD TOKEN_ID VARCHAR(255);
CREATE TABLE IDN_OAUTH2_ACCESS_TOKEN_SCOPE (TOKEN_ID VARCHAR(255), TOKEN_SCOPE VARCHAR(60), PRIMARY KEY (TOKEN_ID, TOKEN_SCOPE)) ENGINE=InnoDB;
CREATE TABLE IDP_METADATA (ID INT AUTO_INCREMENT PRIMARY KEY, IDP_ID INT, NAME VARCHAR(255) NOT NULL, VALUE VARCHAR(255) NOT NULL,
  DISPLAY_NAME VARCHAR(255), TENANT_ID INT DEFAULT -1) ENGINE=InnoDB;
CREATE TABLE SP_METADATA (ID INT AUTO_INCREMENT PRIMARY KEY, SP_ID INT, NAME VARCHAR(255) NOT NULL, VALUE VARCHAR(255) NOT NULL,
  DISPLAY_NAME VARCHAR(255), TENANT_ID INT DEFAULT -1) ENGINE=InnoDB;
CREATE TABLE WF_BPS_PROFILE (PROFILE_NAME VARCHAR(45), HOST_URL_MANAGER VARCHAR(45), TENANT_ID INT DEFAULT -1, PRIMARY KEY (PROFILE_NAME, TENANT_ID)) ENGINE=InnoDB;
`;
var identity510Data = `UPDATE IDN_OAUTH2_ACCESS_TOKEN T JOIN IDN_OAUTH_CONSUMER_APPS A ON A.CONSUMER_KEY = T.CONSUMER_KEY
  SET T.CONSUMER_KEY_ID = A.ID, T.TENANT_ID = A.TENANT_ID, T.TOKEN_ID = UUID(), T.TOKEN_SCOPE_HASH = MD5(T.TOKEN_SCOPE),
  T.USER_DOMAIN = 'PRIMARY', T.REFRESH_TOKEN_TIME_CREATED = T.TIME_CREATED, T.REFRESH_TOKEN_VALIDITY_PERIOD = 84600000;
INSERT INTO IDN_OAUTH2_ACCESS_TOKEN_SCOPE SELECT TOKEN_ID, SUBSTRING_INDEX(TOKEN_SCOPE, ' ', 1) FROM IDN_OAUTH2_ACCESS_TOKEN WHERE TOKEN_ID IS NOT NULL;
INSERT IGNORE INTO IDN_OAUTH2_ACCESS_TOKEN_SCOPE SELECT TOKEN_ID, SUBSTRING_INDEX(TOKEN_SCOPE, ' ', -1) FROM IDN_OAUTH2_ACCESS_TOKEN WHERE TOKEN_ID IS NOT NULL;
UPDATE IDN_OAUTH2_AUTHORIZATION_CODE C JOIN IDN_OAUTH_CONSUMER_APPS A ON A.CONSUMER_KEY = C.CONSUMER_KEY SET C.CONSUMER_KEY_ID = A.ID, C.CODE_ID = UUID();
INSERT INTO IDP_METADATA (IDP_ID, NAME, VALUE, TENANT_ID) SELECT ID, 'SessionIdleTimeout', '15', TENANT_ID FROM IDP;
`;
var identity510End = `ALTER TABLE IDN_OAUTH2_ACCESS_TOKEN DROP PRIMARY KEY, DROP COLUMN CONSUMER_KEY, DROP COLUMN TOKEN_SCOPE, ADD PRIMARY KEY (ACCESS_TOKEN),
  ADD CONSTRAINT CON_APP_ID FOREIGN KEY (CONSUMER_KEY_ID) REFERENCES IDN_OAUTH_CONSUMER_APPS (ID) ON DELETE CASCADE;
ALTER TABLE IDN_OAUTH2_AUTHORIZATION_CODE DROP COLUMN CONSUMER_KEY;
DROP TABLE IDN_SCIM_PROVIDER;
${mark("identity-5.1.0-end")}`;
var users510 = `${mark("identity-5.1.0-users")}
ALTER TABLE UM_DOMAIN ADD CONSTRAINT UM_DOMAIN_NAME_TENANT UNIQUE (UM_DOMAIN_NAME, UM_TENANT_ID);
ALTER TABLE UM_USER_ROLE ADD CONSTRAINT UM_USER_ROLE_ROLE FOREIGN KEY (UM_ROLE_ID) REFERENCES UM_ROLE (UM_ID);
`;
var identity520 = `-- identity tables 5.1.0 to 5.2.0, MySQL
${mark("identity-5.2.0")}
ALTER TABLE IDN_OAUTH_CONSUMER_APPS ADD COLUMN PKCE_MANDATORY CHAR(1) DEFAULT '0';
ALTER TABLE IDN_OAUTH_CONSUMER_APPS ADD COLUMN PKCE_SUPPORT_PLAIN CHAR(1) DEFAULT '0';
ALTER TABLE IDN_OAUTH2_AUTHORIZATION_CODE ADD COLUMN PKCE_CODE_CHALLENGE VARCHAR(255);
ALTER TABLE IDN_OAUTH2_AUTHORIZATION_CODE ADD COLUMN PKCE_CODE_CHALLENGE_METHOD VARCHAR(128);
ALTER TABLE WF_BPS_PROFILE MODIFY HOST_URL_MANAGER VARCHAR(255);
`;
var users520 = `-- user tables 5.1.0 to 5.2.0, MySQL
${mark("identity-5.2.0-users")}
INSERT INTO UM_CLAIM (UM_DIALECT_ID, UM_CLAIM_URI, UM_DISPLAY_TAG, UM_MAPPED_ATTRIBUTE, UM_TENANT_ID)
  SELECT UM_ID, 'http://wso2.org/claims/identity/accountDisabled', 'Account Disabled', 'accountDisabled', UM_TENANT_ID FROM UM_DIALECT;
CREATE INDEX INDEX_UM_USERNAME ON UM_USER (UM_USER_NAME, UM_TENANT_ID);
`;

// src/lab/data/hop2.ts
var apim200to260 = `-- AM_DB 2.0.0 to 2.6.0, MySQL
${mark("apim-2.0-to-2.6")}
CREATE TABLE IF NOT EXISTS AM_LABELS (LABEL_ID VARCHAR(50) PRIMARY KEY, NAME VARCHAR(255), DESCRIPTION VARCHAR(1024),
  TENANT_DOMAIN VARCHAR(255), UNIQUE (NAME, TENANT_DOMAIN)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS AM_LABEL_URLS (LABEL_ID VARCHAR(50), ACCESS_URL VARCHAR(255), PRIMARY KEY (LABEL_ID, ACCESS_URL)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS AM_APPLICATION_ATTRIBUTES (APPLICATION_ID INT NOT NULL, NAME VARCHAR(255) NOT NULL,
  VALUE VARCHAR(1024) NOT NULL, TENANT_ID INT NOT NULL, PRIMARY KEY (APPLICATION_ID, NAME)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS AM_CERTIFICATE_METADATA (TENANT_ID INT NOT NULL, ALIAS VARCHAR(45) NOT NULL, END_POINT VARCHAR(100) NOT NULL,
  CONSTRAINT END_POINT_CONSTRAINT UNIQUE (END_POINT), PRIMARY KEY (ALIAS)) ENGINE=InnoDB;
ALTER TABLE AM_APPLICATION ADD TOKEN_TYPE VARCHAR(10) DEFAULT 'OAUTH';
ALTER TABLE AM_API_LC_EVENT MODIFY USER_ID VARCHAR(255) NOT NULL;
DELIMITER $$
CREATE PROCEDURE DeleteEndPointConstraintIndex()
BEGIN
  IF (SELECT COUNT(*) FROM INFORMATION_SCHEMA.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
      AND TABLE_NAME = 'AM_CERTIFICATE_METADATA' AND INDEX_NAME = 'END_POINT_CONSTRAINT') > 0 THEN
    ALTER TABLE AM_CERTIFICATE_METADATA DROP INDEX END_POINT_CONSTRAINT;
  END IF;
END$$
DELIMITER ;
CALL DeleteEndPointConstraintIndex();
DROP PROCEDURE DeleteEndPointConstraintIndex;
`;
var identity570 = {
  "5.3.0/dbscripts/step1/identity": `${mark("identity-5.3.0")}
CREATE TABLE IDN_CLAIM_DIALECT (ID INT AUTO_INCREMENT PRIMARY KEY, DIALECT_URI VARCHAR(255) NOT NULL, TENANT_ID INT NOT NULL) ENGINE=InnoDB;
CREATE TABLE IDN_CLAIM (ID INT AUTO_INCREMENT PRIMARY KEY, DIALECT_ID INT NOT NULL, CLAIM_URI VARCHAR(255) NOT NULL, TENANT_ID INT NOT NULL) ENGINE=InnoDB;
CREATE TABLE IDN_OIDC_SCOPE (SCOPE_ID INT AUTO_INCREMENT PRIMARY KEY, NAME VARCHAR(255), TENANT_ID INT DEFAULT -1) ENGINE=InnoDB;
INSERT INTO IDN_CLAIM_DIALECT (DIALECT_URI, TENANT_ID) VALUES ('http://wso2.org/claims', -1234);
`,
  "5.4.0/dbscripts/step1/identity": `${mark("identity-5.4.0")}
CREATE TABLE IDN_OAUTH2_ACCESS_TOKEN_AUDIT (TOKEN_ID VARCHAR(255), ACCESS_TOKEN VARCHAR(2048), CONSUMER_KEY_ID INT,
  TOKEN_STATE VARCHAR(25), INVALIDATED_TIME TIMESTAMP NULL) ENGINE=InnoDB;
`,
  "5.4.0/dbscripts/step1/um": `${mark("identity-5.4.0-users")}
ALTER TABLE UM_PERMISSION ADD CONSTRAINT RES_ACT_TENANT_CONSTRAINT UNIQUE (UM_RESOURCE_ID, UM_ACTION, UM_TENANT_ID);
`,
  "5.5.0/dbscripts/step1/identity": `${mark("identity-5.5.0")}
ALTER TABLE IDN_OAUTH2_ACCESS_TOKEN ADD ACCESS_TOKEN_HASH VARCHAR(512), ADD REFRESH_TOKEN_HASH VARCHAR(512);
UPDATE IDN_OAUTH2_ACCESS_TOKEN SET ACCESS_TOKEN_HASH = SHA2(ACCESS_TOKEN, 256), REFRESH_TOKEN_HASH = SHA2(REFRESH_TOKEN, 256);
ALTER TABLE IDN_OAUTH2_AUTHORIZATION_CODE ADD AUTHORIZATION_CODE_HASH VARCHAR(512);
`,
  "5.5.0/dbscripts/step1/consent": `${mark("identity-5.5.0-consent")}
CREATE TABLE CM_PII_CATEGORY (ID INT AUTO_INCREMENT PRIMARY KEY, NAME VARCHAR(255) NOT NULL, TENANT_ID INT DEFAULT -1234) ENGINE=InnoDB;
CREATE TABLE CM_RECEIPT (CONSENT_RECEIPT_ID VARCHAR(255) NOT NULL PRIMARY KEY, VERSION VARCHAR(255) NOT NULL, STATE VARCHAR(255) NOT NULL) ENGINE=InnoDB;
`,
  "5.6.0/dbscripts/step1/identity": `${mark("identity-5.6.0")}
ALTER TABLE IDN_AUTH_SESSION_STORE ADD EXPIRY_TIME BIGINT;
`,
  "5.7.0/dbscripts/step1/uma": `${mark("identity-5.7.0-uma")}
CREATE TABLE IDN_UMA_RESOURCE (ID INT AUTO_INCREMENT PRIMARY KEY, RESOURCE_ID VARCHAR(255), RESOURCE_NAME VARCHAR(255), RESOURCE_OWNER_NAME VARCHAR(255)) ENGINE=InnoDB;
CREATE INDEX IDX_RID ON IDN_UMA_RESOURCE (RESOURCE_ID);
CREATE INDEX IDX_USER ON IDN_UMA_RESOURCE (RESOURCE_OWNER_NAME);
CREATE TABLE IDN_UMA_RESOURCE_SCOPE (ID INT AUTO_INCREMENT PRIMARY KEY, RESOURCE_IDENTITY INT NOT NULL, SCOPE_NAME VARCHAR(255)) ENGINE=InnoDB;
CREATE INDEX IDX_RS ON IDN_UMA_RESOURCE_SCOPE (SCOPE_NAME);
CREATE TABLE IDN_UMA_PERMISSION_TICKET (ID INT AUTO_INCREMENT PRIMARY KEY, PT VARCHAR(255) NOT NULL) ENGINE=InnoDB;
CREATE INDEX IDX_PT ON IDN_UMA_PERMISSION_TICKET (PT);
`,
  "5.7.0/dbscripts/step1/identity": `${mark("identity-5.7.0")}
ALTER TABLE IDN_OAUTH_CONSUMER_APPS ADD USER_ACCESS_TOKEN_EXPIRE_TIME BIGINT DEFAULT 3600;
UPDATE IDN_OAUTH_CONSUMER_APPS SET USER_ACCESS_TOKEN_EXPIRE_TIME = 3600;
`
};
var gatewayMigrator = `#!/bin/bash
# Stand-in for the gateway artefact migrator from 2.0.0 to 2.6.0. It is no work of WSO2.
set -e
directory=$1
echo "starting gateway artifact migration..."
files=$(find "$directory" -name '*.xml' -type f | grep .)
old='org\\.wso2\\.carbon\\.apimgt\\.usage\\.publisher\\.'
for name in APIMgtThrottleUsageHandler APIMgtResponseHandler APIMgtFaultHandler APIMgtUsageHandler APIMgtGoogleAnalyticsTrackingHandler; do
  echo "$files" | xargs -d '\\n' sed -i "s/$old$name/org.wso2.carbon.apimgt.gateway.handlers.analytics.$name/g"
done
echo "$files" | xargs -d '\\n' sed -i \\
  -e 's/org\\.wso2\\.caching\\.digest\\.REQUESTHASHGenerator/org.wso2.carbon.mediator.cache.digest.REQUESTHASHGenerator/g' \\
  -e 's/org\\.wso2\\.caching\\.digest\\.DOMHASHGenerator/org.wso2.carbon.mediator.cache.digest.REQUESTHASHGenerator/g' \\
  -e 's#<handler class="\\([a-z0-9.]*\\)\\.APIAuthenticationHandler"/>#<handler class="\\1.APIAuthenticationHandler"><property name="RemoveOAuthHeadersFromOutMessage" value="true"/></handler>#'
echo "migration completed."
`;

// src/lab/data/hop3.ts
var apim260to300 = `-- AM_DB 2.6.0 to 3.0.0, MySQL
${mark("apim-2.6-to-3.0")}
CREATE TABLE IF NOT EXISTS AM_SYSTEM_APPS (ID INT AUTO_INCREMENT PRIMARY KEY, NAME VARCHAR(50) NOT NULL, CONSUMER_KEY VARCHAR(512) NOT NULL,
  CONSUMER_SECRET VARCHAR(512) NOT NULL, CREATED_TIME DATETIME) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS AM_API_CLIENT_CERTIFICATE (TENANT_ID INT NOT NULL, ALIAS VARCHAR(45) NOT NULL, API_ID INT NOT NULL,
  CERTIFICATE BLOB NOT NULL, REMOVED TINYINT(1) NOT NULL DEFAULT 0, TIER_NAME VARCHAR(512), PRIMARY KEY (ALIAS, TENANT_ID, REMOVED)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS AM_MONETIZATION_USAGE (ID VARCHAR(100) NOT NULL PRIMARY KEY, STATE VARCHAR(50) NOT NULL, STATUS VARCHAR(50) NOT NULL,
  STARTED_TIME VARCHAR(50) NOT NULL, PUBLISHED_TIME VARCHAR(50) NOT NULL) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS AM_NOTIFICATION_SUBSCRIBER (UUID VARCHAR(255) PRIMARY KEY, CATEGORY VARCHAR(255)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS AM_API_PRODUCT_MAPPING (API_PRODUCT_MAPPING_ID INT AUTO_INCREMENT PRIMARY KEY, API_ID INT, URL_MAPPING_ID INT) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS AM_REVOKED_JWT (UUID VARCHAR(255) NOT NULL PRIMARY KEY, SIGNATURE VARCHAR(2048) NOT NULL, EXPIRY_TIMESTAMP BIGINT NOT NULL) ENGINE=InnoDB;
ALTER TABLE AM_POLICY_SUBSCRIPTION ADD MONETIZATION_PLAN VARCHAR(25) DEFAULT NULL;
ALTER TABLE AM_API ADD API_TYPE VARCHAR(10) DEFAULT NULL;
ALTER TABLE AM_EXTERNAL_STORES ADD LAST_UPDATED_TIME TIMESTAMP NULL;
ALTER TABLE AM_API_COMMENTS MODIFY COMMENT_ID VARCHAR(255) NOT NULL;
ALTER TABLE AM_API_RATINGS MODIFY RATING_ID VARCHAR(255) NOT NULL;
-- UMA section begins
CREATE TABLE IF NOT EXISTS IDN_UMA_RESOURCE (ID INT AUTO_INCREMENT PRIMARY KEY, RESOURCE_ID VARCHAR(255), RESOURCE_NAME VARCHAR(255), RESOURCE_OWNER_NAME VARCHAR(255)) ENGINE=InnoDB;
CREATE INDEX IDX_RID ON IDN_UMA_RESOURCE (RESOURCE_ID);
CREATE INDEX IDX_USER ON IDN_UMA_RESOURCE (RESOURCE_OWNER_NAME);
CREATE TABLE IF NOT EXISTS IDN_UMA_RESOURCE_SCOPE (ID INT AUTO_INCREMENT PRIMARY KEY, RESOURCE_IDENTITY INT NOT NULL, SCOPE_NAME VARCHAR(255)) ENGINE=InnoDB;
CREATE INDEX IDX_RS ON IDN_UMA_RESOURCE_SCOPE (SCOPE_NAME);
CREATE TABLE IF NOT EXISTS IDN_UMA_PERMISSION_TICKET (ID INT AUTO_INCREMENT PRIMARY KEY, PT VARCHAR(255) NOT NULL) ENGINE=InnoDB;
CREATE INDEX IDX_PT ON IDN_UMA_PERMISSION_TICKET (PT);
-- UMA section ends
`;
var kinds = ["TAG", "COMMENT", "PROPERTY", "RATING"];
var versioningDisable = `-- REG_DB: registry versioning off, MySQL
${mark("versioning-disable")}
${kinds.flatMap((kind) => [
  `UPDATE REG_RESOURCE_${kind} X JOIN REG_RESOURCE R ON R.REG_VERSION = X.REG_VERSION AND R.REG_TENANT_ID = X.REG_TENANT_ID
  SET X.REG_PATH_ID = R.REG_PATH_ID, X.REG_RESOURCE_NAME = R.REG_NAME;`,
  `DELETE FROM REG_RESOURCE_${kind} WHERE REG_PATH_ID IS NULL;`,
  `UPDATE REG_RESOURCE_${kind} SET REG_VERSION = NULL;`,
  `DELETE FROM REG_${kind} WHERE REG_ID NOT IN (SELECT REG_${kind}_ID FROM REG_RESOURCE_${kind});`
]).join("\n")}
`;
var regIndex = `-- REG_DB: log entries for re-indexing, MySQL
${mark("reg-index")}
DELETE FROM REG_LOG WHERE REG_ACTION = 7;
DELETE L FROM REG_LOG L JOIN (SELECT REG_PATH, REG_TENANT_ID, MAX(REG_LOG_ID) AS LAST_ID FROM REG_LOG GROUP BY REG_PATH, REG_TENANT_ID) N
  ON N.REG_PATH = L.REG_PATH AND N.REG_TENANT_ID = L.REG_TENANT_ID WHERE L.REG_LOG_ID < N.LAST_ID;
`;
var identity590 = {
  "5.8.0/dbscripts/step1/identity": `${mark("identity-5.8.0")}
ALTER TABLE IDN_OAUTH2_ACCESS_TOKEN ADD IDP_ID INT NOT NULL DEFAULT -1;
ALTER TABLE IDN_OAUTH2_ACCESS_TOKEN_AUDIT ADD IDP_ID INT NOT NULL DEFAULT -1;
CREATE TABLE IDN_AUTH_USER (USER_ID VARCHAR(255) NOT NULL PRIMARY KEY, USER_NAME VARCHAR(255) NOT NULL, TENANT_ID INT NOT NULL, DOMAIN_NAME VARCHAR(255) NOT NULL) ENGINE=InnoDB;
`,
  "5.8.0/dbscripts/step2/uma": `${mark("identity-5.8.0-uma")}
ALTER TABLE IDN_UMA_PERMISSION_TICKET ADD TOKEN_ID VARCHAR(255);
`,
  "5.9.0/dbscripts/step1/identity": `${mark("identity-5.9.0")}
CREATE TABLE IDN_AUTH_SESSION_META_DATA (SESSION_ID VARCHAR(100) NOT NULL, PROPERTY_TYPE VARCHAR(100) NOT NULL, VALUE VARCHAR(255) NOT NULL,
  PRIMARY KEY (SESSION_ID, PROPERTY_TYPE)) ENGINE=InnoDB;
CREATE TABLE FIDO2_DEVICE_STORE (TENANT_ID INT, DOMAIN_NAME VARCHAR(255) NOT NULL, USER_NAME VARCHAR(45) NOT NULL, CREDENTIAL_ID VARCHAR(200),
  PUBLIC_KEY_COSE VARCHAR(2048), PRIMARY KEY (CREDENTIAL_ID)) ENGINE=InnoDB;
UPDATE IDN_CLAIM_DIALECT SET DIALECT_URI = DIALECT_URI;
`
};

// src/lab/data/identity-config.ts
var schema = (schemaName, location = "step1") => ({
  name: "SchemaMigrator",
  location,
  schema: schemaName
});
var data = (name) => ({ name: `${name}Migrator` });
var versions = [
  [
    "5.3.0",
    [
      schema("identity"),
      ...["UserStorePassword", "ClaimData", "PermissionData", "EmailTemplateData"].map(data),
      ...["ChallengeQuestionData", "ResidentIdpMetadata", "OIDCScopeData"].map(data)
    ]
  ],
  [
    "5.4.0",
    [
      data("Permission"),
      schema("identity"),
      schema("um"),
      ...["UserStorePassword", "ClaimData", "OAuthData"].map(data)
    ]
  ],
  [
    "5.5.0",
    [
      ...[schema("identity"), schema("consent")],
      ...["OAuthData", "BPSProfileData", "UserStorePassword", "SysLogProperties", "PolicySubscriberData"].map(
        data
      ),
      ...["KeyStorePassword", "SecurityPolicyPassword", "EventPublisher"].map(data)
    ]
  ],
  ["5.6.0", [schema("identity"), data("ClaimData"), data("SessionData")]],
  ["5.7.0", [schema("uma"), schema("identity"), data("OAuthData"), data("OIDCScopeData")]],
  ["5.8.0", [schema("identity"), schema("uma", "step2"), data("OAuthData")]],
  ["5.9.0", [schema("identity"), data("ClaimData")]]
];
function identityConfig(upTo) {
  const known = versions.filter(([version]) => version <= upTo);
  return `migrationEnable: "true"

currentVersion: "5.x.x"

migrateVersion: "5.x.x"

continueOnError: "true"

batchUpdate: "true"

ignoreForInactiveTenants: "true"

migrateTenantRange: "false"

migrationStartingTenantID: 0

migrationEndingTenantID: 0

versions:
${known.map(([version, steps]) => versionText(version, steps)).join("\n")}
`;
}
function versionText(version, steps) {
  const lines = steps.map(
    (step, at) => [
      `      -
        name: "${step.name}"`,
      `        order: ${at + 1}`,
      ...step.schema === void 0 ? [] : [
        "        parameters:",
        `          location: "${step.location}"`,
        `          schema: "${step.schema}"`
      ]
    ].join("\n")
  );
  return `  -
    version: "${version}"
    migratorConfigs:
${lines.join("\n")}`;
}

// src/lab/data/samples.ts
var sampleTenants = [
  { id: 1, domain: "acme.com" },
  { id: 2, domain: "globex.com" }
];
var sampleApis = [
  api("admin", "WeatherAPI", "/weather", -1234),
  api("admin", "PhoneVerification", "/phone", -1234),
  api("admin-AT-acme.com", "Orders", "/t/acme.com/orders", 1)
];
function api(provider, name, path, tenant) {
  const version = "1.0.0";
  return { provider, name, version, context: `${path}/${version}`, template: `${path}/{version}`, tenant };
}

// src/lab/fleet.ts
var base = "/opt/wso2";
var javaHome = "/opt/jdk1.8.0_292";
var sshPort = 2222;
function homeOf(version) {
  return `${base}/wso2am-${version}`;
}
var rows = [
  ["km-1", 11, "key_managers", "api-key-manager"],
  ["pub-1", 12, "publishers", "api-publisher"],
  ["store-1", 13, "stores", "api-store"],
  ["gw-mgr-1", 14, "gateway_managers", "gateway-manager"],
  ["gw-worker-1", 15, "gateway_workers", "gateway-worker"],
  ["gw-worker-2", 16, "gateway_workers", "gateway-worker"],
  ["gw-worker-3", 17, "gateway_workers", "gateway-worker"],
  ["tm-1", 18, "traffic_managers", void 0]
];
function labHosts(range) {
  return rows.map(([name, number, group, profile]) => ({
    name,
    address: `${range}.${number}`,
    group,
    profile,
    worker: profile === "gateway-worker"
  }));
}
function oldJavaOpts(host) {
  return [`-Dprofile=${host.profile ?? "default"}`, ...host.worker ? ["-DworkerNode=true"] : []].join(" ");
}
function databaseAddress(range) {
  return `${range}.2`;
}
function svnAddress(range) {
  return `${range}.3`;
}

// src/lab/pack/release.ts
var oldProfiles = ["api-publisher", "api-store", "api-key-manager", "gateway-manager", "gateway-worker"];
var releases = {
  "1.9.1": {
    version: "1.9.1",
    kernel: "4.2.0",
    apimgt: "1.2.4",
    profiles: ["default", ...oldProfiles],
    wars: ["oauth2.war", "authenticationendpoint.war"],
    jaggery: ["publisher", "store", "workflow-admin", "admin-dashboard"],
    identity: "",
    h2: "h2.db"
  },
  "2.0.0": {
    version: "2.0.0",
    kernel: "4.4.7",
    apimgt: "6.0.4",
    profiles: ["default", ...oldProfiles, "traffic-manager"],
    wars: [
      ...["publisher", "store", "admin"].map((name) => `api#am#${name}#v0.10.war`),
      ...["client-registration#v0.10.war", "throttle#data#v1.war", "oauth2.war", "shindig.war"],
      ...["authenticationendpoint.war", "am#sample#pizzashack#v1.war"]
    ],
    jaggery: ["publisher", "store", "admin", "portal"],
    identity: "identity/",
    h2: "h2.db"
  },
  "2.6.0": {
    version: "2.6.0",
    kernel: "4.4.35",
    apimgt: "6.4.50",
    profiles: [
      "default",
      "api-publisher",
      "api-store",
      "api-key-manager",
      "gateway-worker",
      "traffic-manager"
    ],
    wars: [
      ...["publisher", "store", "admin"].map((name) => `api#am#${name}#v0.14.war`),
      ...["client-registration#v0.14.war", "throttle#data#v1.war", "oauth2.war", "shindig.war"],
      ...["authenticationendpoint.war", "api#identity#consent-mgt#v1.0.war", "am#sample#pizzashack#v1.war"]
    ],
    jaggery: ["publisher", "store", "admin"],
    identity: "identity/",
    h2: "h2.db"
  },
  "3.0.0": {
    version: "3.0.0",
    kernel: "4.5.1",
    apimgt: "6.5.349",
    profiles: [
      "default",
      "api-publisher",
      "api-devportal",
      "api-key-manager",
      "gateway-worker",
      "traffic-manager"
    ],
    wars: [
      ...["publisher", "store"].flatMap((name) => [`api#am#${name}#v0.15.war`, `api#am#${name}#v1.0.war`]),
      ...["api#am#admin#v0.15.war", "client-registration#v0.15.war", "throttle#data#v1.war", "oauth2.war"],
      ...[
        "api#identity#consent-mgt#v1.0.war",
        "api#identity#user#v1.0.war",
        "api#identity#recovery#v0.9.war"
      ],
      "am#sample#pizzashack#v1.war"
    ],
    jaggery: ["publisher", "devportal", "admin"],
    identity: "identity/",
    h2: "mv.db"
  }
};
function since(version, first) {
  return Object.keys(releases).indexOf(version) >= Object.keys(releases).indexOf(first);
}

// src/lab/pack/conf.ts
function carbonXml(version, host = "localhost", sync) {
  return `<?xml version="1.0" encoding="ISO-8859-1"?>
<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
    <Name>WSO2 API Manager</Name>
    <ServerKey>AM</ServerKey>
    <Version>${version}</Version>
    <HostName>${host}</HostName>
    <MgtHostName>${host}</MgtHostName>
    <ServerURL>local:/\${carbon.context}/services/</ServerURL>
    <ServerRoles>
        <Role>APIManager</Role>
    </ServerRoles>
    <Package>org.wso2.carbon</Package>
    <Ports>
        <Offset>0</Offset>
        <JMX>
            <RMIRegistryPort>9999</RMIRegistryPort>
            <RMIServerPort>11111</RMIServerPort>
        </JMX>
    </Ports>
    <Security>
        <KeyStore>
            <Location>\${carbon.home}/repository/resources/security/wso2carbon.jks</Location>
            <Type>JKS</Type>
            <Password>wso2carbon</Password>
            <KeyAlias>wso2carbon</KeyAlias>
            <KeyPassword>wso2carbon</KeyPassword>
        </KeyStore>
        <TrustStore>
            <Location>\${carbon.home}/repository/resources/security/client-truststore.jks</Location>
            <Type>JKS</Type>
            <Password>wso2carbon</Password>
        </TrustStore>
    </Security>
${synchronizer(version, sync)}
</Server>
`;
}
function synchronizer(version, sync) {
  const block = (enabled, commits, url, user, password, append) => `    <DeploymentSynchronizer>
        <Enabled>${enabled}</Enabled>
        <AutoCommit>${commits}</AutoCommit>
        <AutoCheckout>true</AutoCheckout>
        <RepositoryType>svn</RepositoryType>
        <SvnUrl>${url}</SvnUrl>
        <SvnUser>${user}</SvnUser>
        <SvnPassword>${password}</SvnPassword>
        <SvnUrlAppendTenantId>${append}</SvnUrlAppendTenantId>
    </DeploymentSynchronizer>`;
  if (sync !== void 0) return block(true, sync.commits, sync.url, sync.user, sync.password, true);
  const shipped = block(false, false, "http://svnrepo.example.com/repos/", "username", "password", true);
  return since(version, "2.0.0") ? shipped : `    <!--
${shipped}
    -->`;
}
function shippedSources(version) {
  const h2 = (name, jndi, file) => ({
    name,
    jndi,
    url: `jdbc:h2:repository/database/${file};DB_CLOSE_ON_EXIT=FALSE`,
    user: "wso2carbon",
    password: "wso2carbon",
    driver: "org.h2.Driver"
  });
  return [
    h2("WSO2_CARBON_DB", "jdbc/WSO2CarbonDB", "WSO2CARBON_DB"),
    h2("WSO2AM_DB", "jdbc/WSO2AM_DB", "WSO2AM_DB"),
    ...since(version, "2.0.0") ? [
      h2("WSO2AM_STATS_DB", "jdbc/WSO2AM_STATS_DB", "../tmpStatDB/WSO2AM_STATS_DB"),
      h2("WSO2_MB_STORE_DB", "WSO2MBStoreDB", "WSO2MB_DB")
    ] : []
  ];
}
function datasourcesXml(version, sources) {
  const autoCommit = since(version, "2.6.0");
  const one = (source) => `        <datasource>
            <name>${source.name}</name>
            <description>The datasource ${source.name}</description>
            <jndiConfig>
                <name>${source.jndi}</name>
            </jndiConfig>
            <definition type="RDBMS">
                <configuration>
                    <url>${source.url.replaceAll("&", "&amp;")}</url>
                    <username>${source.user}</username>
                    <password>${source.password}</password>
                    <driverClassName>${source.driver}</driverClassName>
                    <maxActive>50</maxActive>
                    <maxWait>60000</maxWait>
                    <testOnBorrow>true</testOnBorrow>
                    <validationQuery>SELECT 1</validationQuery>
                    <validationInterval>30000</validationInterval>${source.name === "WSO2AM_DB" ? `
                    <defaultAutoCommit>${autoCommit}</defaultAutoCommit>` : ""}
                </configuration>
            </definition>
        </datasource>`;
  return `<datasources-configuration xmlns:svns="http://org.wso2.securevault/configuration">
    <providers>
        <provider>org.wso2.carbon.ndatasource.rdbms.RDBMSDataSourceReader</provider>
    </providers>
    <datasources>
${sources.map(one).join("\n")}
    </datasources>
</datasources-configuration>
`;
}
function registryXml(mounted) {
  const remote = (name, path) => `    <mount path="${path}" overwrite="true">
        <instanceId>${name}</instanceId>
        <targetPath>${path}</targetPath>
    </mount>`;
  const shared = `    <dbConfig name="sharedregistry">
        <dataSource>${mounted}</dataSource>
    </dbConfig>
    <remoteInstance url="https://localhost:9443/registry">
        <id>shared</id>
        <dbConfig>sharedregistry</dbConfig>
        <readOnly>false</readOnly>
        <enableCache>true</enableCache>
        <registryRoot>/</registryRoot>
    </remoteInstance>
${remote("shared", "/_system/config")}
${remote("shared", "/_system/governance")}
`;
  return `<?xml version="1.0" encoding="ISO-8859-1"?>
<wso2registry>
    <currentDBConfig>wso2registry</currentDBConfig>
    <readOnly>false</readOnly>
    <enableCache>true</enableCache>
    <registryRoot>/</registryRoot>
    <dbConfig name="wso2registry">
        <dataSource>jdbc/WSO2CarbonDB</dataSource>
    </dbConfig>
${mounted === void 0 ? "" : shared}    <indexingConfiguration>
        <startIndexing>true</startIndexing>
        <startingDelayInSeconds>35</startingDelayInSeconds>
        <indexingFrequencyInSeconds>3</indexingFrequencyInSeconds>
        <lastAccessTimeLocation>/_system/local/repository/components/org.wso2.carbon.registry/indexing/lastaccesstime</lastAccessTimeLocation>
    </indexingConfiguration>
    <versionResourcesOnChange>false</versionResourcesOnChange>
    <staticConfiguration>
        <versioningProperties>true</versioningProperties>
        <versioningComments>true</versioningComments>
        <versioningTags>true</versioningTags>
        <versioningRatings>true</versioningRatings>
    </staticConfiguration>
</wso2registry>
`;
}
function userMgtXml(source = "jdbc/WSO2CarbonDB") {
  return `<UserManager>
    <Realm>
        <Configuration>
            <AddAdmin>true</AddAdmin>
            <AdminRole>admin</AdminRole>
            <AdminUser>
                <UserName>admin</UserName>
                <Password>admin</Password>
            </AdminUser>
            <EveryOneRoleName>everyone</EveryOneRoleName>
            <Property name="isCascadeDeleteEnabled">true</Property>
            <Property name="dataSource">${source}</Property>
        </Configuration>
        <UserStoreManager class="org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager">
            <Property name="TenantManager">org.wso2.carbon.user.core.tenant.JDBCTenantManager</Property>
            <Property name="ReadOnly">false</Property>
            <Property name="PasswordDigest">SHA-256</Property>
        </UserStoreManager>
        <AuthorizationManager class="org.wso2.carbon.user.core.authorization.JDBCAuthorizationManager">
            <Property name="AdminRoleManagementPermissions">/permission</Property>
            <Property name="AuthorizationCacheEnabled">true</Property>
        </AuthorizationManager>
    </Realm>
</UserManager>
`;
}

// src/lab/pack/more-conf.ts
function apiManagerXml(version, keyManager = `\${carbon.local.ip}`, gateway = "localhost") {
  const throttling = since(version, "2.0.0") ? `    <ThrottlingConfigurations>
        <EnableAdvanceThrottling>true</EnableAdvanceThrottling>
        <TrafficManager>
            <Type>Binary</Type>
            <ReceiverUrlGroup>tcp://\${carbon.local.ip}:9611</ReceiverUrlGroup>
            <AuthUrlGroup>ssl://\${carbon.local.ip}:9711</AuthUrlGroup>
            <Username>admin</Username>
            <Password>admin</Password>
        </TrafficManager>
        <DataPublisher>
            <Enabled>true</Enabled>
        </DataPublisher>
        <PolicyDeployer>
            <Enabled>true</Enabled>
            <ServiceURL>https://localhost:9443/services/</ServiceURL>
        </PolicyDeployer>
        <JMSConnectionDetails>
            <Enabled>true</Enabled>
            <ServiceURL>tcp://\${carbon.local.ip}:5672</ServiceURL>
        </JMSConnectionDetails>
    </ThrottlingConfigurations>
` : "";
  return `<APIManager>
    <DataSourceName>jdbc/WSO2AM_DB</DataSourceName>
    <GatewayType>Synapse</GatewayType>
    <EnableSecureVault>false</EnableSecureVault>
    <AuthManager>
        <ServerURL>https://${keyManager}:9443/services/</ServerURL>
        <Username>admin</Username>
        <Password>admin</Password>
    </AuthManager>
    <APIGateway>
        <Environments>
            <Environment type="hybrid" api-console="true">
                <Name>Production and Sandbox</Name>
                <ServerURL>https://${gateway}:9443/services/</ServerURL>
                <Username>admin</Username>
                <Password>admin</Password>
                <GatewayEndpoint>http://${gateway}:8280,https://${gateway}:8243</GatewayEndpoint>
            </Environment>
        </Environments>
    </APIGateway>
    <APIKeyValidator>
        <ServerURL>https://${keyManager}:9443/services/</ServerURL>
        <Username>admin</Username>
        <Password>admin</Password>
        <EncryptPersistedTokens>false</EncryptPersistedTokens>
        <EnableThriftServer>true</EnableThriftServer>
        <ThriftServerPort>10397</ThriftServerPort>
    </APIKeyValidator>
${throttling}    <Analytics>
        <Enabled>false</Enabled>
    </Analytics>
</APIManager>
`;
}
function axis2Xml() {
  return `<axisconfig name="AxisJava2.0">
    <transportReceiver name="http" class="org.apache.synapse.transport.passthru.PassThroughHttpListener">
        <parameter name="port" locked="false">8280</parameter>
        <parameter name="non-blocking" locked="false">true</parameter>
    </transportReceiver>
    <transportReceiver name="https" class="org.apache.synapse.transport.passthru.PassThroughHttpSSLListener">
        <parameter name="port" locked="false">8243</parameter>
        <parameter name="non-blocking" locked="false">true</parameter>
    </transportReceiver>
    <clustering class="org.wso2.carbon.core.clustering.hazelcast.HazelcastClusteringAgent" enable="false">
        <parameter name="AvoidInitiation">true</parameter>
        <parameter name="membershipScheme">multicast</parameter>
        <parameter name="domain">wso2.carbon.domain</parameter>
        <parameter name="mcastPort">45564</parameter>
        <parameter name="localMemberHost">127.0.0.1</parameter>
        <parameter name="localMemberPort">4000</parameter>
        <groupManagement enable="false"/>
    </clustering>
</axisconfig>
`;
}
function identityXml() {
  return `<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
    <JDBCPersistenceManager>
        <DataSource>
            <Name>jdbc/WSO2AM_DB</Name>
        </DataSource>
    </JDBCPersistenceManager>
    <OAuth>
        <AccessTokenDefaultValidityPeriod>3600</AccessTokenDefaultValidityPeriod>
    </OAuth>
</Server>
`;
}
function catalinaXml() {
  return `<Server port="8005" shutdown="SHUTDOWN">
    <Service className="org.wso2.carbon.tomcat.ext.service.ExtendedStandardService" name="Catalina">
        <Connector protocol="org.apache.coyote.http11.Http11NioProtocol" port="9763" bindOnInit="false"/>
        <Connector protocol="org.apache.coyote.http11.Http11NioProtocol" port="9443" bindOnInit="false" scheme="https" secure="true"
                   keystoreFile="\${carbon.home}/repository/resources/security/wso2carbon.jks" keystorePass="wso2carbon"/>
    </Service>
</Server>
`;
}
function shippedConf(version) {
  const { identity } = releases[version];
  const log4j = since(version, "3.0.0") ? "log4j2.properties" : "log4j.properties";
  return {
    "carbon.xml": carbonXml(version),
    "registry.xml": registryXml(),
    "user-mgt.xml": userMgtXml(),
    "api-manager.xml": apiManagerXml(version),
    "datasources/master-datasources.xml": datasourcesXml(version, shippedSources(version)),
    "axis2/axis2.xml": axis2Xml(),
    "axis2/tenant-axis2.xml": axis2Xml(),
    "axis2/axis2_blocking_client.xml": axis2Xml(),
    "tomcat/catalina-server.xml": catalinaXml(),
    [`${identity}identity.xml`]: identityXml(),
    [`${identity === "" ? "security/" : identity}application-authentication.xml`]: "<ApplicationAuthentication/>\n",
    [log4j]: `# logging of ${version}
`,
    "etc/bam.xml": "<bamServerConfig/>\n",
    "tenant-mgt.xml": "<TenantManager/>\n",
    "claim-config.xml": "<ClaimConfig/>\n",
    "synapse.properties": "synapse.threads.core=20\n",
    "passthru-http.properties": "worker_pool_size_core=400\n",
    "security/authenticators.xml": "<Authenticators/>\n",
    "multitenancy/stratos.xml": "<StratosConfiguration/>\n",
    "jndi.properties": "connectionfactory.TopicConnectionFactory=amqp://admin:admin@clientid/carbon?brokerlist='tcp://localhost:5672'\n",
    ...since(version, "2.0.0") ? {
      "axis2/axis2_TM.xml": axis2Xml(),
      "registry_TM.xml": registryXml(),
      "event-processor.xml": "<eventProcessorConfiguration/>\n",
      "metrics.xml": "<Metrics/>\n",
      "datasources/metrics-datasources.xml": "<datasources-configuration><datasources/></datasources-configuration>\n"
    } : {},
    ...version === "2.6.0" ? { "carbon.properties": "org.wso2.CipherTransformation=RSA/ECB/OAEPwithSHA1andMGF1Padding\n" } : {}
  };
}

// src/lab/pack/synapse.ts
var namespace = 'xmlns="http://ws.apache.org/ns/synapse"';
function stockSynapse(version) {
  const files = {};
  for (const name of apiNames(version)) files[`api/${name}.xml`] = stockApi(name, version);
  for (const name of sequenceNames(version))
    files[`sequences/${name}.xml`] = sequence(name, edition(name, version));
  files["proxy-services/WorkflowCallbackService.xml"] = `<proxy ${namespace} name="WorkflowCallbackService" transports="https http" startOnLoad="true"><!-- edition ${edition("WorkflowCallbackService", version)} --><target/></proxy>
`;
  if (since(version, "2.6.0")) {
    for (const name of ["WebSocketInboundEndpoint", "SecureWebSocketInboundEndpoint"]) {
      files[`inbound-endpoints/${name}.xml`] = `<inboundEndpoint ${namespace} name="${name}" suspend="false"/>
`;
    }
  }
  files["registry.xml"] = `<registry ${namespace} provider="org.wso2.carbon.mediation.registry.WSO2Registry"/>
`;
  files["synapse.xml"] = `<definitions ${namespace}/>
`;
  for (const name of ["endpoints", "local-entries", "tasks", "event-sources", "message-stores"])
    files[`${name}/`] = "";
  for (const name of ["message-processors", "templates", "priority-executors"]) files[`${name}/`] = "";
  return files;
}
function tenantSequences(version) {
  const names = sequenceNames(version).filter(
    (name) => !["_build_", "_token_fault_", "dispatchSeq", "outDispatchSeq"].includes(name)
  );
  return Object.fromEntries(names.map((name) => [`${name}.xml`, sequence(name, edition(name, version))]));
}
function publishedApi(api2) {
  const handler = (name) => `    <handler class="org.wso2.carbon.apimgt.${name}"/>`;
  const uri = api2.name.toLowerCase();
  return `<?xml version="1.0" encoding="UTF-8"?>
<api ${namespace} name="${api2.provider}--${api2.name}" context="${api2.context}" version="${api2.version}" version-type="context">
  <resource methods="GET POST" url-mapping="/*" faultSequence="fault">
    <inSequence>
      <property name="POST_TO_URI" value="true" scope="axis2"/>
      <send><endpoint name="${api2.provider}--${api2.name}_APIproductionEndpoint_0"><http uri-template="http://backend.lab/${uri}"/></endpoint></send>
    </inSequence>
    <outSequence><send/></outSequence>
  </resource>
  <handlers>
${handler("gateway.handlers.security.APIAuthenticationHandler")}
    <handler class="org.wso2.carbon.apimgt.gateway.handlers.throttling.APIThrottleHandler">
      <property name="id" value="A"/>
      <property name="policyKey" value="gov:/apimgt/applicationdata/tiers.xml"/>
    </handler>
${handler("usage.publisher.APIMgtUsageHandler")}
${handler("usage.publisher.APIMgtGoogleAnalyticsTrackingHandler")}
${handler("usage.publisher.APIMgtResponseHandler")}
    <handler class="org.wso2.carbon.apimgt.gateway.handlers.ext.APIManagerExtensionHandler"/>
  </handlers>
</api>
`;
}
function apiNames(version) {
  return [
    ...["_AuthorizeAPI_", "_RevokeAPI_", "_TokenAPI_"],
    ...since(version, "2.0.0") ? ["_UserInfoAPI_"] : [],
    ...since(version, "3.0.0") ? ["_OpenService_"] : []
  ];
}
function sequenceNames(version) {
  return [
    ...[
      "main",
      "fault",
      "_auth_failure_handler_",
      "_build_",
      "_production_key_error_",
      "_sandbox_key_error_"
    ],
    ...["_resource_mismatch_handler_", "_throttle_out_handler_", "_token_fault_", "_cors_request_handler_"],
    ...since(version, "2.6.0") ? ["_threat_fault_", "dispatchSeq", "outDispatchSeq"] : [],
    ...since(version, "3.0.0") ? ["_graphql_failure_handler_"] : []
  ];
}
var changed = {
  WorkflowCallbackService: ["2.0.0", "2.6.0", "3.0.0"],
  _auth_failure_handler_: ["2.0.0"],
  _cors_request_handler_: ["2.0.0", "3.0.0"],
  _resource_mismatch_handler_: ["2.0.0"],
  _throttle_out_handler_: ["2.0.0", "2.6.0"],
  fault: ["2.0.0", "2.6.0"],
  main: ["2.0.0", "2.6.0", "3.0.0"],
  _RevokeAPI_: ["3.0.0"]
};
function edition(name, version) {
  return (changed[name] ?? []).filter((first) => since(version, first)).at(-1) ?? "1.9.1";
}
function sequence(name, of) {
  return `<?xml version="1.0" encoding="UTF-8"?>
<sequence ${namespace} name="${name}"><!-- edition ${of} --><log level="custom"/></sequence>
`;
}
function stockApi(name, version) {
  const path = name.replaceAll("_", "").replace("API", "").toLowerCase();
  const context = name === "_OpenService_" ? "/" : `/${path}`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<api ${namespace} name="${name}" context="${context}"><!-- edition ${edition(name, version)} --><resource methods="POST GET" url-mapping="/*"/></api>
`;
}

// src/lab/pack/tree.ts
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
function under(directory, tree) {
  return Object.fromEntries(Object.entries(tree).map(([path, leaf]) => [`${directory}/${path}`, leaf]));
}
function empties(directory, names) {
  return Object.fromEntries(names.map((name) => [`${directory}/${name}`, ""]));
}
function writeTree(directory, tree) {
  const paths = Object.keys(tree);
  const directories = new Set(paths.map((path) => path.endsWith("/") ? path : dirname(path)));
  for (const path of directories) mkdirSync(join(directory, path), { recursive: true });
  for (const [path, leaf] of Object.entries(tree)) {
    if (path.endsWith("/")) continue;
    const { text, mode } = typeof leaf === "string" ? { text: leaf, mode: void 0 } : leaf;
    writeFileSync(join(directory, path), text);
    if (mode !== void 0) chmodSync(join(directory, path), mode);
  }
}

// src/lab/pack/old-home.ts
function oldNode(host, site) {
  const version = "1.9.1";
  const gateway = host.profile?.startsWith("gateway-") ?? false;
  const sync = gateway ? { ...site.svn, commits: host.profile === "gateway-manager" } : void 0;
  const local = shippedSources(version).filter(({ name }) => name === "WSO2_CARBON_DB");
  return {
    ...under("repository/conf", {
      "carbon.xml": carbonXml(version, host.name, sync),
      "datasources/master-datasources.xml": datasourcesXml(version, [...local, ...site.sources]),
      "registry.xml": registryXml("jdbc/WSO2REG_DB"),
      "user-mgt.xml": userMgtXml("jdbc/WSO2UM_DB"),
      "api-manager.xml": apiManagerXml(version, site.keyManager, site.gateway)
    }),
    "repository/components/lib/mysql-connector-java-5.1.47-bin.jar": driverJar,
    "repository/components/dropins/mysql_connector_java_5.1.47_bin_1.0.0.jar": driverJar,
    ...gateway ? {
      "repository/components/dropins/svnkit-1.3.9.wso2v2.jar": "stand-in\n",
      "repository/components/lib/trilead-ssh2-1.0.0-build211.jar": "stand-in\n",
      "repository/components/dropins/trilead_ssh2_1.0.0_build211_1.0.0.jar": "stand-in\n"
    } : {},
    "repository/components/dropins/com.example.lab.CustomHandler_1.0.0.jar": "made by the operator\n",
    ...under("repository/deployment/server", { ...superTenant(gateway), ...stores }),
    ...tenantTrees(gateway),
    "repository/logs/audit.log": "",
    "solr/indexed-data/registry-indexing/segments_1": "index\n"
  };
}
function repositoryTree() {
  const tenants = sampleTenants.flatMap(
    ({ id }) => Object.entries(tenantTree(id)).map(([path, leaf]) => [`${id}/${path}`, leaf])
  );
  const server = {
    ...under("synapse-configs/default", { ...stockSynapse("1.9.1"), ...apisOf(-1234) }),
    ...stores
  };
  return { ...under("-1234", server), ...Object.fromEntries(tenants) };
}
var driverJar = "stand-in for MySQL Connector/J 5.1.47\n";
var stores = {
  "userstores/partners_lab.xml": userStore("PARTNERS")
};
function superTenant(gateway) {
  const custom = '<sequence xmlns="http://ws.apache.org/ns/synapse" name="lab_custom"><log level="full"/></sequence>\n';
  return gateway ? under("synapse-configs/default", { ...apisOf(-1234), "sequences/lab_custom.xml": custom }) : {};
}
function apisOf(tenant) {
  return Object.fromEntries(
    sampleApis.filter((api2) => api2.tenant === tenant).map((api2) => [`api/${api2.provider}--${api2.name}_v${api2.version}.xml`, publishedApi(api2)])
  );
}
function tenantTrees(gateway) {
  const entries = sampleTenants.flatMap(({ id }) => {
    const tree = gateway ? tenantTree(id) : id === 1 ? { "userstores/acme_ldap.xml": userStore("ACME") } : { "userstores/": "" };
    return Object.entries(tree).map(([path, leaf]) => [`repository/tenants/${id}/${path}`, leaf]);
  });
  return Object.fromEntries(entries);
}
function tenantTree(id) {
  return {
    ...under("synapse-configs/default", { ...under("sequences", tenantSequences("1.9.1")), ...apisOf(id) }),
    "synapse-configs/default/synapse.xml": '<definitions xmlns="http://ws.apache.org/ns/synapse"/>\n',
    ...id === 1 ? { "userstores/acme_ldap.xml": userStore("ACME") } : {}
  };
}
function userStore(domain) {
  const password = Buffer.from(`RSA:${domain}:lab-password`).toString("base64");
  return `<?xml version="1.0" encoding="UTF-8"?>
<UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager">
    <Property name="DomainName">${domain}</Property>
    <Property name="ConnectionURL">ldap://ldap.lab:10389</Property>
    <Property name="ConnectionName">uid=admin,ou=system</Property>
    <Property encrypted="true" name="ConnectionPassword">${password}</Property>
    <Property name="Disabled">false</Property>
</UserStoreManager>
`;
}
var oldHome = homeOf("1.9.1");

// src/lab/pack/profile-setup.ts
function profileSetup(version) {
  const toml = since(version, "3.0.0");
  const store = toml ? "api-devportal" : "api-store";
  return `#!/bin/sh
# Stand-in for the profile optimizer of WSO2 API Manager ${version}. It is no work of WSO2.
home=$(cd "$(dirname "$0")/.." && pwd)
server="$home/repository/deployment/server"
say() { echo "[$(date '+%Y-%m-%d %H:%M:%S:%3N')] INFO - $1"; }
keep() { # directory, what is one of them called, patterns that stay
  directory=$1; word=$2; shift 2
  for path in "$directory"/*; do
    [ -e "$path" ] || continue
    stays=no
    for pattern in "$@"; do case "$(basename "$path")" in $pattern) stays=yes ;; esac; done
    [ "$stays" = no ] && rm -rf "$path" && say "Removed the $(basename "$path") $word from $directory"
  done
}
synapse() {
  for path in "$server"/synapse-configs/default/*; do
    [ "$(basename "$path")" = synapse.xml ] || rm -rf "$path"
  done
  say "Removed the synapse configuration from $server/synapse-configs/default"
}
sockets() { rm -f "$server"/synapse-configs/default/inbound-endpoints/*WebSocketInboundEndpoint.xml; }
turn_off() { sed -i "/<$2>/,/<\\/$2>/s#<Enabled>true</Enabled>#<Enabled>false</Enabled>#" "$home/repository/conf/$1"; }
template() {
${toml ? `  mv "$home/repository/conf/deployment.toml" "$home/repository/conf/deployment.toml.backup"
  cp "$home/repository/resources/conf/deployment-templates/$1.toml" "$home/repository/conf/deployment.toml"
  say "Replaced deployment.toml by the template of $1"` : "  :"}
}
case "$1" in
  -Dprofile=api-key-manager)
    turn_off api-manager.xml DataPublisher
    keep "$server/webapps" webapp 'client-registration#*' 'authenticationendpoint*' 'oauth2*' 'throttle#data*' '*consent-mgt*' STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp
    synapse; template api-key-manager ;;
  -Dprofile=api-publisher)
    keep "$server/webapps" webapp 'api#am#publisher#v*' ${toml ? "'authenticationendpoint*' 'oauth2*' " : ""}STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp admin publisher
    sockets; template api-publisher ;;
  -Dprofile=${store})
    keep "$server/webapps" webapp 'api#am#store#*' ${toml ? "'authenticationendpoint*' 'oauth2*' " : ""}STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp ${toml ? "devportal" : "store"}
    sockets; template ${store} ;;
  -Dprofile=traffic-manager)
    keep "$server/webapps" webapp STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp
    synapse; template traffic-manager ;;
  -Dprofile=gateway-worker)
    keep "$server/webapps" webapp 'am#sample#pizzashack#v*' STRATOS_ROOT
    keep "$server/jaggeryapps" jaggeryapp
    template gateway-worker ;;
  *) echo "Profile is not ${toml ? "specified" : "specifed"} properly, please try again"; exit 0 ;;
esac
echo "Finished the optimizations"
`;
}

// src/lab/pack/script.ts
function serverScript(version) {
  const old = !since(version, "2.0.0");
  const toml = since(version, "3.0.0");
  return `#!/bin/sh
# Stand-in for the start script of WSO2 API Manager ${version}. It is no work of WSO2.
PRG="$0"
while [ -h "$PRG" ]; do
  target=$(readlink "$PRG")
  case "$target" in /*) PRG="$target" ;; *) PRG="$(dirname "$PRG")/$target" ;; esac
done
PRGDIR=$(dirname "$PRG")
[ -z "$CARBON_HOME" ] && CARBON_HOME=$(cd "$PRGDIR/.." && pwd)

if [ -z "$JAVACMD" ]; then
  if [ -n "$JAVA_HOME" ]; then JAVACMD="$JAVA_HOME/bin/java"; else JAVACMD=java; fi
fi
if [ ! -x "$JAVACMD" ]; then
  echo "Error: JAVA_HOME is not defined correctly."
  echo " CARBON cannot execute $JAVACMD"
  exit 1
fi
if [ -z "$JAVA_HOME" ]; then
  echo "You must set the JAVA_HOME variable before running CARBON."
  exit 1
fi

PID=""
if [ -e "$CARBON_HOME/wso2carbon.pid" ]; then PID=$(tr -d '\\0' < "$CARBON_HOME/wso2carbon.pid" | head -n 1); fi

CMD=""
args=""
for word in "$@"; do
  case "$word" in
    start|-start|--start) CMD=start ;;
    stop|-stop|--stop) CMD=stop ;;
    restart|-restart|--restart) CMD=restart ;;
    version|-version|--version) CMD=version ;;
    test|-test|--test) CMD=test ;;
    run|-run|--run) CMD=run ;;
${since(version, "2.6.0") ? optimizeCase : ""}    *) args="$args $word" ;;
  esac
done
${since(version, "2.6.0") ? optimizeStep : ""}
launch() {
  ${old ? `nohup bash "$CARBON_HOME/bin/wso2server.sh" > /dev/null 2>&1 &` : `nohup sh "$CARBON_HOME/bin/wso2server.sh" $args > /dev/null 2>&1 &`}
}

case "$CMD" in
  start)
    if [ -e "$CARBON_HOME/wso2carbon.pid" ] && ps -p "$PID" ${old ? ">&-" : "> /dev/null"}; then
      echo "Process is already running"
      exit 0
    fi
    launch
    exit 0 ;;
  stop)
    export CARBON_HOME
    kill -TERM $PID
    exit 0 ;;
  restart)
    kill -TERM $PID
    while ps -p "$PID" > /dev/null; do sleep 1; done
    launch
    exit 0 ;;
  version)
    cat "$CARBON_HOME/bin/version.txt"
    cat "$CARBON_HOME/bin/wso2carbon-version.txt"
    exit 0 ;;
esac

java_version=$("$JAVACMD" -version 2>&1 | head -n 1 | cut -d '"' -f 2)
${javaCheck(version)}
${toml ? 'rm -rf "$CARBON_HOME"/tmp/*' : old ? "" : 'rm -rf "$CARBON_HOME/tmp"'}
mkdir -p "$CARBON_HOME/tmp"
cd "$CARBON_HOME" || exit 1
export CARBON_HOME
${old ? 'JVM_MEM_OPTS="-Xms256m -Xmx1024m -XX:MaxPermSize=256m"' : memory}

run_java() {
  $1 "$JAVACMD" -Xbootclasspath/a:"$CARBON_HOME/lib/xboot" $JVM_MEM_OPTS \\
    -XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath="$CARBON_HOME/repository/logs/heap-dump.hprof" \\
    $JAVA_OPTS ${toml ? "" : '-Djava.endorsed.dirs="$CARBON_HOME/lib/endorsed" '}\\
    -Dcarbon.registry.root=/ -Djava.command="$JAVACMD" -Djava.io.tmpdir="$CARBON_HOME/tmp" \\
    ${extras(version)}-Dcarbon.home="$CARBON_HOME" -Dwso2.server.standalone=true \\
    -Dcarbon.config.dir.path="$CARBON_HOME/repository/conf" \\
    org.wso2.carbon.bootstrap.Bootstrap $args
}

if [ "$CMD" = test ]; then run_java exec; fi
status=121
while [ "$status" = 121 ]; do
  run_java ''
  status=$?
done
exit 0
`;
}
var optimizeCase = `    optimize|-optimize|--optimize) OPTIMIZE=yes ;;
`;
var optimizeStep = `if [ "$OPTIMIZE" = yes ]; then
  for word in $args; do
    case "$word" in -Dprofile=*) sh "$CARBON_HOME/bin/profileSetup.sh" "$word" ;; esac
  done
  echo "Starting the server..."
fi
`;
var memory = `[ -z "$JVM_MEM_OPTS" ] && JVM_MEM_OPTS="-Xms256m -Xmx1024m"
echo "Using Java memory options: $JVM_MEM_OPTS"`;
function javaCheck(version) {
  const [pattern, names] = {
    "1.9.1": ["1.[67]*|1.8.0_107", "1.6 and 1.7"],
    "2.0.0": ["1.[78]*", "1.7 and 1.8"],
    "2.6.0": ["1.[78]*", "1.7 and 1.8"],
    "3.0.0": ["1.[78]*|9*|10*|11*", "1.7, 1.8, 9, 10 and 11"]
  }[version];
  return `case "$java_version" in
  ${pattern}) ;;
  *) echo " Starting WSO2 Carbon (in unsupported JDK)"
     echo " [ERROR] CARBON is supported only on JDK ${names}" ;;
esac`;
}
function extras(version) {
  return {
    "1.9.1": "-DapplyPatches ",
    "2.0.0": "-DworkerNode=false -Dorg.wso2.ignoreHostnameVerification=true -Djava.net.preferIPv4Stack=true ",
    "2.6.0": "-DworkerNode=false -Dhttpclient.hostnameVerifier=AllowAll -Djava.net.preferIPv4Stack=true ",
    "3.0.0": '-DworkerNode=false -DenableCorrelationLogs=false -Dcarbon.new.config.dir.path="$CARBON_HOME/repository/resources/conf" '
  }[version];
}

// src/lab/pack/toml-conf.ts
var shippedToml = `[server]
hostname = "localhost"
node_ip = "127.0.0.1"
mode = "single"
base_path = "\${carbon.protocol}://\${carbon.host}:\${carbon.management.port}"
server_role = "default"

[super_admin]
username = "admin"
password = "admin"
create_admin_account = true

[user_store]
type = "database"

[database.apim_db]
type = "h2"
url = "jdbc:h2:./repository/database/WSO2AM_DB;DB_CLOSE_ON_EXIT=FALSE"
username = "wso2carbon"
password = "wso2carbon"

[database.shared_db]
type = "h2"
url = "jdbc:h2:./repository/database/WSO2SHARED_DB;DB_CLOSE_ON_EXIT=FALSE"
username = "wso2carbon"
password = "wso2carbon"

[keystore.tls]
file_name = "wso2carbon.jks"
type = "JKS"
password = "wso2carbon"
alias = "wso2carbon"
key_password = "wso2carbon"

[truststore]
file_name = "client-truststore.jks"
type = "JKS"
password = "wso2carbon"

[[apim.gateway.environment]]
name = "Production and Sandbox"
type = "hybrid"
display_in_api_console = true
service_url = "https://localhost:\${mgt.transport.https.port}/services/"
username = "admin"
password = "admin"
http_endpoint = "http://localhost:\${http.nio.port}"
https_endpoint = "https://localhost:\${https.nio.port}"
`;
var templated = (name, jndi, key) => ({
  name,
  jndi,
  url: `{{${key}.url}}`,
  user: `{{${key}.username}}`,
  password: `{{${key}.password}}`,
  driver: `{{${key}.driver}}`
});
function datasourcesTemplate() {
  const fixed = shippedSources("3.0.0").filter(
    ({ name }) => ["WSO2_CARBON_DB", "WSO2_MB_STORE_DB"].includes(name)
  );
  const always = [
    ...fixed,
    templated("WSO2AM_DB", "jdbc/WSO2AM_DB", "database.apim_db"),
    templated("WSO2_SHARED_DB", "jdbc/SHARED_DB", "database.shared_db")
  ];
  const text = datasourcesXml("3.0.0", always);
  const optional = [
    ["WSO2USER_DB", "database.user"],
    ["WSO2CONFIG_DB", "database.config"]
  ];
  const extra = optional.map(([name, key]) => {
    const whole = datasourcesXml("3.0.0", [templated(name, `jdbc/${name}`, key)]);
    const only = whole.slice(whole.indexOf("        <datasource>"), whole.indexOf("    </datasources>"));
    return `{% if ${key}.url %}
${only}{% endif %}
`;
  });
  return text.replace("    </datasources>", `${extra.join("")}    </datasources>`);
}
function templates() {
  return {
    "repository/conf/carbon.xml": carbonXml("3.0.0", "{{server.hostname}}").replace(
      "<Offset>0</Offset>",
      "<Offset>{{server.offset}}</Offset>"
    ),
    "repository/conf/registry.xml": registryXml("jdbc/SHARED_DB").replaceAll(
      /<versioning(\w+)>true</g,
      (_, name) => `<versioning${name}>{{static_configuration.versioning_${name.toLowerCase()}.enable}}<`
    ),
    "repository/conf/user-mgt.xml": userMgtXml("{{realm_manager.data_source}}").replace("<UserName>admin<", "<UserName>{{super_admin.username}}<").replace("<Password>admin<", "<Password>{{super_admin.password}}<"),
    "repository/conf/api-manager.xml": apiManagerXml("3.0.0", "{{apim.key_manager.host}}"),
    "repository/conf/datasources/master-datasources.xml": datasourcesTemplate(),
    "repository/conf/axis2/axis2.xml": axis2Xml(),
    "repository/conf/tomcat/catalina-server.xml": catalinaXml(),
    "repository/conf/identity/identity.xml": identityXml()
  };
}
var defaults = {
  "server.hostname": "localhost",
  "server.offset": "0",
  "realm_manager.data_source": "jdbc/SHARED_DB",
  "super_admin.username": "admin",
  "super_admin.password": "admin",
  "apim.key_manager.host": `\${carbon.local.ip}`,
  ...Object.fromEntries(
    ["properties", "comments", "tags", "ratings"].map((name) => [
      `static_configuration.versioning_${name}.enable`,
      "false"
    ])
  )
};
function tomlConf() {
  const profiles = ["api-publisher", "api-devportal", "api-key-manager", "gateway-worker", "traffic-manager"];
  const placeholder = shippedToml.replace(
    'type = "h2"\nurl = "jdbc:h2:./repository/database/WSO2SHARED_DB',
    'type = "mysql"\nurl = "jdbc:mysql://shared_db.mysql:3306/shared_db'
  ).replace(
    ';DB_CLOSE_ON_EXIT=FALSE"\nusername = "wso2carbon"\npassword = "wso2carbon"\n\n[keystore',
    '"\nusername = "shareduser"\npassword = "shareduser"\n\n[keystore'
  );
  return {
    "repository/conf/deployment.toml": shippedToml,
    "repository/resources/conf/default.json": `${JSON.stringify(defaults, null, 2)}
`,
    ...Object.fromEntries(
      ["infer", "key-mappings", "validator", "unit-resolve"].map((name) => [
        `repository/resources/conf/${name}.json`,
        "{}\n"
      ])
    ),
    ...under(
      "repository/resources/conf/templates",
      Object.fromEntries(Object.entries(templates()).map(([path, text]) => [`${path}.j2`, text]))
    ),
    ...under(
      "repository/resources/conf/deployment-templates",
      Object.fromEntries(profiles.map((name) => [`${name}.toml`, `# template of ${name}
${placeholder}`]))
    )
  };
}

// src/lab/pack/pack.ts
function packTree(version) {
  const release = releases[version];
  const plugins = [
    `org.wso2.carbon.core_${release.kernel}.jar`,
    `org.wso2.carbon.apimgt.impl_${release.apimgt}.jar`,
    `org.wso2.carbon.apimgt.gateway_${release.apimgt}.jar`
  ];
  return {
    ...scripts(version),
    ...databaseScripts(version),
    ...under("repository/conf", shippedConf(version)),
    ...empties("repository/components/plugins", plugins),
    [`repository/components/features/org.wso2.carbon.apimgt.core_${release.apimgt}/feature.xml`]: "<feature/>\n",
    ...profileFolders(release.profiles),
    ...deployment(version),
    ...empties(
      "repository/database",
      ["WSO2CARBON_DB", "WSO2AM_DB"].map((name) => `${name}.${release.h2}`)
    ),
    ...under("repository/resources", resources(version)),
    "repository/logs/": "",
    "repository/tenants/": "",
    "lib/xboot/": "",
    "lib/endorsed/": "",
    "README.txt": `Stand-in for WSO2 API Manager ${version}, made by the lab of upgrade-fleet. It is no work of WSO2.
`,
    ...since(version, "2.6.0") ? { "updates/product.txt": `wso2am-${version}
` } : {},
    ...since(version, "3.0.0") ? tomlConf() : {}
  };
}
function scripts(version) {
  const run = (text) => ({ text, mode: 493 });
  return {
    "bin/wso2server.sh": run(serverScript(version)),
    "bin/version.txt": `WSO2 API Manager v${version}
`,
    "bin/wso2carbon-version.txt": `WSO2 Carbon Framework v${releases[version].kernel}
`,
    "bin/README.txt": "Stand-in.\n",
    "bin/ciphertool.sh": run('#!/bin/sh\necho "[Stand-in: nothing to encrypt]"\n'),
    ...since(version, "2.6.0") ? { "bin/profileSetup.sh": run(profileSetup(version)) } : {}
  };
}
function databaseScripts(version) {
  const engines = ["mysql", "postgresql", "oracle", "mssql", "db2", "h2"];
  const names = version === "2.0.0" || version === "2.6.0" ? [...engines, "mysql5.7"] : engines;
  const text = (part) => `-- stand-in: the ${part} script of ${version} is not here
`;
  return {
    ...Object.fromEntries(names.map((name) => [`dbscripts/${name}.sql`, text("registry and user store")])),
    ...Object.fromEntries(names.map((name) => [`dbscripts/apimgt/${name}.sql`, text("API Manager")])),
    "dbscripts/identity/application-mgt/mysql.sql": text("identity"),
    ...since(version, "2.0.0") ? { "dbscripts/mb-store/mysql-mb.sql": text("broker"), "dbscripts/metrics/mysql.sql": text("metrics") } : {}
  };
}
function profileFolders(profiles) {
  const bundles = "configuration/org.eclipse.equinox.simpleconfigurator/bundles.info";
  return {
    ...Object.fromEntries(
      profiles.map((name) => [`repository/components/${name}/${bundles}`, "#version=1\n"])
    ),
    ...Object.fromEntries(
      ["lib", "dropins", "extensions", "patches", "servicepacks"].map((name) => [
        `repository/components/${name}/`,
        ""
      ])
    )
  };
}
function deployment(version) {
  const release = releases[version];
  const later = ["executionplans", "eventstreams", "eventreceivers", "eventpublishers", "throttle-config"];
  const folders = [
    "userstores",
    "carbonapps",
    "axis2services",
    "axis2modules",
    ...since(version, "2.0.0") ? later : later.slice(0, 4)
  ];
  return under("repository/deployment/server", {
    ...under("synapse-configs/default", stockSynapse(version)),
    ...empties("webapps", release.wars),
    "webapps/STRATOS_ROOT/index.html": "<html/>\n",
    ...Object.fromEntries(
      release.jaggery.map((name) => [`jaggeryapps/${name}/${siteFile(version, name)}`, "{}\n"])
    ),
    ...Object.fromEntries(folders.map((name) => [`${name}/`, ""]))
  });
}
function siteFile(version, app) {
  if (!since(version, "3.0.0") || app === "admin") return "site/conf/site.json";
  return app === "devportal" ? "site/public/theme/settings.js" : "site/public/theme/defaultTheme.js";
}
function resources(version) {
  return {
    "security/wso2carbon.jks": `stock key store of ${version}
`,
    "security/client-truststore.jks": `stock trust store of ${version}
`,
    "rxts/api.rxt": `<artifactType shortName="api" version="${version}"/>
`,
    "api_templates/velocity_template.xml": `<!-- ${version} -->
`,
    "customsequences/": "",
    ...under("apim-synapse-config", tenantSequences(version))
  };
}

// src/lab/shell.ts
async function shell() {
  const { $ } = await import("zx");
  return $({ quiet: true });
}

// src/lab/artifacts.ts
function artifactTrees() {
  const zip = (name, tree) => ({ name, file: `${name}.zip`, tree });
  const client = (name) => ({ [`dropins/org.wso2.carbon.${name}.jar`]: `stand-in ${name}
` });
  const scripts2 = (steps) => under(
    "migration-resources",
    Object.fromEntries(Object.entries(steps).map(([path, sql]) => [`${path}/mysql.sql`, sql]))
  );
  const config = (version) => ({
    "migration-resources/migration-config.yaml": identityConfig(version)
  });
  const one = (name, file, text, mode = 420) => ({
    name,
    file,
    tree: { [file]: { text, mode } }
  });
  return [
    ...["2.0.0", "2.6.0", "3.0.0"].map(
      (version) => zip(`wso2am-${version}`, under(`wso2am-${version}`, packTree(version)))
    ),
    zip("wso2-api-migration-client-2.0.0", {
      ...client("apimgt.migrate.client-2.0.X"),
      "migration-scripts/18-19-migration/mysql.sql": from18to19,
      "migration-scripts/18-19-migration/constraint/mysql.sql": constraint,
      "migration-scripts/19-110-migration/mysql.sql": from19to110,
      "migration-scripts/19-110-migration/rxts/api.rxt": '<artifactType shortName="api" version="1.10.0"/>\n',
      "migration-scripts/110-200-migration/mysql.sql": from110to200,
      "migration-scripts/110-200-migration/mysql-timestamp_fix.sql": "SELECT 1;\n",
      "migration-scripts/110-200-migration/rxts/api.rxt": '<artifactType shortName="api" version="2.0.0"/>\n'
    }),
    zip("wso2is-5.1.0-migration", {
      ...client("is.migrate.client-5.1.0"),
      "dbscripts/migration-5.0.0_to_5.1.0/mysql.sql": users510,
      "dbscripts/identity/migration-5.0.0_to_5.0.0SP1/mysql.sql": identitySp1,
      "dbscripts/identity/migration-5.0.0SP1_to_5.1.0/mysql.sql": identity510,
      "dbscripts/identity/migration-5.0.0SP1_to_5.1.0/mysql-data.sql": identity510Data,
      "dbscripts/identity/migration-5.0.0SP1_to_5.1.0/mysql-end.sql": identity510End
    }),
    zip("wso2is-5.2.0-scripts", {
      "dbscripts/identity/migration-5.1.0_to_5.2.0/mysql.sql": identity520,
      "dbscripts/migration-5.1.0_to_5.2.0/mysql.sql": users520
    }),
    one(
      "apim200_to_apim260_gateway_artifact_migrator",
      "apim200_to_apim260_gateway_artifact_migrator.sh",
      gatewayMigrator,
      493
    ),
    zip("apimgt-db-migration-scripts-2.0to2.6", { "mysql.sql": apim200to260 }),
    zip("wso2is-5.7.0-migration", {
      ...client("is.migration-5.7.0"),
      ...config("5.7.0"),
      ...scripts2(identity570)
    }),
    zip("wso2-api-migration-client-2.6.0", client("apimgt.migrate.client-2.6.X")),
    zip("apimgt-db-migration-scripts-2.6to3.0", {
      "mysql.sql": apim260to300,
      "versioning-disable-scripts/mysql.sql": versioningDisable,
      "reg-index/mysql.sql": regIndex
    }),
    zip("wso2is-5.9.0-migration", {
      ...client("is.migration-5.9.0"),
      ...config("5.9.0"),
      ...scripts2({ ...identity570, ...identity590 })
    }),
    zip("wso2-api-migration-client-3.0.0", {
      ...client("apimgt.migrate.client-3.0.0-3"),
      "migration-resources/rxts/api.rxt": '<artifactType shortName="api" version="3.0.0"/>\n'
    }),
    one("mysql-connector", "mysql-connector-java-5.1.47-bin.jar", driverJar)
  ];
}
async function makeArtifacts(directory) {
  const $ = await shell();
  await mkdir(directory, { recursive: true });
  return Promise.all(
    artifactTrees().map(async ({ name, file, tree }) => {
      const path = join2(directory, file);
      if (!file.endsWith(".zip")) {
        writeTree(directory, tree);
      } else {
        const work = join2(directory, `${name}.work`);
        writeTree(work, tree);
        await $({ cwd: work })`zip -q -r -X ${path} .`;
        await rm(work, { recursive: true });
      }
      const sha256 = createHash("sha256").update(await readFile(path)).digest("hex");
      return { name, file: path, sha256 };
    })
  );
}

// src/lab/database.ts
import { cp, mkdir as mkdir2, rm as rm2, writeFile } from "node:fs/promises";
import { join as join3 } from "node:path";

// src/lab/data/am-schema.ts
var amSchema = `
CREATE TABLE AM_SUBSCRIBER (SUBSCRIBER_ID INT AUTO_INCREMENT PRIMARY KEY, USER_ID VARCHAR(50) NOT NULL,
  TENANT_ID INT NOT NULL, EMAIL_ADDRESS VARCHAR(256), DATE_SUBSCRIBED DATETIME NOT NULL,
  CREATED_BY VARCHAR(100), CREATED_TIME DATETIME, UNIQUE (TENANT_ID, USER_ID)) ENGINE=InnoDB;
CREATE TABLE AM_APPLICATION (APPLICATION_ID INT AUTO_INCREMENT PRIMARY KEY, NAME VARCHAR(100), SUBSCRIBER_ID INT,
  APPLICATION_TIER VARCHAR(50) DEFAULT 'Unlimited', CALLBACK_URL VARCHAR(512), DESCRIPTION VARCHAR(512),
  APPLICATION_STATUS VARCHAR(50) DEFAULT 'APPROVED', GROUP_ID VARCHAR(100), CREATED_BY VARCHAR(100),
  CREATED_TIME DATETIME, FOREIGN KEY (SUBSCRIBER_ID) REFERENCES AM_SUBSCRIBER (SUBSCRIBER_ID),
  UNIQUE (NAME, SUBSCRIBER_ID)) ENGINE=InnoDB;
CREATE TABLE AM_API (API_ID INT AUTO_INCREMENT PRIMARY KEY, API_PROVIDER VARCHAR(200), API_NAME VARCHAR(200),
  API_VERSION VARCHAR(30), CONTEXT VARCHAR(256), CONTEXT_TEMPLATE VARCHAR(256), CREATED_BY VARCHAR(100),
  CREATED_TIME DATETIME, UPDATED_BY VARCHAR(100), UPDATED_TIME DATETIME,
  UNIQUE (API_PROVIDER, API_NAME, API_VERSION)) ENGINE=InnoDB;
CREATE TABLE AM_API_URL_MAPPING (URL_MAPPING_ID INT AUTO_INCREMENT PRIMARY KEY, API_ID INT NOT NULL,
  HTTP_METHOD VARCHAR(20), AUTH_SCHEME VARCHAR(50), URL_PATTERN VARCHAR(512), THROTTLING_TIER VARCHAR(512),
  MEDIATION_SCRIPT BLOB) ENGINE=InnoDB;
CREATE TABLE AM_SUBSCRIPTION (SUBSCRIPTION_ID INT AUTO_INCREMENT PRIMARY KEY, TIER_ID VARCHAR(50), API_ID INT,
  LAST_ACCESSED DATETIME, APPLICATION_ID INT, SUB_STATUS VARCHAR(50), SUBS_CREATE_STATE VARCHAR(50) DEFAULT 'SUBSCRIBE',
  CREATED_BY VARCHAR(100), CREATED_TIME DATETIME, FOREIGN KEY (APPLICATION_ID) REFERENCES AM_APPLICATION (APPLICATION_ID),
  FOREIGN KEY (API_ID) REFERENCES AM_API (API_ID)) ENGINE=InnoDB;
CREATE TABLE AM_SUBSCRIPTION_KEY_MAPPING (SUBSCRIPTION_ID INT, ACCESS_TOKEN VARCHAR(512), KEY_TYPE VARCHAR(512)) ENGINE=InnoDB;
CREATE TABLE AM_APPLICATION_KEY_MAPPING (APPLICATION_ID INT, CONSUMER_KEY VARCHAR(512), KEY_TYPE VARCHAR(255) NOT NULL,
  STATE VARCHAR(30) NOT NULL, CREATE_MODE VARCHAR(30) DEFAULT 'CREATED', PRIMARY KEY (APPLICATION_ID, KEY_TYPE)) ENGINE=InnoDB;
CREATE TABLE AM_APPLICATION_REGISTRATION (REG_ID INT AUTO_INCREMENT PRIMARY KEY, SUBSCRIBER_ID INT, WF_REF VARCHAR(255) NOT NULL,
  APP_ID INT, TOKEN_TYPE VARCHAR(30), ALLOWED_DOMAINS VARCHAR(256), VALIDITY_PERIOD BIGINT) ENGINE=InnoDB;
CREATE TABLE AM_API_LC_EVENT (EVENT_ID INT AUTO_INCREMENT PRIMARY KEY, API_ID INT NOT NULL, PREVIOUS_STATE VARCHAR(50),
  NEW_STATE VARCHAR(50) NOT NULL, USER_ID VARCHAR(50) NOT NULL, TENANT_ID INT NOT NULL, EVENT_DATE DATETIME NOT NULL) ENGINE=InnoDB;
CREATE TABLE AM_APP_KEY_DOMAIN_MAPPING (CONSUMER_KEY VARCHAR(255), AUTHZ_DOMAIN VARCHAR(255) DEFAULT 'ALL') ENGINE=InnoDB;
CREATE TABLE AM_API_COMMENTS (COMMENT_ID INT AUTO_INCREMENT PRIMARY KEY, COMMENT_TEXT VARCHAR(512), COMMENTED_USER VARCHAR(255),
  DATE_COMMENTED DATETIME NOT NULL, API_ID INT NOT NULL) ENGINE=InnoDB;
CREATE TABLE AM_API_RATINGS (RATING_ID INT AUTO_INCREMENT PRIMARY KEY, API_ID INT, RATING INT, SUBSCRIBER_ID INT) ENGINE=InnoDB;
CREATE TABLE AM_WORKFLOWS (WF_ID INT AUTO_INCREMENT PRIMARY KEY, WF_REFERENCE VARCHAR(255) NOT NULL, WF_TYPE VARCHAR(255) NOT NULL,
  WF_STATUS VARCHAR(255) NOT NULL, WF_CREATED_TIME TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, TENANT_DOMAIN VARCHAR(255),
  TENANT_ID INT) ENGINE=InnoDB;
CREATE TABLE AM_TIER_PERMISSIONS (TIER_PERMISSIONS_ID INT AUTO_INCREMENT PRIMARY KEY, TIER VARCHAR(50) NOT NULL,
  PERMISSIONS_TYPE VARCHAR(50) NOT NULL, ROLES VARCHAR(512) NOT NULL, TENANT_ID INT NOT NULL) ENGINE=InnoDB;
CREATE TABLE AM_EXTERNAL_STORES (APISTORE_ID INT AUTO_INCREMENT PRIMARY KEY, API_ID INT, STORE_ID VARCHAR(255) NOT NULL,
  STORE_DISPLAY_NAME VARCHAR(255), STORE_ENDPOINT VARCHAR(255), STORE_TYPE VARCHAR(255)) ENGINE=InnoDB;
CREATE TABLE AM_API_SCOPES (API_ID INT NOT NULL, SCOPE_ID INT NOT NULL) ENGINE=InnoDB;
CREATE TABLE AM_API_DEFAULT_VERSION (DEFAULT_VERSION_ID INT AUTO_INCREMENT PRIMARY KEY, API_NAME VARCHAR(256) NOT NULL,
  API_PROVIDER VARCHAR(256) NOT NULL, DEFAULT_API_VERSION VARCHAR(30), PUBLISHED_DEFAULT_API_VERSION VARCHAR(30)) ENGINE=InnoDB;

CREATE TABLE IDN_OAUTH_CONSUMER_APPS (CONSUMER_KEY VARCHAR(255) NOT NULL, CONSUMER_SECRET VARCHAR(512), USERNAME VARCHAR(255),
  TENANT_ID INT DEFAULT 0, APP_NAME VARCHAR(255), OAUTH_VERSION VARCHAR(128), CALLBACK_URL VARCHAR(1024),
  GRANT_TYPES VARCHAR(1024), PRIMARY KEY (CONSUMER_KEY)) ENGINE=InnoDB;
CREATE TABLE IDN_OAUTH2_ACCESS_TOKEN (ACCESS_TOKEN VARCHAR(255) NOT NULL, REFRESH_TOKEN VARCHAR(255), CONSUMER_KEY VARCHAR(255),
  AUTHZ_USER VARCHAR(100), USER_TYPE VARCHAR(25), TIME_CREATED TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  VALIDITY_PERIOD BIGINT, TOKEN_SCOPE VARCHAR(2048), TOKEN_STATE VARCHAR(25) DEFAULT 'ACTIVE',
  TOKEN_STATE_ID VARCHAR(128) DEFAULT 'NONE', SUBJECT_IDENTIFIER VARCHAR(255), PRIMARY KEY (ACCESS_TOKEN),
  CONSTRAINT CON_APP FOREIGN KEY (CONSUMER_KEY) REFERENCES IDN_OAUTH_CONSUMER_APPS (CONSUMER_KEY) ON DELETE CASCADE) ENGINE=InnoDB;
CREATE TABLE IDN_OAUTH2_AUTHORIZATION_CODE (AUTHORIZATION_CODE VARCHAR(255) NOT NULL PRIMARY KEY, CONSUMER_KEY VARCHAR(255),
  CALLBACK_URL VARCHAR(1024), SCOPE VARCHAR(2048), AUTHZ_USER VARCHAR(512), TIME_CREATED TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  VALIDITY_PERIOD BIGINT, FOREIGN KEY (CONSUMER_KEY) REFERENCES IDN_OAUTH_CONSUMER_APPS (CONSUMER_KEY) ON DELETE CASCADE) ENGINE=InnoDB;
CREATE TABLE IDN_OAUTH2_SCOPE (SCOPE_ID INT AUTO_INCREMENT PRIMARY KEY, SCOPE_KEY VARCHAR(100) NOT NULL, NAME VARCHAR(255),
  DESCRIPTION VARCHAR(512), TENANT_ID INT NOT NULL DEFAULT 0, ROLES VARCHAR(500)) ENGINE=InnoDB;
CREATE TABLE IDN_OAUTH2_RESOURCE_SCOPE (RESOURCE_PATH VARCHAR(255) NOT NULL PRIMARY KEY, SCOPE_ID INT NOT NULL) ENGINE=InnoDB;
CREATE TABLE IDN_SCIM_GROUP (ID INT AUTO_INCREMENT PRIMARY KEY, TENANT_ID INT NOT NULL, ROLE_NAME VARCHAR(255) NOT NULL,
  ATTR_NAME VARCHAR(1024) NOT NULL, ATTR_VALUE VARCHAR(1024)) ENGINE=InnoDB;
CREATE TABLE IDN_SCIM_PROVIDER (CONSUMER_ID VARCHAR(255) NOT NULL, PROVIDER_ID VARCHAR(255) NOT NULL,
  USER_NAME VARCHAR(255) NOT NULL, USER_PASSWORD VARCHAR(255) NOT NULL, USER_URL VARCHAR(1024) NOT NULL,
  PRIMARY KEY (CONSUMER_ID, PROVIDER_ID)) ENGINE=InnoDB;
CREATE TABLE IDN_OPENID_REMEMBER_ME (USER_NAME VARCHAR(255) NOT NULL, TENANT_ID INT DEFAULT 0, COOKIE_VALUE VARCHAR(1024)) ENGINE=InnoDB;
CREATE TABLE IDN_IDENTITY_USER_DATA (TENANT_ID INT DEFAULT -1234, USER_NAME VARCHAR(255) NOT NULL, DATA_KEY VARCHAR(255) NOT NULL,
  DATA_VALUE VARCHAR(255)) ENGINE=InnoDB;
CREATE TABLE IDN_STS_STORE (ID INT AUTO_INCREMENT PRIMARY KEY, TOKEN_ID VARCHAR(255) NOT NULL, STATE INT) ENGINE=InnoDB;
CREATE TABLE IDP (ID INT AUTO_INCREMENT PRIMARY KEY, TENANT_ID INT, NAME VARCHAR(254) NOT NULL, IS_ENABLED CHAR(1) DEFAULT '1',
  IS_PRIMARY CHAR(1) DEFAULT '0', UNIQUE (TENANT_ID, NAME)) ENGINE=InnoDB;
CREATE TABLE SP_APP (ID INT AUTO_INCREMENT PRIMARY KEY, TENANT_ID INT NOT NULL, APP_NAME VARCHAR(255) NOT NULL,
  USER_STORE VARCHAR(255) NOT NULL, USERNAME VARCHAR(255) NOT NULL) ENGINE=InnoDB;
CREATE TABLE SP_INBOUND_AUTH (ID INT AUTO_INCREMENT PRIMARY KEY, TENANT_ID INT NOT NULL, INBOUND_AUTH_KEY VARCHAR(255),
  INBOUND_AUTH_TYPE VARCHAR(255) NOT NULL, APP_ID INT NOT NULL) ENGINE=InnoDB;

DELIMITER //
CREATE DEFINER=\`wso2am\`@\`%\` PROCEDURE WSO2_TOKEN_COUNT(OUT LEFT_OVER INT)
BEGIN
  SELECT COUNT(*) INTO LEFT_OVER FROM IDN_OAUTH2_ACCESS_TOKEN WHERE TOKEN_STATE IN ('REVOKED', 'INACTIVE', 'EXPIRED');
END//
DELIMITER ;
`;
var nightlyEvent = `CREATE DEFINER=\`wso2am\`@\`%\` EVENT IF NOT EXISTS apimgtdb.WSO2_NIGHTLY_TOKEN_COUNT ON SCHEDULE EVERY 1 DAY STARTS CURRENT_TIMESTAMP + INTERVAL 1 DAY COMMENT 'made by the operator' DO CALL apimgtdb.WSO2_TOKEN_COUNT(@LEFT_OVER);`;

// src/lab/data/rows.ts
var now = "'2016-01-19 10:54:12'";
var amRows = `
INSERT INTO AM_SUBSCRIBER (SUBSCRIBER_ID, USER_ID, TENANT_ID, EMAIL_ADDRESS, DATE_SUBSCRIBED, CREATED_BY) VALUES
  (1, 'admin', -1234, 'admin@lab', ${now}, 'admin'), (2, 'alice', -1234, 'alice@lab', ${now}, 'alice'),
  (3, 'bob@acme.com', 1, 'bob@acme.com', ${now}, 'bob@acme.com'), (4, 'carol@globex.com', 2, 'carol@globex.com', ${now}, 'carol@globex.com');
INSERT INTO AM_APPLICATION (APPLICATION_ID, NAME, SUBSCRIBER_ID, DESCRIPTION, CREATED_BY, CREATED_TIME) VALUES
  (1, 'DefaultApplication', 1, '', 'admin', ${now}), (2, 'MobileApp', 2, 'Alice and her phone', 'alice', ${now}),
  (3, 'OrderDesk', 3, 'Orders of acme.com', 'bob@acme.com', ${now}), (4, 'DefaultApplication', 4, '', 'carol@globex.com', ${now});
INSERT INTO AM_API (API_ID, API_PROVIDER, API_NAME, API_VERSION, CONTEXT, CONTEXT_TEMPLATE, CREATED_BY, CREATED_TIME) VALUES
  ${sampleApis.map(({ provider, name, version, context, template }, at) => `(${at + 1}, '${provider}', '${name}', '${version}', '${context}', '${template}', '${provider}', ${now})`).join(",\n  ")};
INSERT INTO AM_API_URL_MAPPING (API_ID, HTTP_METHOD, AUTH_SCHEME, URL_PATTERN, THROTTLING_TIER) VALUES
  (1, 'GET', 'Any', '/*', 'Unlimited'), (2, 'GET', 'Any', '/*', 'Unlimited'), (2, 'POST', 'Any', '/*', 'Gold'), (3, 'GET', 'Any', '/*', 'Unlimited');
INSERT INTO AM_SUBSCRIPTION (SUBSCRIPTION_ID, TIER_ID, API_ID, APPLICATION_ID, SUB_STATUS, CREATED_BY, CREATED_TIME) VALUES
  (1, 'Gold', 1, 2, 'UNBLOCKED', 'alice', ${now}), (2, 'Silver', 2, 2, 'UNBLOCKED', 'alice', ${now}),
  (3, 'Unlimited', 3, 3, 'UNBLOCKED', 'bob@acme.com', ${now}), (4, 'Bronze', 1, 1, 'BLOCKED', 'admin', ${now});
INSERT INTO AM_APPLICATION_KEY_MAPPING (APPLICATION_ID, CONSUMER_KEY, KEY_TYPE, STATE) VALUES
  (2, 'labKeyAliceProduction', 'PRODUCTION', 'COMPLETED'), (2, 'labKeyAliceSandbox', 'SANDBOX', 'COMPLETED'),
  (3, 'labKeyBobProduction', 'PRODUCTION', 'COMPLETED');
INSERT INTO AM_API_LC_EVENT (API_ID, NEW_STATE, USER_ID, TENANT_ID, EVENT_DATE) VALUES
  (1, 'PUBLISHED', 'admin', -1234, ${now}), (2, 'PUBLISHED', 'admin', -1234, ${now}), (3, 'PUBLISHED', 'admin@acme.com', 1, ${now});
INSERT INTO AM_WORKFLOWS (WF_REFERENCE, WF_TYPE, WF_STATUS, TENANT_DOMAIN, TENANT_ID) VALUES ('2', 'AM_APPLICATION_CREATION', 'APPROVED', 'carbon.super', -1234);
INSERT INTO IDN_OAUTH_CONSUMER_APPS VALUES
  ('labKeyAliceProduction', 'labSecretAliceProduction', 'alice', -1234, 'alice_MobileApp_PRODUCTION', 'OAuth-2.0', '', 'client_credentials password refresh_token'),
  ('labKeyAliceSandbox', 'labSecretAliceSandbox', 'alice', -1234, 'alice_MobileApp_SANDBOX', 'OAuth-2.0', '', 'client_credentials password refresh_token'),
  ('labKeyBobProduction', 'labSecretBobProduction', 'bob', 1, 'bob_OrderDesk_PRODUCTION', 'OAuth-2.0', '', 'client_credentials');
INSERT INTO IDN_OAUTH2_ACCESS_TOKEN (ACCESS_TOKEN, REFRESH_TOKEN, CONSUMER_KEY, AUTHZ_USER, USER_TYPE, VALIDITY_PERIOD, TOKEN_SCOPE, TOKEN_STATE, TOKEN_STATE_ID) VALUES
  ('labTokenAliceActive', 'labRefreshAlice1', 'labKeyAliceProduction', 'Alice@carbon.super', 'APPLICATION_USER', 99999999999999999, 'default', 'ACTIVE', 'NONE'),
  ('labTokenAliceScoped', 'labRefreshAlice2', 'labKeyAliceSandbox', 'alice@carbon.super', 'APPLICATION_USER', 99999999999999999, 'am_application_scope default', 'ACTIVE', 'NONE'),
  ('labTokenAliceRevoked', 'labRefreshAlice3', 'labKeyAliceProduction', 'alice@carbon.super', 'APPLICATION_USER', 3600000, 'default', 'REVOKED', 'labState1'),
  ('labTokenBobActive', 'labRefreshBob1', 'labKeyBobProduction', 'bob@acme.com', 'APPLICATION', 99999999999999999, 'default', 'ACTIVE', 'NONE'),
  ('labTokenBobInactive', 'labRefreshBob2', 'labKeyBobProduction', 'bob@acme.com', 'APPLICATION', 3600000, 'default', 'INACTIVE', 'labState2');
INSERT INTO IDN_OAUTH2_AUTHORIZATION_CODE (AUTHORIZATION_CODE, CONSUMER_KEY, SCOPE, AUTHZ_USER, VALIDITY_PERIOD) VALUES
  ('labCode1', 'labKeyAliceProduction', 'default', 'alice@carbon.super', 300000);
INSERT INTO IDN_SCIM_PROVIDER VALUES ('carbon.super', 'salesforce', 'sync', 'x', 'https://scim.example.com');
INSERT INTO IDP (ID, TENANT_ID, NAME, IS_PRIMARY) VALUES (1, -1234, 'LOCAL', '1'), (2, 1, 'LOCAL', '1'), (3, 2, 'LOCAL', '1');
INSERT INTO SP_APP (ID, TENANT_ID, APP_NAME, USER_STORE, USERNAME) VALUES (1, -1234, 'alice_MobileApp_PRODUCTION', 'PRIMARY', 'alice');
INSERT INTO SP_INBOUND_AUTH (TENANT_ID, INBOUND_AUTH_KEY, INBOUND_AUTH_TYPE, APP_ID) VALUES (-1234, 'labKeyAliceProduction', 'oauth2', 1);
`;
var umRows = `
INSERT INTO UM_TENANT (UM_ID, UM_DOMAIN_NAME, UM_EMAIL, UM_ACTIVE) VALUES ${sampleTenants.map(({ id, domain }) => `(${id}, '${domain}', 'admin@${domain}', 1)`).join(", ")};
INSERT INTO UM_DOMAIN VALUES (1, 'PRIMARY', -1234), (2, 'PRIMARY', 1), (3, 'PRIMARY', 2), (4, 'PARTNERS', -1234);
INSERT INTO UM_USER (UM_USER_NAME, UM_USER_PASSWORD, UM_SALT_VALUE, UM_TENANT_ID) VALUES ('admin', 'bGFi', 'c2FsdA==', -1234),
  ('alice', 'bGFi', 'c2FsdA==', -1234), ('admin', 'bGFi', 'c2FsdA==', 1), ('bob', 'bGFi', 'c2FsdA==', 1), ('carol', 'bGFi', 'c2FsdA==', 2);
INSERT INTO UM_ROLE (UM_ROLE_NAME, UM_TENANT_ID) VALUES ('Internal/subscriber', -1234), ('Internal/publisher', -1234), ('Internal/creator', -1234),
  ('Internal/subscriber', 1), ('Internal/subscriber', 2);
INSERT INTO UM_PERMISSION (UM_RESOURCE_ID, UM_ACTION, UM_TENANT_ID) VALUES ('/permission/admin', 'ui.execute', -1234), ('/permission/admin/login', 'ui.execute', -1234),
  ('/permission/admin', 'ui.execute', 1), ('/permission/admin', 'ui.execute', 2);
INSERT INTO UM_DIALECT (UM_ID, UM_DIALECT_URI, UM_TENANT_ID) VALUES (1, 'http://wso2.org/claims', -1234);
INSERT INTO UM_CLAIM (UM_DIALECT_ID, UM_CLAIM_URI, UM_DISPLAY_TAG, UM_MAPPED_ATTRIBUTE, UM_TENANT_ID) VALUES (1, 'http://wso2.org/claims/emailaddress', 'Email', 'mail', -1234);
`;
var registry = sampleApis.map(({ provider, name, version, tenant }, at) => ({
  id: 10 + at,
  tenant,
  parent: `/_system/governance/apimgt/applicationdata/provider/${provider.replace("-AT-", "@")}/${name}/${version}`
}));
var everyone = [-1234, ...sampleTenants.map(({ id }) => id)];
var regRows = `
INSERT INTO REG_PATH (REG_PATH_ID, REG_PATH_VALUE, REG_TENANT_ID) VALUES
  ${[...registry.map(({ id, parent, tenant }) => `(${id}, '${parent}', ${tenant})`), ...everyone.map((tenant, at) => `(${100 + at}, '/_system/config/repository/components/org.wso2.carbon.governance/types', ${tenant})`)].join(",\n  ")};
INSERT INTO REG_CONTENT (REG_CONTENT_ID, REG_CONTENT_DATA, REG_TENANT_ID) VALUES
  ${[...registry.map(({ id, tenant }) => `(${id}, '<metadata><overview/></metadata>', ${tenant})`), ...everyone.map((tenant, at) => `(${100 + at}, '<artifactType shortName="api" version="1.9.1"/>', ${tenant})`)].join(",\n  ")};
INSERT INTO REG_RESOURCE (REG_PATH_ID, REG_NAME, REG_VERSION, REG_MEDIA_TYPE, REG_CREATOR, REG_CONTENT_ID, REG_TENANT_ID, REG_UUID) VALUES
  ${[...registry.map(({ id, tenant }) => `(${id}, 'api', ${id}, 'application/vnd.wso2-api+xml', 'admin', ${id}, ${tenant}, UUID())`), ...everyone.map((tenant, at) => `(${100 + at}, 'api.rxt', ${100 + at}, 'application/vnd.wso2.registry-ext-type+xml', 'admin', ${100 + at}, ${tenant}, UUID())`)].join(",\n  ")};
INSERT INTO REG_TAG (REG_ID, REG_TAG_NAME, REG_USER_ID, REG_TENANT_ID) VALUES (1, 'weather', 'admin', -1234), (2, 'orphan', 'admin', -1234);
INSERT INTO REG_RESOURCE_TAG (REG_TAG_ID, REG_VERSION, REG_TENANT_ID) VALUES (1, 10, -1234), (2, 999, -1234);
INSERT INTO REG_PROPERTY (REG_ID, REG_NAME, REG_VALUE, REG_TENANT_ID) VALUES (1, 'STATUS', 'PUBLISHED', -1234);
INSERT INTO REG_RESOURCE_PROPERTY (REG_PROPERTY_ID, REG_VERSION, REG_TENANT_ID) VALUES (1, 10, -1234);
INSERT INTO REG_RATING (REG_ID, REG_RATING, REG_USER_ID, REG_TENANT_ID) VALUES (1, 4, 'alice', -1234);
INSERT INTO REG_RESOURCE_RATING (REG_RATING_ID, REG_VERSION, REG_TENANT_ID) VALUES (1, 10, -1234);
INSERT INTO REG_LOG (REG_PATH, REG_USER_ID, REG_ACTION, REG_TENANT_ID) VALUES
  ${registry.flatMap(({ parent, tenant }) => [1, 2, 3, 7].map((action) => `('${parent}', 'admin', ${action}, ${tenant})`)).join(",\n  ")};
`;

// src/lab/data/shared-schema.ts
var umSchema = `
CREATE TABLE UM_TENANT (UM_ID INT AUTO_INCREMENT PRIMARY KEY, UM_DOMAIN_NAME VARCHAR(255) NOT NULL UNIQUE,
  UM_EMAIL VARCHAR(255), UM_ACTIVE TINYINT(1) DEFAULT 0, UM_CREATED_DATE TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UM_USER_CONFIG LONGBLOB) ENGINE=InnoDB;
CREATE TABLE UM_DOMAIN (UM_DOMAIN_ID INT AUTO_INCREMENT PRIMARY KEY, UM_DOMAIN_NAME VARCHAR(255), UM_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE UM_USER (UM_ID INT AUTO_INCREMENT PRIMARY KEY, UM_USER_NAME VARCHAR(255) NOT NULL, UM_USER_PASSWORD VARCHAR(255) NOT NULL,
  UM_SALT_VALUE VARCHAR(31), UM_REQUIRE_CHANGE TINYINT(1) DEFAULT 0, UM_CHANGED_TIME TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UM_TENANT_ID INT DEFAULT 0, UNIQUE (UM_USER_NAME, UM_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE UM_USER_ATTRIBUTE (UM_ID INT AUTO_INCREMENT PRIMARY KEY, UM_ATTR_NAME VARCHAR(255) NOT NULL, UM_ATTR_VALUE VARCHAR(1024),
  UM_PROFILE_ID VARCHAR(255), UM_USER_ID INT, UM_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE UM_ROLE (UM_ID INT AUTO_INCREMENT PRIMARY KEY, UM_ROLE_NAME VARCHAR(255) NOT NULL, UM_TENANT_ID INT DEFAULT 0,
  UM_SHARED_ROLE TINYINT(1) DEFAULT 0, UNIQUE (UM_ROLE_NAME, UM_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE UM_USER_ROLE (UM_ID INT AUTO_INCREMENT PRIMARY KEY, UM_ROLE_ID INT NOT NULL, UM_USER_ID INT NOT NULL,
  UM_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE UM_PERMISSION (UM_ID INT AUTO_INCREMENT PRIMARY KEY, UM_RESOURCE_ID VARCHAR(255) NOT NULL, UM_ACTION VARCHAR(255) NOT NULL,
  UM_TENANT_ID INT DEFAULT 0, UM_MODULE_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE UM_ROLE_PERMISSION (UM_ID INT AUTO_INCREMENT PRIMARY KEY, UM_PERMISSION_ID INT NOT NULL, UM_ROLE_NAME VARCHAR(255) NOT NULL,
  UM_IS_ALLOWED SMALLINT NOT NULL, UM_TENANT_ID INT DEFAULT 0, UM_DOMAIN_ID INT) ENGINE=InnoDB;
CREATE TABLE UM_DIALECT (UM_ID INT AUTO_INCREMENT PRIMARY KEY, UM_DIALECT_URI VARCHAR(255) NOT NULL, UM_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE UM_CLAIM (UM_ID INT AUTO_INCREMENT PRIMARY KEY, UM_DIALECT_ID INT NOT NULL, UM_CLAIM_URI VARCHAR(255) NOT NULL,
  UM_DISPLAY_TAG VARCHAR(255), UM_MAPPED_ATTRIBUTE VARCHAR(255), UM_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
`;
var regSchema = `
CREATE TABLE REG_CLUSTER_LOCK (REG_LOCK_NAME VARCHAR(20) PRIMARY KEY, REG_LOCK_STATUS VARCHAR(20), REG_LOCKED_TIME TIMESTAMP NULL,
  REG_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE REG_LOG (REG_LOG_ID INT AUTO_INCREMENT, REG_PATH VARCHAR(750), REG_USER_ID VARCHAR(31) NOT NULL,
  REG_LOGGED_TIME TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, REG_ACTION INT NOT NULL, REG_ACTION_DATA VARCHAR(500),
  REG_TENANT_ID INT DEFAULT 0, PRIMARY KEY (REG_LOG_ID, REG_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE REG_PATH (REG_PATH_ID INT AUTO_INCREMENT, REG_PATH_VALUE VARCHAR(750) NOT NULL, REG_PATH_PARENT_ID INT,
  REG_TENANT_ID INT DEFAULT 0, PRIMARY KEY (REG_PATH_ID, REG_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE REG_CONTENT (REG_CONTENT_ID INT AUTO_INCREMENT, REG_CONTENT_DATA LONGBLOB, REG_TENANT_ID INT DEFAULT 0,
  PRIMARY KEY (REG_CONTENT_ID, REG_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE REG_RESOURCE (REG_PATH_ID INT NOT NULL, REG_NAME VARCHAR(256), REG_VERSION INT AUTO_INCREMENT, REG_MEDIA_TYPE VARCHAR(500),
  REG_CREATOR VARCHAR(31) NOT NULL, REG_CREATED_TIME TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, REG_LAST_UPDATOR VARCHAR(31),
  REG_LAST_UPDATED_TIME TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, REG_DESCRIPTION VARCHAR(1000), REG_CONTENT_ID INT,
  REG_TENANT_ID INT DEFAULT 0, REG_UUID VARCHAR(100) NOT NULL, PRIMARY KEY (REG_VERSION, REG_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE REG_PROPERTY (REG_ID INT AUTO_INCREMENT, REG_NAME VARCHAR(100) NOT NULL, REG_VALUE VARCHAR(1000), REG_TENANT_ID INT DEFAULT 0,
  PRIMARY KEY (REG_ID, REG_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE REG_RESOURCE_PROPERTY (REG_PROPERTY_ID INT NOT NULL, REG_VERSION INT, REG_PATH_ID INT, REG_RESOURCE_NAME VARCHAR(256),
  REG_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE REG_TAG (REG_ID INT AUTO_INCREMENT, REG_TAG_NAME VARCHAR(500) NOT NULL, REG_USER_ID VARCHAR(31) NOT NULL,
  REG_TAGGED_TIME TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, REG_TENANT_ID INT DEFAULT 0, PRIMARY KEY (REG_ID, REG_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE REG_RESOURCE_TAG (REG_TAG_ID INT NOT NULL, REG_VERSION INT, REG_PATH_ID INT, REG_RESOURCE_NAME VARCHAR(256),
  REG_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE REG_COMMENT (REG_ID INT AUTO_INCREMENT, REG_COMMENT_TEXT VARCHAR(500) NOT NULL, REG_USER_ID VARCHAR(31) NOT NULL,
  REG_COMMENTED_TIME TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, REG_TENANT_ID INT DEFAULT 0, PRIMARY KEY (REG_ID, REG_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE REG_RESOURCE_COMMENT (REG_COMMENT_ID INT NOT NULL, REG_VERSION INT, REG_PATH_ID INT, REG_RESOURCE_NAME VARCHAR(256),
  REG_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE REG_RATING (REG_ID INT AUTO_INCREMENT, REG_RATING INT NOT NULL, REG_USER_ID VARCHAR(31) NOT NULL,
  REG_RATED_TIME TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, REG_TENANT_ID INT DEFAULT 0, PRIMARY KEY (REG_ID, REG_TENANT_ID)) ENGINE=InnoDB;
CREATE TABLE REG_RESOURCE_RATING (REG_RATING_ID INT NOT NULL, REG_VERSION INT, REG_PATH_ID INT, REG_RESOURCE_NAME VARCHAR(256),
  REG_TENANT_ID INT DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE REG_ASSOCIATION (REG_ASSOCIATION_ID INT AUTO_INCREMENT, REG_SOURCEPATH VARCHAR(750) NOT NULL, REG_TARGETPATH VARCHAR(750) NOT NULL,
  REG_ASSOCIATION_TYPE VARCHAR(2000) NOT NULL, REG_TENANT_ID INT DEFAULT 0, PRIMARY KEY (REG_ASSOCIATION_ID, REG_TENANT_ID)) ENGINE=InnoDB;
`;

// src/lab/data/schema.ts
function schemaSql() {
  return [
    "SET FOREIGN_KEY_CHECKS = 0;",
    ...section("apimgtdb", amSchema, amRows),
    ...section("userdb", umSchema, umRows),
    ...section("regdb", regSchema, regRows)
  ].join("\n");
}
function section(name, schema2, rows2) {
  return [`CREATE DATABASE ${name} CHARACTER SET utf8mb4;`, `USE ${name};`, marks, schema2, rows2];
}
var marks = `CREATE TABLE LAB_APPLIED (STEP VARCHAR(100) NOT NULL PRIMARY KEY,
  AT TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) ENGINE=InnoDB;`;

// src/lab/processes.ts
import { spawn } from "node:child_process";
import { open, readFile as readFile2 } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
async function spawnDaemon(command, args, options) {
  const log = await open(options.log, "a", 384);
  try {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...options.env },
      detached: true,
      stdio: ["ignore", log.fd, log.fd]
    });
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    const pid = child.pid;
    const start = pid === void 0 ? void 0 : (await statOf(pid))?.start;
    if (pid === void 0 || start === void 0) {
      throw new Error(`${command} ended at once: ${(await readFile2(options.log, "utf8")).slice(-600)}`);
    }
    return { pid, start };
  } finally {
    await log.close();
  }
}
async function alive(proc) {
  const stat = await statOf(proc.pid);
  return stat !== void 0 && stat.start === proc.start && stat.state !== "Z";
}
async function childrenOf(pid) {
  const text = await readFile2(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}
async function end(proc, signal, seconds = 20) {
  if (!await alive(proc)) return;
  await send(proc.pid, signal);
  const gone2 = await until(async () => !await alive(proc), seconds);
  if (gone2) return;
  if (signal === "SIGKILL") throw new Error(`Process ${proc.pid} does not end.`);
  await end(proc, "SIGKILL", seconds);
}
async function until(holds, seconds, everyMs = 10) {
  const deadline = performance.now() + seconds * 1e3;
  for (; ; ) {
    if (await holds()) return true;
    if (performance.now() > deadline) return false;
    await pause(everyMs);
  }
}
async function send(pid, signal) {
  const $ = await shell();
  await $({ nothrow: true })`kill -s ${signal.slice(3)} ${pid}`;
}
async function statOf(pid) {
  const text = await readFile2(`/proc/${pid}/stat`, "utf8").catch(() => void 0);
  if (text === void 0) return void 0;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", start: fields[19] ?? "" };
}

// src/lab/database.ts
var schemas = { am: "apimgtdb", um: "userdb", reg: "regdb" };
var databaseUser = "wso2am";
var databasePort = 3306;
async function makeDatabase(dir) {
  const $ = await shell();
  const data2 = join3(dir, "saved/db");
  const extra = join3(dir, "saved/schema.sql");
  await mkdir2(data2, { recursive: true, mode: 448 });
  await writeFile(join3(dir, "lib/my.cnf"), bootstrapConfig);
  await writeFile(extra, schemaSql());
  const made = await $({
    nothrow: true,
    quiet: true
  })`mariadb-install-db --defaults-file=${join3(dir, "lib/my.cnf")} \
    --user=root --datadir=${data2} --skip-test-db --auth-root-authentication-method=normal --extra-file=${extra}`;
  if (made.exitCode !== 0) throw new Error(`The lab's database was not made:
${made.stdout}${made.stderr}`);
}
async function restoreDatabase(dir) {
  await rm2(join3(dir, "db"), { recursive: true, force: true });
  await cp(join3(dir, "saved/db"), join3(dir, "db"), { recursive: true, preserveTimestamps: true });
}
async function startDatabase(dir, range, password) {
  const init = join3(dir, "secrets/accounts.sql");
  await writeFile(init, accountsSql(password), { mode: 384 });
  const log = join3(dir, "db.log");
  const args = [
    `--defaults-file=${join3(dir, "lib/my.cnf")}`,
    "--user=root",
    `--datadir=${join3(dir, "db")}`,
    `--bind-address=${databaseAddress(range)}`,
    `--port=${databasePort}`,
    "--socket=s.sock",
    "--pid-file=db.pid",
    `--init-file=${init}`
  ];
  const proc = await spawnDaemon("mariadbd", args, { log, cwd: dir });
  const settled = await until(async () => await answers(dir) || !await alive(proc), 30, 30);
  if (!settled || !await alive(proc)) throw new Error(`The lab's database does not start: see ${log}`);
  return proc;
}
async function querySql(dir, sql) {
  const $ = await shell();
  return (await $({ cwd: dir })`mariadb --no-defaults --socket=${socketOf} -uroot -N -B -e ${sql}`).stdout;
}
var socketOf = "db/s.sock";
async function answers(dir) {
  return querySql(dir, `SELECT 1 FROM mysql.user WHERE User = '${databaseUser}'`).then(
    (text) => text.includes("1"),
    () => false
  );
}
var bootstrapConfig = `[mariadbd]
innodb_log_file_size=8M
innodb_autoextend_increment=1
innodb_buffer_pool_size=48M
innodb_use_native_aio=0
innodb_flush_method=nosync
innodb_flush_log_at_trx_commit=2
performance_schema=OFF
skip_name_resolve=ON
event_scheduler=ON
max_connections=300
character_set_server=utf8mb4
collation_server=utf8mb4_bin
`;
function accountsSql(password) {
  const user = `'${databaseUser}'@'%'`;
  return [
    `CREATE USER IF NOT EXISTS ${user};`,
    `ALTER USER ${user} IDENTIFIED BY '${password}';`,
    ...Object.values(schemas).map((name) => `GRANT ALL PRIVILEGES ON ${name}.* TO ${user};`),
    `GRANT PROCESS, RELOAD ON *.* TO ${user};`,
    nightlyEvent,
    ""
  ].join("\n");
}

// src/lab/hosts.ts
import { randomBytes, randomUUID } from "node:crypto";
import { chmod, mkdir as mkdir3, readFile as readFile3, writeFile as writeFile2 } from "node:fs/promises";
import { join as join4 } from "node:path";

// src/lab/host-files.ts
function withUser(file, entry) {
  const [name, , id] = entry.split(":");
  const others = file.split("\n").filter((line) => {
    const fields = line.split(":");
    return line !== "" && fields[0] !== name && (entry.includes(":*:") || fields[2] !== id);
  });
  return `${[...others, entry].join("\n")}
`;
}
function hostsFile(host, all) {
  return [
    `${host.address} localhost`,
    ...all.map(({ address, name }) => `${address} ${name} ${name}.lab`),
    ""
  ].join("\n");
}
function sshdConfig(host) {
  return `${[
    `Port ${sshPort}`,
    `ListenAddress ${host.address}`,
    "HostKey /run/lab/ssh_host_ed25519_key",
    "PidFile none",
    "AuthorizedKeysFile .ssh/authorized_keys",
    "PubkeyAuthentication yes",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin no",
    "AllowUsers wso2carbon",
    "UsePAM no",
    "UseDNS no",
    "AllowTcpForwarding yes",
    "MaxSessions 10",
    "MaxStartups 100:30:200",
    "PrintMotd no",
    "PrintLastLog no",
    "Subsystem sftp internal-sftp"
  ].join("\n")}
`;
}
var bootScript = `set -eu
name=$1
mount -t proc proc /proc
hostname "$name"
mount -c --bind etc/boot_id /proc/sys/kernel/random/boot_id
for file in passwd group shadow hosts hostname machine-id sudoers; do
  if [ -e "/etc/$file" ]; then mount -c --bind "etc/$file" "/etc/$file"; fi
done
mount -c --bind ../../lib/node ../../jdk/jre/bin/java
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/lab /run/lock
cp sshd/* /run/lab/
chmod 600 /run/lab/ssh_host_ed25519_key
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/apim-shared
mount -c --bind ../../shared /mnt/apim-shared
mount -c --bind opt /opt
mount -c --rbind ../../jdk ${javaHome}
mount -c --bind home /home
mount -c --bind tmp /tmp
echo ready > ready
cd /
/usr/sbin/sshd -D -e -f /run/lab/sshd_config &
sleep 2147483647 &
while :; do wait; done
`;

// src/lab/hosts.ts
async function makeHost(dir, host, all) {
  const $ = await shell();
  const own2 = join4(dir, "hosts", host.name);
  await mkdir3(join4(own2, "etc"), { recursive: true });
  await mkdir3(join4(own2, "sshd"), { recursive: true, mode: 448 });
  const put = (name, text, mode = 420) => writeFile2(join4(own2, name), text, { mode });
  const user = "wso2carbon:x:802:802::/home/wso2carbon:/bin/sh";
  await Promise.all([
    put("etc/passwd", withUser(await readFile3("/etc/passwd", "utf8"), user)),
    put("etc/group", withUser(await readFile3("/etc/group", "utf8"), "wso2:x:802:")),
    put(
      "etc/shadow",
      withUser(await readFile3("/etc/shadow", "utf8"), "wso2carbon:*:19000:0:99999:7:::"),
      384
    ),
    put("etc/hosts", hostsFile(host, all)),
    put("etc/hostname", `${host.name}
`),
    put("etc/machine-id", `${randomBytes(16).toString("hex")}
`),
    put("etc/sudoers", "Defaults !requiretty\nroot ALL=(ALL:ALL) ALL\nwso2carbon ALL=(ALL) NOPASSWD: ALL\n"),
    put("sshd/sshd_config", sshdConfig(host)),
    $`ssh-keygen -q -t ed25519 -N ${""} -C ${host.name} -f ${join4(own2, "sshd/ssh_host_ed25519_key")}`
  ]);
  await chmod(join4(own2, "etc/sudoers"), 288);
}
async function bootHost(dir, host) {
  const own2 = join4(dir, "hosts", host.name);
  const ready = join4(own2, "ready");
  await writeFile2(ready, "");
  await writeFile2(join4(own2, "etc/boot_id"), `${randomUUID()}
`);
  const script = join4(dir, "lib/boot.sh");
  const args = ["--mount", "--pid", "--uts", "--fork", "--kill-child", "/bin/sh", script, host.name];
  const proc = await spawnDaemon("unshare", args, { log: join4(own2, "boot.log"), cwd: own2 });
  const up = await until(async () => await readFile3(ready, "utf8") === "ready\n", 10);
  if (!up) {
    await end(proc, "SIGKILL");
    throw new Error(`Host ${host.name} does not boot: ${await readFile3(join4(own2, "boot.log"), "utf8")}`);
  }
  return proc;
}
async function haltHost(proc) {
  const inside = await childrenOf(proc.pid);
  await end(proc, "SIGKILL");
  await until(async () => (await Promise.all(inside.map(gone))).every(Boolean), 10);
}
async function onHost(proc, line, user = "wso2carbon") {
  const $ = await shell();
  const [init] = await childrenOf(proc.pid);
  if (init === void 0) throw new Error("The host is not running.");
  const become = user === "root" ? [] : ["setpriv", "--reuid=802", "--regid=802", "--clear-groups", "--inh-caps=-all"];
  const home = user === "root" ? "/root" : "/home/wso2carbon";
  const clean = ["env", "-i", `HOME=${home}`, "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C"];
  const run = $({
    quiet: true
  })`nsenter -t ${init} -m -p -u ${become} ${clean} sh -c ${`cd ${home} && ${line}`}`;
  return (await run).stdout;
}
async function writeBootScript(dir) {
  await mkdir3(join4(dir, "lib"), { recursive: true });
  await writeFile2(join4(dir, "lib/boot.sh"), bootScript);
}
async function gone(pid) {
  return await readFile3(`/proc/${pid}/stat`, "utf8").catch(() => void 0) === void 0;
}

// src/lab/inventory-text.ts
import { join as join6 } from "node:path";
import { stringify } from "yaml";

// src/lab/subversion.ts
import { mkdir as mkdir4, readFile as readFile4, rm as rm3, writeFile as writeFile3 } from "node:fs/promises";
import { join as join5 } from "node:path";
var repositories = { old: "wso2am", clean: "wso2am-clean" };
var svnUser = "wso2svn";
var svnPort = 3690;
async function makeRepositories(dir, password, tree) {
  const $ = await shell();
  const root = join5(dir, "saved/svn");
  await mkdir4(root, { recursive: true, mode: 448 });
  await Promise.all(
    Object.values(repositories).map(async (name) => {
      await $`svnadmin create ${join5(root, name)}`;
      await writeFile3(join5(root, name, "conf/svnserve.conf"), serverConfig);
      await writeFile3(join5(root, name, "conf/passwd"), `[users]
${svnUser} = ${password}
`, { mode: 384 });
    })
  );
  await $`svn import -q --no-ignore -m ${"Artifacts of the gateway manager"} --username ${svnUser} ${tree} ${`file://${join5(root, repositories.old)}`}`;
}
async function restoreRepositories(dir) {
  const $ = await shell();
  await rm3(join5(dir, "svn"), { recursive: true, force: true });
  await $`cp -a ${join5(dir, "saved/svn")} ${join5(dir, "svn")}`;
}
async function startSubversion(dir, range) {
  const address = svnAddress(range);
  const args = ["-d", "--foreground", "--listen-host", address, "--listen-port", String(svnPort), "-r", "svn"];
  const proc = await spawnDaemon("svnserve", args, { log: join5(dir, "svn.log"), cwd: dir });
  if (!await until(() => listens(address, svnPort), 10)) {
    throw new Error(`The lab's Subversion does not start: see ${join5(dir, "svn.log")}`);
  }
  return proc;
}
async function listens(address, port) {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  const local = `${bytes.reverse().join("")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
  const table = await readFile4("/proc/net/tcp", "utf8");
  return table.split("\n").some((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[1] === local && fields[3] === "0A";
  });
}
var serverConfig = `[general]
anon-access = none
auth-access = write
password-db = passwd
realm = lab
`;

// src/lab/inventory-text.ts
function inventoryYaml(facts) {
  const secret = (name) => ({ file: join6(facts.dir, "secrets", name) });
  const database = (name, holds, schema2) => ({
    name,
    holds,
    engine: "mysql",
    host: databaseAddress(facts.range),
    port: databasePort,
    schema: schema2,
    user: databaseUser,
    password: secret("db-password")
  });
  const svn = `svn://${svnAddress(facts.range)}`;
  const inventory = {
    all: {
      vars: {
        apim_version: facts.from,
        apim_base: base,
        java_home: javaHome,
        backups: `${base}/backups`,
        shared_deployment: "/mnt/apim-shared",
        ansible_user: "wso2carbon",
        ansible_port: sshPort,
        ansible_ssh_private_key_file: join6(facts.dir, "secrets/id_ed25519"),
        ansible_ssh_common_args: `-o UserKnownHostsFile=${join6(facts.dir, "known_hosts")}`,
        databases: [
          database("am_db", ["apim", "identity"], schemas.am),
          database("um_db", ["users"], schemas.um),
          database("reg_db", ["registry"], schemas.reg)
        ],
        svn: {
          url: `${svn}/${repositories.clean}`,
          old_url: `${svn}/${repositories.old}`,
          user: svnUser,
          password: secret("svn-password")
        }
      },
      hosts: Object.fromEntries(facts.hosts.map((host) => [host.name, hostVars(host, facts.from)])),
      children: Object.fromEntries(groupsOf(facts.hosts))
    }
  };
  return `# Written by \`upgrade-fleet lab up\`; gone after \`upgrade-fleet lab down\`.
${stringify(inventory, { defaultStringType: "PLAIN", lineWidth: 0 })}`;
}
function artifactsYaml(artifacts) {
  return stringify({ artifacts });
}
function hostVars(host, from) {
  const own2 = { ansible_host: host.address, apim_address: host.address };
  return host.profile === void 0 ? { ...own2, since: "2.0.0" } : { ...own2, apim_home: homeOf(from) };
}
function groupsOf(hosts) {
  const names = [
    "key_managers",
    "traffic_managers",
    "publishers",
    "stores",
    "gateway_managers",
    "gateway_workers"
  ];
  const members = (group) => hosts.filter((host) => host.group === group).map(({ name }) => [name, {}]);
  return [
    ["migration", { hosts: { "pub-1": {} } }],
    ...names.map((group) => [group, { hosts: Object.fromEntries(members(group)) }])
  ];
}

// src/lab/java.ts
import { existsSync } from "node:fs";
import { copyFile, mkdir as mkdir5, readlink, rename, symlink, writeFile as writeFile4 } from "node:fs/promises";
import { join as join7 } from "node:path";
import { fileURLToPath } from "node:url";
async function makeJava(dir) {
  const $ = await shell();
  const jdk = join7(dir, "jdk");
  const lab = join7(jdk, "lib/lab");
  await mkdir5(join7(jdk, "bin"), { recursive: true });
  await mkdir5(join7(jdk, "jre/bin"), { recursive: true });
  await mkdir5(lab, { recursive: true });
  await mkdir5(join7(dir, "lib"), { recursive: true });
  await writeFile4(join7(jdk, "bin/java"), javaScript, { mode: 493 });
  await writeFile4(join7(jdk, "jre/bin/java"), "", { mode: 493 });
  await writeFile4(join7(lab, "java-version"), javaVersion);
  await symlink(await readlink("/proc/self/exe"), join7(dir, "lib/node"));
  await Promise.all([
    program(join7(lab, "standin.mjs")),
    $`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${join7(lab, "tls.key")} -out ${join7(lab, "tls.crt")} -days 3650 -subj /CN=localhost`
  ]);
  await $`chmod 644 ${join7(lab, "tls.key")}`;
}
async function writeSettings(dir, settings) {
  const path = join7(dir, "jdk/lib/lab/settings.json");
  await writeFile4(`${path}.new`, `${JSON.stringify(settings)}
`, { mode: 420 });
  await rename(`${path}.new`, path);
}
async function program(to) {
  const built = fileURLToPath(new URL("./standin.mjs", import.meta.url));
  if (existsSync(built)) return copyFile(built, to);
  const { build } = await import("esbuild");
  await build({
    entryPoints: [fileURLToPath(new URL("./standin/main.ts", import.meta.url))],
    outfile: to,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent"
  });
}
var javaVersion = `openjdk version "1.8.0_292"
OpenJDK Runtime Environment (build 1.8.0_292-b10)
OpenJDK 64-Bit Server VM (build 25.292-b10, mixed mode)
`;
var javaScript = `#!/bin/sh
here=$(cd "$(dirname "$0")/.." && pwd)
text="$here/lib/lab/java-version"
[ -e "$text.$(hostname)" ] && text="$text.$(hostname)"
case "$(head -n 1 "$text")" in *'"1.'*) old=yes ;; *) old=no ;; esac
for word in "$@"; do
  case "$word" in
    -version|-fullversion) cat "$text" >&2; exit 0 ;;
    -XX:MaxPermSize=*) [ "$old" = no ] && fault="Unrecognized VM option 'MaxPermSize=256m'" ;;
    -Djava.endorsed.dirs=*) [ "$old" = no ] && fault="$word is not supported. Endorsed standards and standalone APIs" ;;
  esac
done
if [ -n "$fault" ]; then
  echo "$fault"
  echo "Error: Could not create the Java Virtual Machine."
  echo "Error: A fatal exception has occurred. Program will exit."
  exit 1
fi
exec "$here/jre/bin/java" --max-old-space-size=128 "$here/lib/lab/standin.mjs" "$@"
`;

// src/lab/saved.ts
import { mkdirSync as mkdirSync2, readdirSync, writeFileSync as writeFileSync2 } from "node:fs";
import { copyFile as copyFile2, mkdir as mkdir6 } from "node:fs/promises";
import { join as join8 } from "node:path";
async function makeSaved(dir, range, hosts, secrets) {
  const site = siteOf(range, hosts, secrets);
  writeTree(join8(dir, "saved/tree"), repositoryTree());
  await Promise.all([
    ...hosts.map((host) => makeContents(join8(dir, "saved/hosts", host.name), dir, host, site))
  ]);
}
function siteOf(range, hosts, secrets) {
  const source = (name, schema2) => ({
    name,
    jndi: `jdbc/${name}`,
    url: `jdbc:mysql://${databaseAddress(range)}:${databasePort}/${schema2}?autoReconnect=true&useSSL=false`,
    user: databaseUser,
    password: secrets.database,
    driver: "com.mysql.jdbc.Driver"
  });
  const named = (group) => hosts.find((host) => host.group === group)?.name ?? "localhost";
  return {
    sources: [
      source("WSO2AM_DB", schemas.am),
      source("WSO2UM_DB", schemas.um),
      source("WSO2REG_DB", schemas.reg)
    ],
    keyManager: named("key_managers"),
    gateway: named("gateway_managers"),
    svn: { url: `svn://${svnAddress(range)}/${repositories.old}`, user: svnUser, password: secrets.svn }
  };
}
async function makeContents(root, dir, host, site) {
  const $ = await shell();
  const ssh = join8(root, "home/wso2carbon/.ssh");
  await mkdir6(ssh, { recursive: true });
  await copyFile2(join8(dir, "secrets/id_ed25519.pub"), join8(ssh, "authorized_keys"));
  await mkdir6(join8(root, "tmp"), { recursive: true });
  await mkdir6(join8(root, base), { recursive: true });
  await mkdir6(join8(root, "opt/jdk1.8.0_292"), { recursive: true });
  if (host.profile !== void 0) {
    const home = join8(root, oldHome);
    writeTree(home, { ...packTree("1.9.1"), ...oldNode(host, site) });
    for (const name of ["wso2carbon.jks", "client-truststore.jks"]) {
      await copyFile2(join8(dir, "secrets/keystore.p12"), join8(home, "repository/resources/security", name));
    }
    if (host.profile.startsWith("gateway-")) oldWorkingCopies(home);
  }
  await $`chmod 1777 ${join8(root, "tmp")}`;
  await $`chmod 700 ${ssh}`;
  await $`chmod 600 ${join8(ssh, "authorized_keys")}`;
  await $`chown -R 802:802 ${join8(root, "home/wso2carbon")} ${join8(root, base)}`;
}
function oldWorkingCopies(home) {
  const tenants = join8(home, "repository/tenants");
  oldWorkingCopy(join8(home, "repository/deployment/server"));
  for (const id of readdirSync(tenants)) oldWorkingCopy(join8(tenants, id));
}
function oldWorkingCopy(directory) {
  const all = readdirSync(directory, { withFileTypes: true });
  const own2 = join8(directory, ".svn");
  for (const name of ["text-base", "prop-base", "props", "tmp"])
    mkdirSync2(join8(own2, name), { recursive: true });
  writeFileSync2(join8(own2, "format"), "10\n");
  writeFileSync2(join8(own2, "entries"), `10

dir
7
${all.map(({ name }) => `\f
${name}
`).join("")}`);
  for (const entry of all) {
    if (entry.isDirectory()) oldWorkingCopy(join8(directory, entry.name));
    else writeFileSync2(join8(own2, "text-base", `${entry.name}.svn-base`), "");
  }
}

// src/lab/build.ts
async function buildLab(dir, from, range, project) {
  const hosts = labHosts(range);
  await mkdir7(join9(dir, "saved"), { recursive: true, mode: 448 });
  await mkdir7(join9(dir, "lib"), { recursive: true });
  const secrets = await makeSecrets(dir);
  const [artifacts] = await Promise.all([
    makeArtifacts(join9(dir, "artifacts")),
    makeDatabase(dir),
    makeJava(dir),
    writeBootScript(dir),
    makeSaved(dir, range, hosts, secrets).then(
      () => makeRepositories(dir, secrets.svn, join9(dir, "saved/tree"))
    ),
    ...hosts.map((host) => makeHost(dir, host, hosts))
  ]);
  await writeInventory(dir, from, range, project, artifacts);
}
async function databasePassword(dir) {
  return (await readFile5(join9(dir, "secrets/db-password"), "utf8")).trim();
}
async function makeSecrets(dir) {
  const $ = await shell();
  const place = join9(dir, "secrets");
  await mkdir7(place, { recursive: true, mode: 448 });
  const secrets = { database: randomBytes2(12).toString("hex"), svn: randomBytes2(12).toString("hex") };
  await Promise.all([
    writeFile5(join9(place, "db-password"), secrets.database, { mode: 384 }),
    writeFile5(join9(place, "svn-password"), secrets.svn, { mode: 384 }),
    writeFile5(join9(place, "keystore.p12"), randomBytes2(2048), { mode: 420 }),
    $`ssh-keygen -q -t ed25519 -N ${""} -C lab -f ${join9(place, "id_ed25519")}`
  ]);
  return secrets;
}
async function writeInventory(dir, from, range, project, artifacts) {
  const hosts = labHosts(range);
  const place = join9(project, "inventory/lab");
  await mkdir7(place, { recursive: true });
  const keys = hosts.map(async ({ name, address }) => {
    const key = await readFile5(join9(dir, "hosts", name, "sshd/ssh_host_ed25519_key.pub"), "utf8");
    return `[${address}]:${sshPort} ${key.split(" ").slice(0, 2).join(" ")}
`;
  });
  await writeFile5(join9(dir, "known_hosts"), (await Promise.all(keys)).join(""), { mode: 384 });
  await writeFile5(join9(place, "hosts.yml"), inventoryYaml({ dir, from, range, hosts }));
  await writeFile5(join9(place, "artifacts.yml"), artifactsYaml(artifacts));
}

// src/lab/faults.ts
var faults = [
  fault("start-hangs", '"Waiting for required OSGi services", never "started", not all ports open'),
  fault("init-failed-jvm-lives", 'FATAL "WSO2 Carbon initialization Failed"; the process stays, 9443 closed'),
  fault("exits-1-early", "the log ends after its first lines; the pid file is stale"),
  fault("slow-start", '"started" comes 120 s later'),
  fault("started-but-unhealthy", '"started", but /services/Version and the rest answer 500'),
  fault("wrong-version-in-answer", "/services/Version and the log name another release"),
  fault("port-in-use-8280", 'WARN "System may be unstable", then "started"'),
  fault("port-in-use-9443", 'ERROR "LifeCycleException while starting tomcat connector", then "started"'),
  fault("port-in-use-5672", "a traffic manager stops by itself"),
  fault("oom-after-start", "no request is answered; the process lives"),
  fault("crash-after-start", '"started", and 3 s later the process is gone'),
  fault("ignores-sigterm", "the process lives on after stop"),
  fault("slow-stop", "the process needs 60 s to stop"),
  fault(
    "migration-error-still-starts",
    "half of a client's changes, an error line, then 'successfully activated' and 'started'"
  ),
  fault("migration-stops-half-way", "half of a client's changes, no end line, and the process is gone"),
  fault("migration-run-twice", "duplicate key in the log of a client, which starts all the same"),
  fault("schema-not-migrated", 'clients say all is well and change nothing; SQL errors after "started"'),
  fault("db-unreachable", '"Cannot start User Manager Core bundle", never "started"'),
  fault("missing-jdbc-driver", 'ClassNotFoundException for the driver, never "started"')
];
function fault(slug, seen) {
  return { slug, seen };
}

// src/lab/needs.ts
import { existsSync as existsSync2 } from "node:fs";
import { platform, userInfo } from "node:os";
var programs = [
  ["sshd", "openssh-server"],
  ["ssh-keygen", "openssh-client"],
  ["mariadbd", "mariadb-server"],
  ["mariadb-install-db", "mariadb-server"],
  ["mariadb", "mariadb-client"],
  ["svnserve", "subversion"],
  ["svnadmin", "subversion"],
  ["unshare", "util-linux"],
  ["nsenter", "util-linux"],
  ["setpriv", "util-linux"],
  ["mount", "mount"],
  ["hostname", "hostname"],
  ["ps", "procps"],
  ["openssl", "openssl"],
  ["zip", "zip"],
  ["unzip", "unzip"]
];
var places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
function missingNeeds() {
  if (platform() !== "linux") return [`A lab needs Linux (its hosts are namespaces); this is ${platform()}.`];
  const absent = programs.filter(([name]) => !places.some((place) => existsSync2(`${place}/${name}`)));
  const packages = [...new Set(absent.map(([, name]) => name))];
  return [
    ...userInfo().uid === 0 ? [] : ["A lab needs root, to make namespaces and mounts."],
    ...absent.length === 0 ? [] : [`A lab needs ${absent.map(([name]) => name).join(", ")}: apt-get install ${packages.join(" ")}`]
  ];
}

// src/lab/power.ts
import { readFile as readFile7, rm as rm5 } from "node:fs/promises";
import { join as join12 } from "node:path";

// src/lab/host-contents.ts
import { mkdir as mkdir8, rm as rm4 } from "node:fs/promises";
import { join as join10 } from "node:path";
var own = ["opt", "home", "tmp"];
async function restoreHost(dir, name) {
  const $ = await shell();
  const live = join10(dir, "hosts", name);
  await mkdir8(live, { recursive: true });
  await Promise.all(own.map((part) => rm4(join10(live, part), { recursive: true, force: true })));
  await Promise.all(own.map((part) => $`cp -a ${join10(dir, "saved/hosts", name, part)} ${join10(live, part)}`));
}

// src/lab/state.ts
import { mkdir as mkdir9, readFile as readFile6, rename as rename2, writeFile as writeFile6 } from "node:fs/promises";
import { join as join11 } from "node:path";
function labDir(state) {
  return join11(state, "lab");
}
async function readState(dir) {
  const text = await readFile6(join11(dir, "state.json"), "utf8").catch(() => void 0);
  return text === void 0 ? void 0 : JSON.parse(text);
}
async function writeState(state) {
  await mkdir9(state.dir, { recursive: true, mode: 448 });
  const path = join11(state.dir, "state.json");
  await writeFile6(`${path}.new`, `${JSON.stringify(state, null, 2)}
`, { mode: 384 });
  await rename2(`${path}.new`, path);
}

// src/lab/power.ts
async function restoreAll(dir, range) {
  const $ = await shell();
  await rm5(join12(dir, "shared"), { recursive: true, force: true });
  await Promise.all([
    restoreDatabase(dir),
    restoreRepositories(dir),
    $`install -d -o 802 -g 802 -m 755 ${join12(dir, "shared")}`,
    ...labHosts(range).map((host) => restoreHost(dir, host.name))
  ]);
}
async function startAll(off) {
  let state = off;
  const note = async (change) => {
    state = { ...state, ...change };
    const now2 = state;
    saving = saving.then(() => writeState(now2));
    await saving;
  };
  let saving = Promise.resolve();
  const hosts = labHosts(off.range);
  await note({});
  await Promise.all([
    databasePassword(off.dir).then((password) => startDatabase(off.dir, off.range, password)).then((database) => note({ database })),
    startSubversion(off.dir, off.range).then((svn) => note({ svn })),
    ...hosts.map(async (host) => {
      const proc = await bootHost(off.dir, host);
      await note({ hosts: { ...state.hosts, [host.name]: proc } });
    })
  ]);
  await Promise.all(hosts.map((host) => startServer(state, host)));
  return state;
}
async function stopAll(state) {
  await Promise.all(Object.values(state.hosts).map(haltHost));
  const servers = [state.database, state.svn].filter((proc) => proc !== void 0);
  await Promise.all(servers.map((proc) => end(proc, "SIGTERM")));
  return { ...state, hosts: {}, database: void 0, svn: void 0 };
}
async function startServer(state, host) {
  const proc = state.hosts[host.name];
  if (proc === void 0) throw new Error(`Host ${host.name} is not running.`);
  if (!await until(() => listens(host.address, 2222), 20, 50)) throw new Error(`No sshd on ${host.name}.`);
  if (host.profile === void 0) return;
  const home = homeOf(state.from);
  await onHost(
    proc,
    `JAVA_HOME=${javaHome} JAVA_OPTS='${oldJavaOpts(host)}' sh ${home}/bin/wso2server.sh start`
  );
  const log = join12(state.dir, "hosts", host.name, home, "repository/logs/wso2carbon.log");
  const started = await until(
    async () => (await textOf(log)).includes("WSO2 Carbon started in"),
    60 + 60 * state.pace,
    50
  );
  if (!started) throw new Error(`The server of ${host.name} does not start: see ${log}`);
}
async function textOf(path) {
  return readFile7(path, "utf8").catch(() => "");
}

// src/lab/lab.ts
var usual = { from: "1.9.1", pace: 1, range: "127.77.0" };
async function labUp(options) {
  const say = options.say ?? (() => void 0);
  const dir = labDir(options.state);
  const given = Object.fromEntries(
    ["from", "pace", "range"].filter((key) => options[key] !== void 0).map((key) => [key, options[key]])
  );
  const shape = { ...usual, ...given };
  const missing = missingNeeds();
  if (missing.length > 0) throw new InputError(missing);
  if (shape.from !== "1.9.1") throw new InputError(`A lab begins at 1.9.1, not at ${shape.from}.`);
  const before = await readState(dir);
  if (before !== void 0 && await running(before)) {
    const other = Object.keys(given).filter((key) => before[key] !== shape[key]);
    if (other.length === 0) {
      say(`The lab is already up on ${before.range}.`);
      return before;
    }
    const text = other.map((key) => `--${key} ${before[key]}`).join(" ");
    throw new InputError(
      `A lab is up with ${text}.`,
      "Type `upgrade-fleet lab down` first, or give another --state."
    );
  }
  if (before !== void 0) await labDown(options);
  const off = {
    ...shape,
    dir,
    project: options.project,
    hosts: {},
    database: void 0,
    svn: void 0
  };
  await refuseTaken(shape.range);
  try {
    say("Making the lab: packs, database, repositories, hosts.");
    await rm6(dir, { recursive: true, force: true });
    await buildLab(dir, shape.from, shape.range, options.project);
    await writeSettings(dir, { pace: shape.pace, faults: {} });
    await restoreAll(dir, shape.range);
    say("Starting it.");
    return await startAll(off);
  } catch (error) {
    await labDown(options).catch(() => void 0);
    throw error;
  }
}
async function labDown(options) {
  const dir = labDir(options.state);
  const state = await readState(dir);
  if (state !== void 0) await stopAll(state);
  await rm6(join13(state?.project ?? options.project, "inventory/lab"), { recursive: true, force: true });
  await rm6(dir, { recursive: true, force: true });
  return state !== void 0;
}
async function labReset(options) {
  const state = await need(options.state);
  const off = await stopAll(state);
  await writeSettings(state.dir, { pace: state.pace, faults: {} });
  await restoreAll(state.dir, state.range);
  return startAll(off);
}
async function need(stateDir) {
  const state = await readState(labDir(stateDir));
  if (state === void 0) throw new InputError("No lab is up.", "Type `upgrade-fleet lab up`.");
  return state;
}
async function running(state) {
  const procs = [...Object.values(state.hosts), state.database, state.svn];
  const on = await Promise.all(procs.map(async (proc) => proc !== void 0 && await alive(proc)));
  return procs.length > 2 && on.every(Boolean);
}
async function refuseTaken(range) {
  const first = labHosts(range)[0]?.address ?? "";
  const taken = await listens(databaseAddress(range), databasePort) || await listens(first, sshPort);
  if (taken)
    throw new InputError(
      `Something listens on ${range}.*: another lab?`,
      "Give another --range, for instance 127.90.0."
    );
}

// ../../../tmp/up.ts
var o = { state: "/tmp/lab78/state", project: "/tmp/lab78/project", range: "127.78.0", pace: 0.05, say: (l) => console.log(l) };
var t = performance.now();
var what = process.argv[2];
try {
  if (what === "up") await labUp(o);
  else if (what === "reset") await labReset(o);
  else console.log(await labDown(o));
} catch (e) {
  console.error(e);
  process.exitCode = 1;
}
console.log(what, Math.round(performance.now() - t), "ms");
