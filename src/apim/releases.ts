import type { Role } from './roles.ts'

/** A Java range: what the release's own script accepts (by its first two numbers), and what we say of it in words. */
export type JavaRange = { readonly accepted: readonly number[]; readonly said: string }

/** A release as data: what its home is made of, and how its servers are started (the packs at their tags). */
export type Release = {
  /** Of Carbon's kernel: the name of a plugin jar. */
  readonly kernel: string
  /** Of carbon-apimgt: the name of another; a later build adds numbers behind. */
  readonly apimgt: string
  /** The level of its identity tables, which is that of the paired Identity Server. */
  readonly identity: string
  readonly java: JavaRange
  /** Where its configuration is written by people. */
  readonly configuration: 'xml' | 'deployment.toml'
  /** Whether its deployment synchronizer can use SVN. */
  readonly svn: boolean
  /** The profile of each role; none where a release has no such server. */
  readonly profiles: Readonly<Partial<Record<Role, string>>>
  /** Roles whose servers only check shared artefacts out. */
  readonly workers: readonly Role[]
  /** The order in which its servers are started; they are stopped in its reverse. */
  readonly order: readonly Role[]
}

const java6: JavaRange = { accepted: [6, 7], said: 'Java 6 or 7' }
const java7: JavaRange = { accepted: [7, 8], said: 'Java 7 or 8' }
// A server of several roles comes before the gateways that ask it, and after those that it may ask.
const gateways: readonly Role[] = ['all-in-one', 'gateway-manager', 'gateway-worker']

const profiles1: Release['profiles'] = {
  'all-in-one': 'default',
  'key-manager': 'api-key-manager',
  publisher: 'api-publisher',
  store: 'api-store',
  'gateway-manager': 'gateway-manager',
  'gateway-worker': 'gateway-worker',
}
const profiles2: Release['profiles'] = { ...profiles1, 'traffic-manager': 'traffic-manager' }
// The gateway manager's profile is gone: the old manager becomes a plain gateway, and stays the one that writes.
const profiles26: Release['profiles'] = { ...profiles2, 'gateway-manager': 'gateway-worker' }

const release1 = (kernel: string, apimgt: string, identity: string, java: JavaRange): Release => ({
  ...{ kernel, apimgt, identity, java, configuration: 'xml', svn: true, profiles: profiles1 },
  workers: ['gateway-worker'],
  // No official order was found: key manager first, the one that writes before those that read.
  order: ['key-manager', 'publisher', 'store', ...gateways],
})

const release2 = (kernel: string, apimgt: string, identity: string, profiles = profiles2): Release => ({
  ...{ kernel, apimgt, identity, java: java7, configuration: 'xml', svn: true, profiles },
  workers: ['gateway-worker'],
  order: ['key-manager', 'publisher', 'store', 'traffic-manager', ...gateways],
})

/** The releases that there are facts for, in their order. */
export const releases = {
  '1.8.0': release1('4.2.0', '1.2', '5.0.0', java6),
  '1.9.0': release1('4.2.0', '1.2', '5.0.0', java6),
  '1.9.1': release1('4.2.0', '1.2', '5.0.0', java6),
  '1.10.0': release1('4.4.3', '5.0.3', '5.1.0', java7),
  '2.0.0': release2('4.4.7', '6.0.4', '5.2.0'),
  '2.1.0': release2('4.4.11', '6.1.66', '5.3.0'),
  '2.2.0': release2('4.4.26', '6.2.201', '5.5.0'),
  '2.5.0': release2('4.4.32', '6.3.95', '5.6.0'),
  '2.6.0': release2('4.4.35', '6.4.50', '5.7.0', profiles26),
  '3.0.0': {
    kernel: '4.5.1',
    apimgt: '6.5.349',
    identity: '5.9.0',
    java: {
      accepted: [7, 8, 9, 10, 11],
      said: 'Java 8 or 11 (7 to 11 start; tried by the vendor on 8 and 11)',
    },
    configuration: 'deployment.toml',
    svn: false,
    profiles: { ...profiles26, store: 'api-devportal' },
    workers: [],
    // As it was corrected: the traffic manager comes first.
    order: ['traffic-manager', 'key-manager', 'publisher', 'store', ...gateways],
  },
} as const satisfies Readonly<Record<string, Release>>

/** A version that a fleet can be at. */
export type Version = keyof typeof releases

/** All of them, oldest first. */
export const versions = Object.keys(releases) as readonly Version[]

/** Whether there are facts for a version. */
export const isVersion = (text: string): text is Version => Object.hasOwn(releases, text)

/** What there is to know of a version; undefined for one without facts. */
export const releaseOf = (version: string): Release | undefined =>
  isVersion(version) ? releases[version] : undefined
