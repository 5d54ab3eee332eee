import { type ShapeName, shapes } from './shapes.ts'

/** A machine of the lab. `profile` is what its 1.x server is started as; without one it has no APIM home yet. */
export interface LabHost {
  readonly name: string
  readonly address: string
  readonly groups: readonly string[]
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

/** The hosts of a lab on that loopback range (`127.77.0`), in the order of their shape. */
export function labHosts(range: string, shape: ShapeName = 'distributed'): readonly LabHost[] {
  return shapes[shape].machines.map(({ name, number, groups, profile }) => ({
    name,
    address: `${range}.${number}`,
    groups,
    profile,
    worker: profile === 'gateway-worker',
  }))
}

/** The JAVA_OPTS that give a 1.x server its role: its script drops flags that come with `start`. */
export function oldJavaOpts(host: LabHost): string {
  const profile =
    host.profile === undefined || host.profile === 'default' ? [] : [`-Dprofile=${host.profile}`]
  return [...profile, ...(host.worker ? ['-DworkerNode=true'] : [])].join(' ')
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
