import { apply, complain, tenants } from './apply.ts'
import type { Open } from './databases.ts'
import { readText } from './home.ts'
import type { Server } from './server.ts'

const name = 'org.wso2.carbon.apimgt.migration.client.MigrateFrom260'

/** The releases that the client of 3.0.0 takes over from. */
const takes = ['2.0.0', '2.1.0', '2.2.0', '2.5.0', '2.6.0']

/** The client of 3.0.0, on `-DmigrateFromVersion`: the artefacts of all APIs in the registry. */
export async function apiArtifacts(server: Server, databases: Open): Promise<void> {
  if (!takes.includes(server.props.get('migrateFromVersion') ?? '')) return
  const say = (message: string) => server.log('INFO', name, message)
  say('Migrating WSO2 API Manager registry resources')
  say('Rxt migration for API Manager started.')
  const rxt = 'migration-resources/rxts/api.rxt'
  try {
    if (readText(server.home, rxt) === undefined)
      throw new Error(`java.io.FileNotFoundException: ${server.home}/${rxt}`)
    await server.wait(0.5)
    if (databases.reg !== undefined) await apply(server, databases, databases.reg, artifactsSql)
    const all = await tenants(databases)
    for (const domain of all) say(`End Updating api.rxt for tenant ${domain}`)
    say('Rxt resource migration done for all the tenants')
    for (const domain of all) {
      await server.wait(0.1)
      say(`Completed Updating API artifacts tenant ---- ${domain}`)
    }
  } catch (error) {
    complain(server, name, 'API Management  exception occurred while migrating', error)
  }
}

const artifactsSql = `INSERT INTO LAB_APPLIED (STEP) VALUES ('api-artifacts-3.0.0');
UPDATE REG_CONTENT SET REG_CONTENT_DATA = '<artifactType shortName="api" version="3.0.0"/>' WHERE REG_CONTENT_DATA LIKE '<artifactType%';
UPDATE REG_CONTENT SET REG_CONTENT_DATA = REPLACE(REG_CONTENT_DATA, '<overview/>', '<overview><type>HTTP</type></overview>') WHERE REG_CONTENT_DATA LIKE '<metadata>%';
`
