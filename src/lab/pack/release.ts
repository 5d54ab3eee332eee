/** A release that the lab can stand in for. */
export type Version = OldVersion | '3.0.0'

/** What differs between releases in a home, as far as anybody looks at it. */
export interface Release {
  readonly version: Version
  readonly kernel: string
  readonly apimgt: string
  readonly profiles: readonly string[]
  readonly wars: readonly string[]
  readonly jaggery: readonly string[]
  /** The directory of `repository/conf` that holds identity settings. */
  readonly identity: string
  readonly h2: string
}

const oldProfiles = ['api-publisher', 'api-store', 'api-key-manager', 'gateway-manager', 'gateway-worker']

/** The releases, by version. */
export const releases: Readonly<Record<Version, Release>> = {
  '1.8.0': release1('1.8.0', '1.2.0'),
  '1.9.0': release1('1.9.0', '1.2.3'),
  '1.9.1': release1('1.9.1', '1.2.4'),
  '1.10.0': { ...release1('1.10.0', '5.0.3'), kernel: '4.4.3', identity: 'identity/' },
  '2.0.0': release2('2.0.0', '4.4.7', '6.0.4', 'v0.10'),
  '2.5.0': release2('2.5.0', '4.4.32', '6.3.95', 'v0.13'),
  '2.6.0': {
    version: '2.6.0',
    kernel: '4.4.35',
    apimgt: '6.4.50',
    profiles: [
      'default',
      'api-publisher',
      'api-store',
      'api-key-manager',
      'gateway-worker',
      'traffic-manager',
    ],
    wars: [
      ...['publisher', 'store', 'admin'].map((name) => `api#am#${name}#v0.14.war`),
      ...['client-registration#v0.14.war', 'throttle#data#v1.war', 'oauth2.war', 'shindig.war'],
      ...['authenticationendpoint.war', 'api#identity#consent-mgt#v1.0.war', 'am#sample#pizzashack#v1.war'],
    ],
    jaggery: ['publisher', 'store', 'admin'],
    identity: 'identity/',
    h2: 'h2.db',
  },
  '3.0.0': {
    version: '3.0.0',
    kernel: '4.5.1',
    apimgt: '6.5.349',
    profiles: [
      'default',
      'api-publisher',
      'api-devportal',
      'api-key-manager',
      'gateway-worker',
      'traffic-manager',
    ],
    wars: [
      ...['publisher', 'store'].flatMap((name) => [`api#am#${name}#v0.15.war`, `api#am#${name}#v1.0.war`]),
      ...['api#am#admin#v0.15.war', 'client-registration#v0.15.war', 'throttle#data#v1.war', 'oauth2.war'],
      ...[
        'api#identity#consent-mgt#v1.0.war',
        'api#identity#user#v1.0.war',
        'api#identity#recovery#v0.9.war',
      ],
      'am#sample#pizzashack#v1.war',
    ],
    jaggery: ['publisher', 'devportal', 'admin'],
    identity: 'identity/',
    h2: 'mv.db',
  },
}

/** The releases that a lab's fleet can begin at, oldest first. */
export const oldReleases = ['1.8.0', '1.9.0', '1.9.1', '1.10.0', '2.0.0', '2.5.0', '2.6.0'] as const

/** A release that a lab's fleet can begin at. */
export type OldVersion = (typeof oldReleases)[number]

/** Whether a lab's fleet can begin at that release. */
export function isOldRelease(version: string): version is OldVersion {
  return oldReleases.some((known) => known === version)
}

/** The releases of 1.x differ in their numbers; 1.10.0 stands on the kernel of 2.x. */
function release1(version: OldVersion, apimgt: string): Release {
  return {
    version,
    kernel: '4.2.0',
    apimgt,
    profiles: ['default', ...oldProfiles],
    wars: ['oauth2.war', 'authenticationendpoint.war'],
    jaggery: ['publisher', 'store', 'workflow-admin', 'admin-dashboard'],
    identity: '',
    h2: 'h2.db',
  }
}

/** 2.0.0 to 2.5.0: a traffic manager beside the profiles of 1.x. */
function release2(version: OldVersion, kernel: string, apimgt: string, rest: string): Release {
  return {
    version,
    kernel,
    apimgt,
    profiles: ['default', ...oldProfiles, 'traffic-manager'],
    wars: [
      ...['publisher', 'store', 'admin'].map((name) => `api#am#${name}#${rest}.war`),
      ...[`client-registration#${rest}.war`, 'throttle#data#v1.war', 'oauth2.war', 'shindig.war'],
      ...['authenticationendpoint.war', 'am#sample#pizzashack#v1.war'],
    ],
    jaggery: ['publisher', 'store', 'admin', 'portal'],
    identity: 'identity/',
    h2: 'h2.db',
  }
}

/** Whether a release is that one or newer. */
export function since(version: Version, first: Version): boolean {
  const order = [...oldReleases, '3.0.0']
  return order.indexOf(version) >= order.indexOf(first)
}
