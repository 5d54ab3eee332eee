import { observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'

/** A text that a line of a log is known by, and where it was read: the source of the client, or a page of its vendor. */
export type Sign = { readonly text: string; readonly source: string }

/** What a migration client must have said in its own start's part of the log, and what it must not. */
export type Expectation = {
  /** Every one of these texts: silence is a failure. */
  readonly required: readonly Sign[]
  /** None of these. */
  readonly forbidden: readonly Sign[]
  /** Errors that are known and harmless here: a line with one of these texts counts for nothing. */
  readonly allowed: readonly Sign[]
}

/** What a run of a client left: its lines that matter, and whether its server came up. */
export type Evidence = {
  readonly client: string
  readonly lines: readonly string[]
  readonly started: boolean
  /** The last lines of its output, for when the server did not start. */
  readonly tail: readonly string[]
  /** What its errors say they were caused by: lines of their traces. */
  readonly causes?: readonly string[]
  /** Steps that the client's own configuration asks for, as its log names them. */
  readonly steps: readonly string[]
}

const signs = (source: string, ...texts: readonly string[]): readonly Sign[] =>
  texts.map((text) => ({ text, source }))

const client20 = 'product-apim v2.0.0, wso2-api-migration-client'
const client31 = 'apim-migration-resources 3.1.0, wso2-api-migration-client'
const identity51 = 'product-is v5.1.0, migration-5.0.0_to_5.1.0'
const identity5x = 'identity-migration-resources v1.0.33, org.wso2.is.migration'
const page = 'docs-apim, upgrading-from-1100-to-300: what it calls expected while the tables are old'

/** The client of 1.8.0 to 1.10.0 -> 2.0.0 prints its success lines after errors too (its source), so these end a run. */
const apimErrors: readonly Sign[] = [
  ...signs(
    `${client20}: said of what it caught, before its line of success`,
    'exception occurred while migrating',
    'Throwable error',
    'Error occurred while initializing DB Util',
  ),
  ...signs(
    `${client20}: MigrationClientFactory`,
    'is not supported. Please check the version and try again.',
    'has not been specified',
  ),
  ...signs(client20, 'Error occurred while migrating', 'Cannot decrypt consumer key'),
  ...signs(
    `${client20}, per tenant, only logged`,
    'Error when accessing API artifact in registry for tenant',
  ),
  ...signs('issue product-apim 3490: the plan stays inactive', 'contains whitespaces'),
]

const identityErrors: readonly Sign[] = [
  ...signs(`${identity5x}: after it the server starts as usual`, 'Migration process was stopped.'),
  ...signs(`${identity5x}: only INFO`, 'is not available for this migration'),
  ...signs(`${identity51}: the run goes on after it`, 'Error while migrating'),
]

/** What is missing while the tables are still old. */
const stillOld: readonly Sign[] = signs(
  page,
  'IDP_METADATA',
  'IdentityProviderManagementException',
  'AM_POLICY_APPLICATION',
  'IDN_CLAIM_DIALECT',
  'IDN_OIDC_SCOPE',
  'APIMgtResponseHandler',
).concat(
  signs(
    `${page}; PostgreSQL says names in lower case`,
    ...['idp_metadata', 'am_policy_application', 'idn_claim_dialect', 'idn_oidc_scope'].map(
      (table) => `relation "${table}" does not exist`,
    ),
  ),
)

/** In hop 1 the identity client comes last, so until then the server misses the columns that it makes. */
const identityStillOld: readonly Sign[] = [
  ...stillOld,
  ...signs(
    `${identity51}: it makes these columns; that the server says so is derived`,
    "Unknown column 'TOKEN_ID'",
    "Unknown column 'CONSUMER_KEY_ID'",
    'column "token_id" does not exist',
    'column "consumer_key_id" does not exist',
  ),
]

const bounds = signs(
  `${client20}: first and last line of a run`,
  'Starting WSO2 API Manager migration',
  'Ending WSO2 API Manager migration',
)
const executed = signs(
  `${identity5x}: also said when no version matched, so the steps are asked for by name`,
  'Execution was done through all the requested version list without having unexpected issues.',
)

/** Where the client of 2.0.0 runs in a server of 2.6.0, that server misses what the scripts of this hop bring later. */
const beforeItsScripts: readonly Sign[] = signs(
  "the packs' own scripts for AM_DB; that the server says so is derived",
  ...['AM_LABELS', 'TOKEN_TYPE', 'ACCESS_TOKEN_HASH'].flatMap((name) => [
    `${name}'`,
    `"${name.toLowerCase()}" does not exist`,
  ]),
).concat(
  signs(
    `${page}: handlers have their old places until the gateway's script, which comes after it`,
    'API deployment from the file',
  ),
)

const of200 = {
  '2.0.0 migrateDB': {
    required: [...bounds, ...signs(client20, 'Migrating WSO2 API Manager databases')],
    forbidden: apimErrors,
    allowed: identityStillOld,
  },
  '2.0.0 migrateDB, PostgreSQL': {
    required: [...bounds, ...signs(client20, 'Migrating WSO2 API Manager databases')],
    forbidden: apimErrors,
    allowed: [
      ...identityStillOld,
      ...signs(
        `${client20}, 18-19-migration: its zip has no constraint/postgresql.sql`,
        'Error occurred while finding the foreign key deletion query for execution',
      ),
    ],
  },
  '2.0.0 migrateReg': {
    required: [
      ...bounds,
      ...signs(
        client20,
        'Migrating WSO2 API Manager registry resources',
        'Rxt resource migration done for all the tenants',
        'Swagger resource migration done for all the tenants.',
      ),
    ],
    forbidden: apimErrors,
    allowed: identityStillOld,
  },
  '2.0.0 migrateFS': {
    required: [...bounds, ...signs(client20, 'Migrating WSO2 API Manager file system resources')],
    forbidden: apimErrors,
    allowed: identityStillOld,
  },
  '2.0.0 throttling': {
    required: signs(client20, 'Throttling migration is finished.'),
    forbidden: apimErrors,
    allowed: identityStillOld,
  },
} satisfies Record<string, Expectation>

/** The runs of the client of 2.0.0. */
export type Client200 = keyof typeof of200

const in260 = (run: Client200): Expectation => ({
  ...of200[run],
  allowed: [...of200[run].allowed, ...beforeItsScripts],
})

/** The clients and what proves each. */
export const expectations = {
  ...of200,
  '2.0.0 migrateDB, in 2.6.0': in260('2.0.0 migrateDB'),
  '2.0.0 migrateDB, PostgreSQL, in 2.6.0': in260('2.0.0 migrateDB, PostgreSQL'),
  '2.0.0 migrateReg, in 2.6.0': in260('2.0.0 migrateReg'),
  '2.0.0 migrateFS, in 2.6.0': in260('2.0.0 migrateFS'),
  '2.0.0 throttling, in 2.6.0': in260('2.0.0 throttling'),
  '5.1.0 identity': {
    required: signs(identity51, 'Migrated the identity and user management databases'),
    forbidden: [
      ...identityErrors,
      ...signs(`${identity51}: a run before may have ended half-way`, 'already migrated'),
    ],
    allowed: stillOld,
  },
  '5.7.0 identity': { required: executed, forbidden: identityErrors, allowed: stillOld },
  '2.6.0 access control': {
    required: signs(
      'docs-apim, upgrading-from-200-to-300, early version, step 9',
      'Updating API artifacts done for all the tenants for Publisher Access Control feature.',
    ),
    forbidden: apimErrors,
    allowed: stillOld,
  },
  '2.6.0 fault sequences': {
    required: signs(client31, 'Fault sequence migration from APIM 2.0.0 to 2.1.0 has started'),
    forbidden: apimErrors,
    allowed: stillOld,
  },
  '5.9.0 identity': { required: executed, forbidden: identityErrors, allowed: [] },
  // Here the tables are still old in part while its server starts.
  '5.9.0 identity, straight': { required: executed, forbidden: identityErrors, allowed: stillOld },
  '3.0.0 artefacts': {
    required: [
      ...signs(
        client31,
        'Migrating WSO2 API Manager registry resources',
        'Rxt resource migration done for all the tenants',
      ),
      ...signs(
        `${client31}: said always, so it proves only that the client was there and has ended`,
        'WSO2 API Manager migration component successfully activated.',
      ),
    ],
    forbidden: apimErrors,
    allowed: [],
  },
} satisfies Record<string, Expectation>

export type ClientName = keyof typeof expectations

/** Texts by which the lines that matter are found in the log. */
export function watched(name: ClientName): readonly string[] {
  const { required, forbidden } = expectations[name]
  return [...textsOf([...required, ...forbidden]), 'ERROR', 'FATAL', 'Migration Step : ', 'is starting']
}

/** The texts of signs, as a log is searched for them. */
export const textsOf = (all: readonly Sign[]): readonly string[] => all.map(({ text }) => text)

/** How many lines are kept as evidence: with as many or more, what is beyond them is not known, and nothing is proved. */
export const evidenceLines = 400

/** What is wrong with the evidence: missing lines by their text, offending lines as they are. Empty when it proves the client. */
export function judge(name: ClientName, { lines, started, steps, tail }: Evidence): readonly string[] {
  const { required, forbidden, allowed }: Expectation = expectations[name]
  const harmless = (line: string) => allowed.some(({ text }) => line.includes(text))
  const offending = lines.filter(
    (line) => !harmless(line) && (forbidden.some(({ text }) => line.includes(text)) || isError(line)),
  )
  const missing = [...textsOf(required), ...steps].filter(
    (text) => !lines.some((line) => line.includes(text)),
  )
  return [
    ...offending,
    ...(lines.length < evidenceLines ? [] : [`its log has ${lines.length} such lines or more: read it`]),
    ...(started
      ? []
      : ['the server of the client did not start; its output ended:', ...tail.map((line) => `  ${line}`)]),
    ...missing.map((text) => `missing: ${text}`),
  ]
}

/** The text that a line of a trace with a cause begins with, in Java. */
export const causeSign = 'Caused by: '

/** Each cause once. A key that is there twice may be a token: its value is left out. */
export function reasons(causes: readonly string[]): readonly string[] {
  const plain = causes.map((line) =>
    line
      .trim()
      .replace(/(Duplicate entry ').*(' for key)/, '$1...$2')
      .replace(/(Key \(.*?\)=\().*(\) already)/, '$1...$2'),
  )
  return [...new Set(plain)]
}

/** A gate: holds when a client's own lines of this start prove that it did its work. Neither its exit code nor its last line does. */
export const proved = observe('apim.proved', async (_on, evidence: Evidence) => {
  const wrong = judge(evidence.client as ClientName, evidence)
  if (wrong.length > 0)
    throw new TaskError(`The client "${evidence.client}" is not proved by its log`, [
      ...wrong.slice(0, 15),
      ...reasons(evidence.causes ?? []).slice(0, 5),
    ])
  return { client: evidence.client, lines: evidence.lines.length }
})

// In every version's log shape the level stands between brackets' end and a brace or a dash.
function isError(line: string): boolean {
  return /\] {1,3}(ERROR|FATAL) /.test(line)
}
