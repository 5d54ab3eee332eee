import type { Server } from './server.ts'

/** A start that never ends: the process lives, and says once in a while what it waits for. */
export async function hang(server: Server, service: string | undefined): Promise<void> {
  for (let first = true; ; first = false) {
    await server.wait(first ? 2 : 60)
    if (service === undefined) continue
    const name = 'org.wso2.carbon.core.internal.StartupFinalizerServiceComponent'
    server.log('WARN', name, `Waiting for required OSGi services: ${service},`)
  }
}
