import { type OldVersion, since } from './pack/release.ts'

/** A machine of the lab. `profile` is what its 1.x server is started as; without one it has no APIM home yet. */
export interface LabHost {
  readonly name: string
  readonly address: string
  readonly group: string
  readonly profile: string | undefined
  readonly worker: boolean
}

/** Where the servers of the lab stand: the same on every host. */
export const base = '/opt/wso2'

/** Where the stand-in JDK is on every host. */
export const javaHome = '/opt/jdk1.8.0_292'

/** The port of every sshd. */
export const sshPort = 2222

/** The home of a release on a host. */
export function homeOf(version: string): string {
  return `${base}/wso2am-${version}`
}

const rows = [
  ['km-1', 11, 'key_managers', 'api-key-manager'],
  ['pub-1', 12, 'publishers', 'api-publisher'],
  ['store-1', 13, 'stores', 'api-store'],
  ['gw-mgr-1', 14, 'gateway_managers', 'gateway-manager'],
  ['gw-worker-1', 15, 'gateway_workers', 'gateway-worker'],
  ['gw-worker-2', 16, 'gateway_workers', 'gateway-worker'],
  ['gw-worker-3', 17, 'gateway_workers', 'gateway-worker'],
  ['tm-1', 18, 'traffic_managers', undefined],
] as const

/** The hosts of a lab on that loopback range (`127.77.0`), in the order of their numbers. */
export function labHosts(range: string): readonly LabHost[] {
  return rows.map(([name, number, group, profile]) => ({
    name,
    address: `${range}.${number}`,
    group,
    profile,
    worker: profile === 'gateway-worker',
  }))
}

/** The profile that a host's server is started with at a release; none where it has no server of that release. */
export function profileAt(host: LabHost, from: OldVersion): string | undefined {
  if (host.group === 'traffic_managers') return since(from, '2.0.0') ? 'traffic-manager' : undefined
  // The profile is gone: the one that commits is a plain gateway there.
  if (host.group === 'gateway_managers' && since(from, '2.6.0')) return 'gateway-worker'
  return host.profile
}

/** How a host's server is started at a release: the script of 1.8 and 1.9 drops words that come with `start`, so there they go through JAVA_OPTS. */
export function startLine(host: LabHost, from: OldVersion): string {
  const profile = profileAt(host, from) ?? 'default'
  const flags = [`-Dprofile=${profile}`, ...(host.worker ? ['-DworkerNode=true'] : [])].join(' ')
  const script = `sh ${homeOf(from)}/bin/wso2server.sh`
  return since(from, '1.10.0')
    ? `JAVA_HOME=${javaHome} ${script} ${flags} start`
    : `JAVA_HOME=${javaHome} JAVA_OPTS='${flags}' ${script} start`
}

/** Where the lab's database listens. */
export function databaseAddress(range: string): string {
  return `${range}.2`
}

/** Where the lab's Subversion server listens. */
export function svnAddress(range: string): string {
  return `${range}.3`
}
