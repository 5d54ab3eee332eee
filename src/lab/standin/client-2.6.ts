import { apply, complain, tenants } from './apply.ts'
import type { Open } from './databases.ts'
import type { Server } from './server.ts'

const package_ = 'org.wso2.carbon.apimgt.migration.client'

/** The access control step of the 2.6.0 client, on `-DmigrateAccessControl=true`. */
export async function accessControl(server: Server, databases: Open): Promise<void> {
  if (server.props.get('migrateAccessControl') !== 'true') return
  const name = `${package_}.sp_migration.AccessControlMigrationClient`
  server.log('INFO', name, 'Updating API artifacts for Publisher Access Control started.')
  try {
    await server.wait(0.3)
    if (databases.reg !== undefined) await apply(server, databases, databases.reg, accessSql)
  } catch (error) {
    return complain(server, name, 'API Management  exception occurred while migrating', error)
  }
  server.log(
    'INFO',
    name,
    'Updating API artifacts done for all the tenants for Publisher Access Control feature.',
  )
}

/** The fault sequence step of the 2.6.0 client, on `-DmigrateFromVersion=2.0.0`. */
export async function faultSequences(server: Server, databases: Open): Promise<void> {
  if (server.props.get('migrateFromVersion') !== '2.0.0') return
  const name = `${package_}.MigrateFrom200`
  server.log('INFO', name, 'Fault sequence migration from APIM 2.0.0 to 2.1.0 has started')
  try {
    if (databases.reg !== undefined) await apply(server, databases, databases.reg, faultSql)
    for (const domain of await tenants(databases)) {
      await server.wait(0.05)
      for (const file of ['json_fault.xml', 'debug_json_fault.xml']) {
        server.log('INFO', name, `Successfully migrated ${file} in registry for tenant: ${domain}`)
      }
    }
  } catch (error) {
    complain(server, name, 'API Management  exception occurred while migrating', error)
  }
}

const accessSql = `INSERT INTO LAB_APPLIED (STEP) VALUES ('access-control-2.6.0');
INSERT INTO REG_PROPERTY (REG_NAME, REG_VALUE, REG_TENANT_ID) SELECT 'publisher_access_control', 'all', REG_TENANT_ID FROM REG_RESOURCE WHERE REG_NAME = 'api';
INSERT INTO REG_RESOURCE_PROPERTY (REG_PROPERTY_ID, REG_VERSION, REG_TENANT_ID)
  SELECT P.REG_ID, R.REG_VERSION, R.REG_TENANT_ID FROM REG_PROPERTY P JOIN REG_RESOURCE R ON R.REG_TENANT_ID = P.REG_TENANT_ID
  WHERE P.REG_NAME = 'publisher_access_control' AND R.REG_NAME = 'api';
`

const faultSql = `INSERT INTO LAB_APPLIED (STEP) VALUES ('fault-sequences-2.6.0');
INSERT INTO REG_PATH (REG_PATH_VALUE, REG_TENANT_ID) VALUES ('/_system/governance/apimgt/customsequences/fault', -1234);
INSERT INTO REG_RESOURCE (REG_PATH_ID, REG_NAME, REG_MEDIA_TYPE, REG_CREATOR, REG_TENANT_ID, REG_UUID)
  SELECT REG_PATH_ID, 'json_fault.xml', 'application/xml', 'admin', -1234, UUID() FROM REG_PATH WHERE REG_PATH_VALUE = '/_system/governance/apimgt/customsequences/fault';
`
