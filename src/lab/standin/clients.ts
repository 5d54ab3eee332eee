import { apimClient200 } from './client-2.0.ts'
import { accessControl, faultSequences } from './client-2.6.ts'
import { apiArtifacts } from './client-3.0.ts'
import type { Open } from './databases.ts'
import { namesIn } from './home.ts'
import { identity510 } from './identity-5.1.ts'
import { identityClient } from './identity-5.x.ts'
import type { Server } from './server.ts'

/** Clients that run while the server starts, if their jars are there; each looks at its flags itself. */
export async function earlyClients(server: Server, databases: Open): Promise<void> {
  if (has(server, /^org\.wso2\.carbon\.apimgt\.migrate\.client-2\.0\..*\.jar$/))
    await apimClient200(server, databases)
  if (has(server, /^org\.wso2\.carbon\.is\.migrate\.client-5\.1\..*\.jar$/))
    await identity510(server, databases)
  if (has(server, /^org\.wso2\.carbon\.is\.migration-5\.\d.*\.jar$/)) await identityClient(server, databases)
  if (has(server, /^org\.wso2\.carbon\.apimgt\.migrate\.client-2\.6\..*\.jar$/)) {
    await accessControl(server, databases)
    await faultSequences(server, databases)
    activated(server)
  }
}

/** Clients that run when "started" has been said: ending the server on that line cuts them off. */
export async function lateClients(server: Server, databases: Open): Promise<void> {
  if (!has(server, /^org\.wso2\.carbon\.apimgt\.migrate\.client-3\.0\..*\.jar$/)) return
  await server.wait(1)
  await apiArtifacts(server, databases)
  activated(server)
}

function has(server: Server, jar: RegExp): boolean {
  return namesIn(server.home, 'repository/components/dropins').some((name) => jar.test(name))
}

/** What every client of the API Manager says at its end, whatever came of it. */
export function activated(server: Server): void {
  const name = 'org.wso2.carbon.apimgt.migration.client.internal.APIMMigrationServiceComponent'
  server.log('INFO', name, 'WSO2 API Manager migration component successfully activated.')
}
