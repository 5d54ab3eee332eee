import { readFileSync } from 'node:fs'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { createServer as createTcp, type Server as NetServer } from 'node:net'
import { join } from 'node:path'
import { complainAboutHandlers } from './apis.ts'
import type { Open } from './databases.ts'
import { gateway } from './gateway.ts'
import { portals } from './portals.ts'
import { atLeast, plays, portOffset, type Server } from './server.ts'

/** The open ports of a server. */
export interface Listeners {
  close(): void
}

/** Opens the ports of the release and the profile, gateway before portals, saying what the real one says. */
export async function listenAll(server: Server, databases: Open): Promise<Listeners> {
  const open: NetServer[] = []
  const offset = portOffset(server)
  const tls = {
    key: readFileSync(join(server.java, 'lib/lab/tls.key')),
    cert: readFileSync(join(server.java, 'lib/lab/tls.crt')),
    minVersion: 'TLSv1',
  } as const
  const listen = async (port: number, made: NetServer) => {
    const taken = server.faulty(`port-in-use-${twins[port] ?? port}`)
      ? 'Address already in use'
      : await bind(made, port + offset, server.address)
    if (taken === undefined) open.push(made)
    return taken
  }
  const web = (port: number, handler: RequestListener, secure: boolean) =>
    listen(port, secure ? createHttps(tls, handler) : createHttp(handler))
  const info = (name: string, message: string) => server.log('INFO', name, message)
  const passThrough = 'org.apache.synapse.transport.passthru'

  info(
    'org.wso2.carbon.core.init.CarbonServerManager',
    `Repository       : ${server.home}/repository/deployment/server/`,
  )
  info(
    'org.wso2.carbon.user.core.internal.UserStoreMgtDSComponent',
    'Permission cache updated for tenant -1234',
  )
  await server.wait(0.4)
  info(
    'org.wso2.carbon.webapp.mgt.TomcatGenericWebappsDeployer',
    'Deployed webapp: StandardEngine[Catalina].StandardHost[localhost].StandardContext[/oauth2]',
  )
  complainAboutHandlers(server)
  const routes = gateway(server, databases)
  for (const [port, kind] of [
    [8280, 'HTTP'],
    [8243, 'HTTPS'],
  ] as const) {
    const name = `${passThrough}.PassThrough${kind === 'HTTP' ? 'HttpListener' : 'HttpSSLListener'}`
    info(name, `Starting Pass-through ${kind} Listener...`)
    const taken = await web(port, routes, kind === 'HTTPS')
    info(name, `Pass-through ${kind} Listener started on 0.0.0.0:${port + offset}`)
    if (taken !== undefined) {
      server.log(
        'WARN',
        name,
        `System may be unstable: ${kind} ListeningIOReactor encountered a checked exception : ${taken}`,
      )
    }
  }
  for (const port of plainPorts(server)) {
    const taken = await listen(
      port,
      createTcp((socket) => socket.on('error', () => undefined)),
    )
    if (port === 7711 || port === 9711) {
      info(
        'org.wso2.carbon.databridge.receiver.thrift.ThriftDataReceiver',
        `Thrift receiver started on 0.0.0.0:${port + offset}`,
      )
    }
    if (taken !== undefined && port === 5672) await brokerFails(server, taken)
  }
  await server.wait(0.3)
  const pages = portals(server, databases)
  for (const port of [9763, 9443]) {
    const taken = await web(port, pages, port === 9443)
    if (taken === undefined) continue
    const name = 'org.wso2.carbon.tomcat.ext.transport.ServletTransportManager'
    server.log('ERROR', name, 'LifeCycleException while starting tomcat connector', [
      `java.net.BindException: ${taken}`,
    ])
  }
  return { close: () => open.forEach((made) => void made.close()) }
}

/** Ports whose fault is that of another port. */
const twins: Readonly<Record<number, number>> = { 8243: 8280, 9763: 9443 }

/** The ports that speak no HTTP, by what the profile does. */
export function plainPorts(server: Server): readonly number[] {
  const newer = atLeast(server, '2.0.0')
  const latest = atLeast(server, '3.0.0')
  return [
    ...(newer && plays(server, 'traffic-manager') ? [5672, 9611, 9711] : []),
    ...(newer && !latest && plays(server, 'traffic-manager') ? [7611, 7711] : []),
    ...(!latest && plays(server, 'api-key-manager') ? [10397] : []),
    ...(atLeast(server, '2.6.0') && plays(server, 'gateway-worker') ? [9099, 8099] : []),
  ]
}

async function brokerFails(server: Server, why: string): Promise<never> {
  server.log('ERROR', 'org.wso2.andes.server.Broker', `Error while starting the broker: ${why}`)
  await server.wait(3)
  server.machine.exit(0)
}

function bind(made: NetServer, port: number, address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    made.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EADDRINUSE' ? 'Address already in use' : error.message),
    )
    made.listen(port, address, () => resolve(undefined))
  })
}
