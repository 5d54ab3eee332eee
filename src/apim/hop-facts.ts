import semver from 'semver'
import { releaseOf } from './releases.ts'
import type { Hop } from './versions.ts'

/** Where a step is done: once for each database that holds something, once for all (on the migration host), once for each tree of artefacts, or on every node. */
export type Where = 'each database' | 'migration host' | 'each tree' | 'every node'

/** One step of a hop, as a person reads it. `nv`: what nobody has verified of it. */
export type HopStep = { readonly at: Where; readonly does: string; readonly nv?: string }

/** What there is to know of a hop before it is walked (the vendor's upgrade pages and the clients' sources). */
export type HopFacts = {
  readonly identity: { readonly from: string; readonly to: string }
  /** Names in the list of artefacts. Drivers of the databases come to them. */
  readonly artifacts: readonly string[]
  readonly steps: readonly HopStep[]
  /** The first thing that only a restore takes back, and what is lost for good. */
  readonly noReturn: string
  readonly notVerified: readonly string[]
}

const full = 'a full pack of its own, the trees laid over it, configured; nothing ever serves from it'

const to200: Omit<HopFacts, 'identity'> = {
  artifacts: [
    'wso2am-2.0.0',
    'wso2-api-migration-client-2.0.0',
    'wso2is-5.1.0-migration',
    'wso2is-5.2.0-scripts',
  ],
  steps: [
    { at: 'migration host', does: `migration home of 2.0.0: ${full}` },
    {
      at: 'migration host',
      does: 'client -DmigrateDB: AM_DB goes through 1.9 and 1.10 to 2.0.0; no 1.10.0 pack is needed',
    },
    {
      at: 'migration host',
      does: 'client -DmigrateReg: swagger, rxt, workflows, tiers, life cycles in the registry',
    },
    { at: 'each tree', does: 'client -DmigrateFS: the APIs of the gateway are rewritten' },
    {
      at: 'each tree',
      does: 'client -Doptions=migrateThrottling: tiers become policies and execution plans',
    },
    {
      at: 'migration host',
      does: 'identity client 5.0.0 to 5.1.0, on AM_DB and the user database; it comes after the other, whose scripts still read what it removes',
      nv: "steps 7 to 10 of the vendor's page were not found: the order is from both clients' sources",
    },
    { at: 'each database', does: 'identity scripts 5.1.0 to 5.2.0, on AM_DB and on the user database' },
  ],
  noReturn:
    'the first client start. Keys are decrypted, all logins end, refresh tokens get one validity, the SCIM provider table goes',
  notVerified: [
    'whether the 2.0.0 pack holds all scripts that the identity client asks for',
    'statistics of BAM (1.8, 1.9) have no way; keep the old database as an archive',
    'DB2: the client has no script from 1.8 to 1.9',
  ],
}

const from110: Omit<HopFacts, 'identity'> = {
  ...to200,
  steps: [
    { at: 'migration host', does: `migration home of 2.0.0: ${full}` },
    {
      at: 'each database',
      does: 'identity scripts 5.1.0 to 5.2.0, on AM_DB and on the user database; there is no identity client in this hop',
    },
    ...to200.steps
      .filter(({ does }) => does.startsWith('client '))
      .map((step) => ({
        ...step,
        does: step.does.replace(
          'AM_DB goes through 1.9 and 1.10 to 2.0.0; no 1.10.0 pack is needed',
          'AM_DB to 2.0.0',
        ),
      })),
  ],
  noReturn: 'the first identity script',
  artifacts: to200.artifacts.filter((name) => name !== 'wso2is-5.1.0-migration'),
  notVerified: [
    "the vendor's pages send 1.10.0 to 2.6.0; that this client takes it is from its source",
    'statistics: 110-200-migration/stat scripts, on the statistics database',
  ],
}

const identityClient = (from: string, to: string): HopStep => ({
  at: 'migration host',
  does: `identity client ${from} to ${to}, its configuration made safe (stops at the first error); not built for fleets whose key manager is WSO2 IS`,
})

const to260 = ({ from }: Hop): Omit<HopFacts, 'identity'> => ({
  artifacts: [
    'wso2am-2.6.0',
    ...present(gatewayArtifact({ from, to: '2.6.0' })),
    scriptsArtifact({ from, to: '2.6.0' }),
    'wso2is-5.7.0-migration',
    ...(semver.lt(from, '2.2.0') ? ['wso2-api-migration-client-2.6.0'] : []),
  ],
  steps: [
    { at: 'migration host', does: `migration home of 2.6.0: ${full}` },
    ...(gatewayArtifact({ from, to: '2.6.0' }) === undefined
      ? []
      : [{ at: 'each tree', does: 'gateway script: handlers that moved get their new names' } as const]),
    {
      at: 'each database',
      does: `AM_DB script ${minor(from)} to 2.6`,
      nv: 'the text of the script was not seen',
    },
    identityClient(identityOf(from), '5.7.0'),
    ...(semver.lt(from, '2.2.0')
      ? [
          {
            at: 'migration host',
            does: 'client -DmigrateAccessControl: APIs in the registry get their access control',
          } as const,
        ]
      : []),
    ...(from === '2.0.0'
      ? [
          {
            at: 'migration host',
            does: `client -DmigrateFromVersion=${from}: fault sequences of all tenants are written anew, customised or not`,
            nv: 'whether the 2.6.x client wants -Dcomponent=apim here; its first line is asked for',
          } as const,
        ]
      : []),
    {
      at: 'every node',
      does: 'PreserveCaseForResources false, a new place for the time of the last indexing, no old solr: all indexed anew',
    },
  ],
  noReturn:
    'the AM_DB script. Tokens and keys are encrypted anew and hashed, permissions get a unique constraint',
  notVerified: [
    'the text of wso2is-5.7.0-migration.zip: the steps to expect are read out of the file that it brings',
    ...(from === '2.1.0'
      ? [
          '2.1.0 with updates of December 2017 or later has access control already; the client runs all the same',
        ]
      : []),
  ],
})

