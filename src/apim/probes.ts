import { observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import type { Version } from './versions.ts'

/** Tables and columns (`T`, `T.C`) that tell a version of the API Manager's schema: the vendor's fresh scripts, compared. */
export type SchemaState = {
  readonly version: string
  /** Whose scripts make these tables and columns, and the next or last version's do not. */
  readonly source: string
  readonly present: readonly string[]
  readonly absent: readonly string[]
}

const present1 = [
  'IDN_SCIM_PROVIDER',
  'IDN_OAUTH2_ACCESS_TOKEN.CONSUMER_KEY',
  'IDN_OAUTH2_ACCESS_TOKEN.TOKEN_SCOPE',
]
const absent1 = ['IDP_METADATA', 'AM_POLICY_SUBSCRIPTION', 'AM_LABELS', 'AM_API.API_TYPE']
const contextTemplate = 'AM_API.CONTEXT_TEMPLATE'

const pages = 'docs-apim, upgrading from'
const identity5x = 'identity-migration-resources, dbscripts of'

/** The states a migration goes through. 1.8.0 and 1.9.x differ in one column. */
export const schemaStates: readonly SchemaState[] = [
  {
    version: '1.8.0',
    source: 'carbon-apimgt, core.feature sql/mysql.sql of 1.8.0: 1.9.1 without the context template',
    present: present1,
    absent: [...absent1, contextTemplate],
  },
  {
    version: '1.9',
    source: 'carbon-apimgt v1.9.1, core.feature sql/mysql.sql',
    present: [...present1, contextTemplate],
    absent: absent1,
  },
  {
    version: '1.10.0',
    source: 'carbon-apimgt v5.0.3, core.feature sql/mysql.sql',
    present: [
      'IDP_METADATA',
      'IDN_OAUTH2_ACCESS_TOKEN_SCOPE',
      'AM_APPLICATION.UUID',
      'IDN_OAUTH2_ACCESS_TOKEN.TOKEN_ID',
    ],
    absent: ['AM_POLICY_SUBSCRIPTION', 'IDN_SCIM_PROVIDER'],
  },
  {
    version: '2.0.0',
    source: 'carbon-apimgt v6.0.4, core.feature sql/mysql.sql',
    present: [
      'AM_POLICY_SUBSCRIPTION',
      'AM_BLOCK_CONDITIONS',
      'AM_API.API_TIER',
      'IDN_OAUTH2_AUTHORIZATION_CODE.PKCE_CODE_CHALLENGE',
    ],
    absent: ['AM_LABELS', 'IDN_CLAIM_DIALECT', 'IDN_SCIM_PROVIDER'],
  },
  {
    version: '2.1.0',
    source: `${pages} 2.1.0 to 3.0.0 (what its script makes is not there yet); ${identity5x} 5.3.0`,
    present: ['AM_POLICY_SUBSCRIPTION', 'AM_API.API_TIER', 'IDN_CLAIM_DIALECT'],
    absent: ['AM_CERTIFICATE_METADATA', 'AM_LABELS', 'CM_RECEIPT', 'IDN_OAUTH2_ACCESS_TOKEN_AUDIT'],
  },
  {
    version: '2.2.0',
    source: `apim-migration-resources 3.1.0, 210to220Migration; ${identity5x} 5.5.0`,
    present: ['AM_CERTIFICATE_METADATA', 'AM_APPLICATION_GROUP_MAPPING', 'IDN_CLAIM_DIALECT', 'CM_RECEIPT'],
    absent: ['AM_LABELS', 'AM_APPLICATION.TOKEN_TYPE', 'IDN_OAUTH2_ACCESS_TOKEN_AUDIT'],
  },
  {
    version: '2.5.0',
    source: `apim-migration-resources 3.1.0, 250to260Migration (it makes none of these); ${identity5x} 5.6.0 and 5.7.0`,
    present: [
      ...['AM_LABELS', 'AM_APPLICATION_ATTRIBUTES', 'AM_APPLICATION.TOKEN_TYPE', 'CM_RECEIPT'],
      'IDN_AUTH_SESSION_STORE.EXPIRY_TIME',
    ],
    absent: ['IDN_OAUTH2_ACCESS_TOKEN_AUDIT', 'IDN_OIDC_SCOPE', 'AM_API.API_TYPE'],
  },
  {
    version: '2.6.0',
    source: 'carbon-apimgt v6.4.50, core.feature sql/mysql.sql',
    present: [
      'AM_LABELS',
      'AM_APPLICATION_ATTRIBUTES',
      'AM_APPLICATION.TOKEN_TYPE',
      'IDN_OAUTH2_ACCESS_TOKEN.ACCESS_TOKEN_HASH',
      'IDN_OAUTH2_ACCESS_TOKEN_AUDIT',
      'CM_RECEIPT',
    ],
    absent: ['AM_API.API_TYPE', 'IDN_OAUTH2_ACCESS_TOKEN.IDP_ID'],
  },
  {
    version: '3.0.0',
    source: 'carbon-apimgt v6.5.349, core.feature sql/mysql.sql',
    present: [
      'AM_API.API_TYPE',
      'AM_API_PRODUCT_MAPPING',
      'AM_MONETIZATION_USAGE',
      'AM_SYSTEM_APPS',
      'IDN_OAUTH2_ACCESS_TOKEN.IDP_ID',
      'FIDO2_DEVICE_STORE',
      'IDN_AUTH_SESSION_META_DATA',
    ],
    absent: [],
  },
]

/** The tables that the identity 5.7.0 step makes and the AM_DB script of 3.0.0 would make again. */
export const umaTables: readonly string[] = ['IDN_UMA_RESOURCE', 'IDN_UMA_PERMISSION_TICKET']

/** All names that a probe asks for. */
export const probeNames: readonly string[] = [
  ...new Set([...schemaStates.flatMap(({ present, absent }) => [...present, ...absent]), ...umaTables]),
]

/** Tables whose rows no hop may lose: what users and their applications would miss. Our own choice, from what the vendor's pages ask to look at. */
export const countedTables: readonly string[] = [
  'AM_API',
  'AM_APPLICATION',
  'AM_SUBSCRIPTION',
  'AM_SUBSCRIBER',
  'AM_APPLICATION_KEY_MAPPING',
  'IDN_OAUTH_CONSUMER_APPS',
  'IDN_OAUTH2_ACCESS_TOKEN',
  'UM_USER',
  'UM_TENANT',
]

/** What is against a schema being that of a version. Empty when it is. */
export function against(version: string, found: readonly string[]): readonly string[] {
  const key = version.startsWith('1.9') ? '1.9' : version
  const state = schemaStates.find((each) => each.version === key)
  if (state === undefined) return [`no probe is known for ${version}`]
  const there = new Set(found)
  return [
    ...state.present.filter((name) => !there.has(name)).map((name) => `${name} is missing`),
    ...state.absent.filter((name) => there.has(name)).map((name) => `${name} is there already`),
  ]
}

/** The version whose schema this is; undefined for one that is half-way between two. */
export function versionOf(found: readonly string[]): string | undefined {
  return schemaStates.find(({ version }) => against(version, found).length === 0)?.version
}

/** A gate: holds when the schema is whole and that of this version. */
export const schemaIs = observe(
  'apim.schemaIs',
  async (_on, { version, present }: { version: Version; present: readonly string[] }) => {
    const wrong = against(version, present)
    if (wrong.length > 0)
      throw new TaskError(
        `The schema is not that of ${version} (it is ${versionOf(present) ?? 'between two versions'})`,
        wrong,
      )
    return { version }
  },
)

/** Rows by table. */
export type Counts = Readonly<Record<string, number>>

/** Tables that have fewer rows than before. */
export function shrunk(before: Counts, now: Counts): readonly string[] {
  return Object.entries(before)
    .filter(([table, rows]) => (now[table] ?? 0) < rows)
    .map(([table, rows]) => `${table}: ${rows} rows before, ${now[table] ?? 'no table'} now`)
}

/** A gate: holds when no counted table lost rows. */
export const kept = observe('apim.kept', async (_on, { before, now }: { before: Counts; now: Counts }) => {
  const lost = shrunk(before, now)
  if (lost.length > 0) throw new TaskError('Rows were lost', lost)
  return { tables: Object.keys(before).length }
})
