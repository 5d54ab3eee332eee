import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeBundles } from './bundles.ts'
import { earlyClients, lateClients } from './clients.ts'
import { configure } from './config-mapper.ts'
import { openDatabases } from './databases.ts'
import { synchronize } from './depsync.ts'
import { hang } from './hang.ts'
import { listenAll } from './listen.ts'
import { complainAboutSchema } from './schema-check.ts'
import { knowsProfile, type Machine, makeServer, type Server } from './server.ts'
import { shutDown } from './shutdown.ts'
import { finishStart, greet } from './start-lines.ts'
import { secretsAreMissing } from './vault.ts'

/** A whole life of a stand-in server, from its pid file to the end of its start; its listeners keep it alive. */
export async function run(machine: Machine): Promise<void> {
  const began = performance.now()
  const server = await makeServer(machine)
  if (server.home === '') machine.exit(1)
  writePid(server)
  if (server.faulty('ignores-sigterm')) machine.onTerm(() => undefined)
  if (!configure(server)) machine.exit(1)
  if (secretsAreMissing(server)) {
    machine.say('[Enter KeyStore and Private Key Password :]')
    return hang(server, undefined)
  }
  greet(server)
  await server.wait(0.3)
  if (server.faulty('exits-1-early')) machine.exit(1)
  if (!knowsProfile(server)) return hang(server, undefined)
  if (server.faulty('init-failed-jvm-lives')) return failInit(server)
  makeBundles(server)
  const databases = await openDatabases(server)
  if (databases === undefined) return hang(server, 'org.wso2.carbon.user.core.service.RealmService')
  await earlyClients(server, databases)
  if (server.faulty('start-hangs'))
    return hang(server, 'org.wso2.carbon.apimgt.impl.APIManagerConfigurationService')
  await synchronize(server)
  const listeners = await listenAll(server, databases)
  shutDown(server, listeners)
  if (server.faulty('slow-start')) await server.wait(120)
  await finishStart(server, began)
  await complainAboutSchema(server, databases)
  await lateClients(server, databases)
  if (server.faulty('crash-after-start')) {
    await server.wait(3)
    machine.kill()
  }
}

/** The pid file is a buffer of 100 bytes, whatever the number's length; it is never removed. */
function writePid(server: Server): void {
  const bytes = Buffer.alloc(100)
  bytes.write(`${server.machine.pid}\n`)
  try {
    writeFileSync(join(server.home, 'wso2carbon.pid'), bytes)
  } catch {
    server.machine.say('WARNING: Cannot write wso2carbon.pid file')
  }
  mkdirSync(join(server.home, 'tmp'), { recursive: true })
}

function failInit(server: Server): Promise<void> {
  server.log('FATAL', 'org.wso2.carbon.core.init.CarbonServerManager', 'WSO2 Carbon initialization Failed')
  return hang(server, undefined)
}
