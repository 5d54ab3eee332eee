import { element, readText } from './home.ts'
import { atLeast, plays, portOffset, type Server, saidVersion } from './server.ts'

const core = 'org.wso2.carbon.core'

/** The first lines of a start. */
export function greet(server: Server): void {
  const say = (message: string) => server.log('INFO', `${core}.internal.CarbonCoreActivator`, message)
  say('Starting WSO2 Carbon...')
  say('Operating System : Linux 6.1, amd64')
  say(`Java Home        : ${server.java}/jre`)
  say('Java Version     : 1.8.0_292')
  say('Java VM          : OpenJDK 64-Bit Server VM 25.292-b10')
  say(`Carbon Home      : ${server.home}`)
  say(`Java Temp Dir    : ${server.home}/tmp`)
  say('User             : wso2carbon, en-US, Etc/UTC')
}

/** The lines from the open listeners to the end: the famous one is no proof of anything. */
export async function finishStart(server: Server, began: number): Promise<void> {
  const offset = portOffset(server)
  const finalizer = `${core}.internal.StartupFinalizerServiceComponent`
  server.log(
    'INFO',
    `${core}.init.JMXServerManager`,
    `JMX Service URL  : service:jmx:rmi://localhost:${11111 + offset}/jndi/rmi://localhost:${9999 + offset}/jmxrmi`,
  )
  await server.wait(0.2)
  server.log('INFO', finalizer, `Server           :  ${saidVersion(server)}`)
  server.log('INFO', finalizer, `WSO2 Carbon started in ${Math.ceil((performance.now() - began) / 1000)} sec`)
  await server.wait(0.3)
  for (const line of contexts(server, offset)) {
    server.log('INFO', 'org.wso2.carbon.ui.internal.CarbonUIServiceComponent', line)
  }
}

function contexts(server: Server, offset: number): readonly string[] {
  if (!plays(server, 'api-publisher', 'api-store', 'api-devportal')) return []
  const host = element(readText(server.home, 'repository/conf/carbon.xml') ?? '', 'HostName') ?? 'localhost'
  const https = `https://${host}:${9443 + offset}`
  const console = `Mgt Console URL  : ${https}/carbon/`
  const publisher = `API Publisher Default Context : `
  if (atLeast(server, '3.0.0')) {
    return [
      console,
      `API Developer Portal Default Context : ${https}/devportal`,
      `${publisher}${https}/publisher`,
    ]
  }
  const base = atLeast(server, '2.6.0') ? https : `http://${host}:${9763 + offset}`
  const store = `API Store Default Context : ${base}/store`
  const lines = [store, `${publisher}${base}/publisher`]
  return [console, ...(atLeast(server, '2.6.0') ? lines : lines.reverse())]
}
