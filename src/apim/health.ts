import semver from 'semver'
import { type On, observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import { fetchFrom, listens } from '../modules/http.ts'
import { clock, pause, pauses } from '../modules/target.ts'
import { textsOf } from './evidence.ts'
import { fatalSigns, startedSign } from './health-signs.ts'
import { healthWatch } from './health-watch.ts'
import { portAt } from './ports.ts'
import { type LogMark, logLines, markLastStart, type Server, serversOf } from './server.ts'

/** What to ask a server of a role and version, and what answers are good. */
export type Probe =
  | {
      readonly port: number
      readonly path: string
      readonly statuses: readonly number[]
      readonly says?: string
    }
  | { readonly port: number }

/** The probes of a role (the vendor's basic health checks): which version answers, and that the role itself does. */
export function probesOf(server: Pick<Server, 'role' | 'version' | 'offset'>): readonly Probe[] {
  const { role, version } = server
  const http = portAt(server, 'http')
  const says = `WSO2 API Manager-${version}`
  const servlet: Probe = { port: http, path: '/services/Version', statuses: [200], says }
  const portal = semver.gte(version, '3.0.0') ? '/devportal' : '/store'
  const gateway: Probe = {
    port: portAt(server, 'gatewayHttp'),
    path: '/services/Version',
    statuses: [200],
    says,
  }
  const publisher: Probe = { port: http, path: '/publisher', statuses: [200, 302] }
  const store: Probe = { port: http, path: portal, statuses: [200, 302] }
  const traffic: readonly Probe[] = (['broker', 'receiver', 'receiverSsl'] as const).map((which) => ({
    port: portAt(server, which),
  }))
  if (role === 'gateway-manager' || role === 'gateway-worker') return [gateway]
  if (role === 'publisher') return [servlet, publisher]
  if (role === 'store') return [servlet, store]
  if (role === 'traffic-manager') return [servlet, ...traffic]
  // The default profile is everything that there is in a release.
  if (role === 'all-in-one')
    return [servlet, publisher, store, gateway, ...(semver.gte(version, '2.0.0') ? traffic : [])]
  return [servlet]
}

/** A gate: holds when the server is alive, has started, answers twice for its role and version, and shows no fatal sign. */
export const healthy = observe(
  'apim.healthy',
  async (on, { server, since }: { server: Server; since: LogMark }) => {
    const seconds = await waitHealthy(on, server, since)
    return { healthy: server.version, seconds: Math.round(seconds) }
  },
)

/** Waits for a server to be healthy, as {@link healthWatch} says. A sign that it never will be ends the waiting at once. */
export async function waitHealthy(on: On, server: Server, since: LogMark): Promise<number> {
  const { home, role, version, wait } = server
  const begun = clock()
  const watch = healthWatch(`${role} ${version} on ${on.name}`, home, wait, begun)
  const rest = pauses(on)
  let from = since
  for (;;) {
    const lines = await logLines(on, home, from, [startedSign, ...textsOf(fatalSigns)], 50)
    const alive = (await serversOf(on, home)).map(({ pid, started }) => `${pid} ${started}`)
    const at = clock()
    on.progress(Math.min(Math.round(at - begun), wait.start), wait.start, 'seconds')
    const verdict = watch.look({ at, lines, alive })
    if (verdict.is === 'healthy') return at - begun
    if (verdict.is === 'failed')
      throw new TaskError(verdict.why, [...verdict.evidence, ...(await lastLines(on, server, from))])
    if (verdict.is === 'restarted') {
      on.say(`${home}: pid ${alive[0]?.split(' ')[0]} took the place of the process before`)
      from = await markLastStart(on, home)
    }
    if (verdict.is !== 'to be asked') {
      await rest()
      continue
    }
    const wrong = await answers(on, server)
    watch.answered(clock(), wrong)
    await (wrong === undefined ? pause(on, wait.gap) : rest())
  }
}

/** What is wrong with the server's answers now; undefined when all are good. */
export async function answers(on: On, server: Server): Promise<string | undefined> {
  for (const probe of probesOf(server)) {
    const wrong = await answer(on, server.address, probe)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

async function answer(on: On, address: string, probe: Probe): Promise<string | undefined> {
  if (!('path' in probe))
    return (await listens(on, address, probe.port)) ? undefined : `${address}:${probe.port} is closed`
  const { port, path, statuses, says } = probe
  try {
    const { status, body } = await fetchFrom(on, { address, port, path })
    const what = `GET http://${address}:${port}${path} answered ${status}`
    if (!statuses.includes(status)) return `${what}, not ${statuses.join(' or ')}`
    if (says !== undefined && !body.includes(says)) return `${what}, but not "${says}": ${body.slice(0, 200)}`
    return undefined
  } catch (error) {
    if (error instanceof TaskError) return error.message
    throw error
  }
}

async function lastLines(on: On, server: Server, since: LogMark): Promise<readonly string[]> {
  const lines = await logLines(
    on,
    server.home,
    since,
    ['ERROR', 'FATAL', 'Waiting for required', 'WARN'],
    200,
  )
  return lines.length === 0 ? ['its log has no ERROR, FATAL or WARN since this start'] : lines.slice(-5)
}

/** A gate for a fleet that is up: holds when exactly one server runs from the home and answers for its role and version. */
export const serves = observe('apim.serves', async (on, { server }: { server: Server }) => {
  const who = `${server.role} ${server.version} on ${on.name}`
  const running = await serversOf(on, server.home)
  if (running.length !== 1) throw new TaskError(`${who}: ${running.length} servers run from ${server.home}`)
  const wrong = await answers(on, server)
  if (wrong !== undefined) throw new TaskError(`${who} is not healthy`, [wrong])
  return { serves: server.version }
})