const to300 = ({ from }: Hop): Omit<HopFacts, 'identity'> => {
  const direct = from !== '2.6.0'
  return {
    artifacts: [
      'wso2am-3.0.0',
      ...present(gatewayArtifact({ from, to: '3.0.0' })),
      scriptsArtifact({ from, to: '3.0.0' }),
      'wso2is-5.9.0-migration',
      'wso2-api-migration-client-3.0.0',
    ],
    steps: [
      { at: 'migration host', does: `migration home of 3.0.0: ${full}; deployment.toml in place of XML` },
      {
        at: 'each database',
        does: 'registry: the script that ends versioning, only where the old registry.xml had it on',
      },
      ...(gatewayArtifact({ from, to: '3.0.0' }) === undefined
        ? []
        : [{ at: 'each tree', does: `gateway script ${minor(from)} to 3.0` } as const]),
      { at: 'each tree', does: 'no API may have the old throttle handler left' },
      {
        at: 'each database',
        does: `AM_DB script ${minor(from)} to 3.0${direct ? '' : '; without its UMA part where the identity client made those tables already'}`,
      },
      identityClient(identityOf(from), '5.9.0'),
      {
        at: 'migration host',
        does: `client -DmigrateFromVersion=${from}: rxt, artefacts and scopes of all tenants; it works on after the server has started`,
        nv: 'the source of the jar was not seen; its last line is printed after errors too',
      },
      {
        at: 'each database',
        does: 'registry: reg-index.sql thins its log out, then everything is indexed anew',
      },
      {
        at: 'every node',
        does: 'a fresh pack with its own deployment.toml, keystores and drivers; all indexed anew',
      },
    ],
    noReturn:
      'the first SQL script. Registry versions and old log entries are deleted; comments and ratings get ids of another type',
    notVerified: [
      'APIs that are used by applications of the JWT type must be published again',
      'the texts of the 5.9.0 identity client and of migrate.client-3.0.0-3.jar',
      ...(direct
        ? [
            'straight to 3.0.0 was never rehearsed here: not the one identity run, nor its script for AM_DB',
            'which identity steps have to be left out is taken over from the way by 2.6.0',
            'whether access control and fault sequences need runs of their own',
          ]
        : []),
    ],
  }
}

const from110To260: Omit<HopFacts, 'identity'> = {
  ...to260({ from: '2.0.0', to: '2.6.0' }),
  artifacts: [
    ...to260({ from: '2.0.0', to: '2.6.0' }).artifacts,
    'wso2-api-migration-client-2.0.0',
    'wso2is-5.2.0-scripts',
  ],
  steps: [
    ...from110.steps.map((step) => ({ ...step, does: step.does.replace('home of 2.0.0', 'home of 2.6.0') })),
    ...to260({ from: '2.0.0', to: '2.6.0' }).steps.filter(
      ({ does }) => !does.startsWith('migration home') && !does.includes('fault sequences'),
    ),
  ],
  noReturn: 'the first identity script',
  notVerified: [
    'the client of 2.0.0 runs in a home of 2.6.0 here: which errors of a server on tables that old are harmless',
    'its registry step is said to write the fault sequences too',
  ],
}

/** What there is to know of a hop. */
export function factsOf(hop: Hop): HopFacts {
  const identity = { from: identityOf(hop.from), to: identityOf(hop.to) }
  if (hop.to === '3.0.0') return { identity, ...to300(hop) }
  if (hop.to === '2.0.0') return { identity, ...(hop.from === '1.10.0' ? from110 : to200) }
  return { identity, ...(hop.from === '1.10.0' ? from110To260 : to260(hop)) }
}

/** The gateway's artefact script of a hop from 2.x; none where the vendor's page has none. */
export function gatewayArtifact({ from, to }: Hop): string | undefined {
  const without = from === '2.5.0' || from === '2.6.0'
  return without ? undefined : `apim${digits(from)}_to_apim${digits(to)}_gateway_artifact_migrator`
}

/** The scripts for AM_DB of a hop from 2.x. */
export function scriptsArtifact({ from, to }: Hop): string {
  return `apimgt-db-migration-scripts-${minor(from)}to${minor(to)}`
}

function present(name: string | undefined): readonly string[] {
  return name === undefined ? [] : [name]
}

function minor(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}
function digits(version: string): string {
  return version.replaceAll('.', '')
}
function identityOf(version: string): string {
  return releaseOf(version)?.identity ?? 'unknown'
}
