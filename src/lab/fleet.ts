import { type OldVersion, since } from './pack/release.ts'
import { type Machine, type ShapeName, shapes } from './shapes.ts'

/** A name of the lab's inventory: a machine, or a second home of one. `profile` is what its 1.x server is started as; without one it has no APIM home yet. */
export interface LabHost {
  readonly name: string
  readonly address: string
  readonly groups: readonly string[]
  readonly profile: string | undefined
  readonly worker: boolean
  /** The name of the machine: its own, unless it is another name of that one. */
  readonly machine: string
  /** Where its homes are. */
  readonly base: string
  /** What is added to its ports; `flagged`: its old server is told so at its start, and not by its configuration. */
  readonly offset: number
  readonly flagged: boolean
  /** The gateway environment that its gateway is of, where the fleet has several. */
  readonly environment: string | undefined
}

/** Where the servers of the lab stand: the same on every host, but for the second home of a machine. */
export const base = '/opt/wso2'

/** Where the stand-in JDK is on every host. */
export const javaHome = '/opt/jdk1.8.0_292'

/** The port of every sshd. */
export const sshPort = 2222

/** The home of a release on a host. */
export function homeOf(version: string, under: string = base): string {
  return `${under}/wso2am-${version}`
}

/** The hosts of a lab on that loopback range (`127.77.0`), in the order of their shape. */
export function labHosts(range: string, shape: ShapeName = 'distributed'): readonly LabHost[] {
  const machines: readonly Machine[] = shapes[shape].machines
  return machines.map(({ name, number, groups, profile, on = name, offset = 0, offsetBy, environment }) => ({
    name,
    address: `${range}.${number}`,
    groups,
    profile,
    worker: profile === 'gateway-worker',
    machine: on,
    base: on === name ? base : `${base}-${name}`,
    offset,
    flagged: offsetBy === 'flag',
    environment,
  }))
}

/** The machines among names: each once. */
export function machinesOf(hosts: readonly LabHost[]): readonly LabHost[] {
  return hosts.filter(({ name, machine }) => name === machine)
}

/** The profile that a host's server is started with at a release; none where it has no server of that release. */
export function profileAt(host: LabHost, from: OldVersion): string | undefined {
  if (host.profile === undefined) return since(from, '2.0.0') ? 'traffic-manager' : undefined
  // The profile is gone: the one that commits is a plain gateway there.
  if (host.profile === 'gateway-manager' && since(from, '2.6.0')) return 'gateway-worker'
  return host.profile
}

/** How a host's server is started at a release: the script of 1.8 and 1.9 drops words that come with `start`, so there they go through JAVA_OPTS. */
export function startLine(host: LabHost, from: OldVersion): string {
  const profile = profileAt(host, from) ?? 'default'
  const flags = [
    ...(profile === 'default' ? [] : [`-Dprofile=${profile}`]),
    ...(host.worker ? ['-DworkerNode=true'] : []),
    ...(host.flagged ? [`-DportOffset=${host.offset}`] : []),
  ].join(' ')
  const script = `sh ${homeOf(from, host.base)}/bin/wso2server.sh`
  return since(from, '1.10.0')
    ? `JAVA_HOME=${javaHome} ${script} ${flags} start`
    : `JAVA_HOME=${javaHome} JAVA_OPTS='${flags}' ${script} start`
}

/** Whether a host's old server serves APIs. */
export function isGateway({ profile }: LabHost): boolean {
  return profile === 'default' || (profile?.startsWith('gateway-') ?? false)
}

/** Where the lab's database listens. */
export function databaseAddress(range: string): string {
  return `${range}.2`
}

/** Where the lab's Subversion server listens. */
export function svnAddress(range: string): string {
  return `${range}.3`
}
