import type { Listeners } from './listen.ts'
import type { Server } from './server.ts'

/** From here on SIGTERM ends the server as the real one ends: in its own time, with its lines, and with 143. */
export function shutDown(server: Server, listeners: Listeners): void {
  let going = false
  server.machine.onTerm(() => {
    if (going || server.faulty('ignores-sigterm')) return
    going = true
    void leave(server, listeners)
  })
}

async function leave(server: Server, listeners: Listeners): Promise<void> {
  const say = (message: string) =>
    server.log('INFO', 'org.wso2.carbon.core.init.CarbonServerManager', message)
  say('Shutdown hook triggered....')
  say('Gracefully shutting down WSO2 API Manager...')
  say('Starting to switch to maintenance mode...')
  listeners.close()
  say('Stopped all transport listeners')
  say('Waiting for request service completion...')
  if (server.faulty('slow-stop')) {
    await server.wait(60)
    server.log(
      'WARN',
      'org.wso2.carbon.core.init.CarbonServerManager',
      'Timeout occurred even though there are active connections.',
    )
  }
  await server.wait(0.6)
  say('All requests have been served.')
  say('Waiting for deployment completion...')
  say('All deployment tasks have been completed.')
  say('Waiting for server task completion...')
  say('All server tasks have been completed.')
  say('Shutting down WSO2 API Manager...')
  say('Shutting down OSGi framework...')
  say('Stopping CarbonServerManager...')
  say('Shutdown complete')
  say('Halting JVM')
  server.machine.exit(143)
}
