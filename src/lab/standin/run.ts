import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeBundles } from './bundles.ts'
import { earlyClients, lateClients } from './clients.ts'
import { configure } from './config-mapper.ts'
import { openDatabases } from './databases.ts'
import { synchronize } from './depsync.ts'
import { hang } from './hang.ts'
import { readText } from './home.ts'
import { listenAll } from './listen.ts'
import { keepPidFile } from './pid-file.ts'
import { complainAboutSchema } from './schema-check.ts'
import { knowsProfile, type Machine, makeServer, type Server } from './server.ts'
import { shutDown } from './shutdown.ts'
import { finishStart, greet } from './start-lines.ts'
import { failToOpen, secretsOf } from './vault.ts'

/** A whole life of a stand-in server, from its pid file to the end of its start; its listeners keep it alive. */
export async function run(machine: Machine): Promise<void> {
  const began = performance.now()
  const server = await makeServer(machine)
  if (server.home === '') machine.exit(1)
  mkdirSync(join(server.home, 'tmp'), { recursive: true })
  keepPidFile(server)
  if (server.faulty('ignores-sigterm')) machine.onTerm(() => undefined)
  if (!configure(server)) machine.exit(1)
  const secrets = secretsOf(server)
  if (secrets === 'missing') {
    machine.say('[Enter KeyStore and Private Key Password :]')
    return hang(server, undefined)
  }
  greet(server)
  if (secrets === 'wrong') {
    failToOpen(server)
    return hang(server, undefined)
  }
  await server.wait(0.3)
  if (server.faulty('exits-1-early')) machine.exit(1)
  if (restartsAgain(server)) machine.exit(121)
  if (server.faulty('disk-full')) return hang(server, undefined)
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
  if (server.faulty('oom-after-start')) runOutOfMemory(server)
  if (server.faulty('crash-after-start')) {
    await server.wait(3)
    machine.kill()
  }
}

function failInit(server: Server): Promise<void> {
  server.log('FATAL', 'org.wso2.carbon.core.init.CarbonServerManager', 'WSO2 Carbon initialization Failed')
  return hang(server, undefined)
}

/** A restart loop: three times in a row the start ends with 121, which the script takes as "start me again". */
function restartsAgain(server: Server): boolean {
  const path = '/tmp/.lab-restarts'
  if (!server.faulty('restart-loop')) return false
  const before = Number(readText('/', path) ?? 0)
  writeFileSync(path, String(before < 3 ? before + 1 : 0))
  return before < 3
}

function runOutOfMemory(server: Server): void {
  const dump = join(server.home, 'repository/logs/heap-dump.hprof')
  server.machine.say('java.lang.OutOfMemoryError: Java heap space')
  server.machine.say(`Dumping heap to ${dump} ...`)
  server.log(
    'ERROR',
    'org.wso2.carbon.core.internal.CarbonCoreActivator',
    'java.lang.OutOfMemoryError: Java heap space',
  )
  if (readText('/', dump) === undefined) writeFileSync(dump, 'JAVA PROFILE 1.0.2\n')
}
