import { observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'

/** What a migration client must have said in its own start's part of the log, and what it must not. */
export type Expectation = {
  /** Every one of these texts. */
  readonly required: readonly string[]
  /** None of these. */
  readonly forbidden: readonly string[]
  /** Errors that are known and harmless here: a line with one of these texts counts for nothing. */
  readonly allowed: readonly string[]
}

/** What a run of a client left: its lines that matter, and whether its server came up. */
export type Evidence = {
  readonly client: string
  readonly lines: readonly string[]
  readonly started: boolean
  /** The last lines of its output, for when the server did not start. */
  readonly tail: readonly string[]
  /** Steps that the client's own configuration asks for, as its log names them. */
  readonly steps: readonly string[]
}

/** The client of 1.8.0 to 1.10.0 -> 2.0.0 prints its success lines after errors too (its source), so these end a run. */
const apimErrors = [
  'exception occurred while migrating',
  'Throwable error',
  'Error occurred while migrating',
  'Error occurred while initializing DB Util',
  'is not supported. Please check the version and try again.',
  'has not been specified',
  'Cannot decrypt consumer key',
  'contains whitespaces',
  'Error when accessing API artifact in registry for tenant',
]

const identityErrors = [
  'Migration process was stopped.',
  'is not available for this migration',
  'Error while migrating',
]

/** What is missing while the tables are still old (the vendor's upgrade page names these as expected). */
const stillOld = [
  'IDP_METADATA',
  'IdentityProviderManagementException',
  'AM_POLICY_APPLICATION',
  'IDN_CLAIM_DIALECT',
  'IDN_OIDC_SCOPE',
  'APIMgtResponseHandler',
]

/** In hop 1 the identity client comes last, so until then the server misses the columns that it makes. */
const identityStillOld = [...stillOld, "Unknown column 'TOKEN_ID'", "Unknown column 'CONSUMER_KEY_ID'"]

const begins = 'Starting WSO2 API Manager migration'
const ends = 'Ending WSO2 API Manager migration'

/** The clients and what proves each. */
export const expectations = {
  '2.0.0 migrateDB': {
    required: [begins, 'Migrating WSO2 API Manager databases', ends],
    forbidden: apimErrors,
    allowed: identityStillOld,
  },
  '2.0.0 migrateReg': {
    required: [
      begins,
      'Migrating WSO2 API Manager registry resources',
      'Rxt resource migration done for all the tenants',
      'Swagger resource migration done for all the tenants.',
      ends,
    ],
    forbidden: apimErrors,
    allowed: identityStillOld,
  },
  '2.0.0 migrateFS': {
    required: [begins, 'Migrating WSO2 API Manager file system resources', ends],
    forbidden: apimErrors,
    allowed: identityStillOld,
  },
  '2.0.0 throttling': {
    required: ['Throttling migration is finished.'],
    forbidden: apimErrors,
    allowed: identityStillOld,
  },
  '5.1.0 identity': {
    required: ['Migrated the identity and user management databases'],
    forbidden: [...identityErrors, 'already migrated'],
    allowed: stillOld,
  },
  '5.7.0 identity': {
    required: ['Execution was done through all the requested version list without having unexpected issues.'],
    forbidden: identityErrors,
    allowed: stillOld,
  },
  '2.6.0 access control': {
    required: ['Updating API artifacts done for all the tenants for Publisher Access Control feature.'],
    forbidden: apimErrors,
    allowed: stillOld,
  },
  '2.6.0 fault sequences': {
    required: ['Fault sequence migration from APIM 2.0.0 to 2.1.0 has started'],
    forbidden: apimErrors,
    allowed: stillOld,
  },
  '5.9.0 identity': {
    required: ['Execution was done through all the requested version list without having unexpected issues.'],
    forbidden: identityErrors,
    allowed: [],
  },
  // Here the tables are still old in part while its server starts.
  '5.9.0 identity from 5.2.0': {
    required: ['Execution was done through all the requested version list without having unexpected issues.'],
    forbidden: identityErrors,
    allowed: stillOld,
  },
  '3.0.0 artefacts': {
    required: [
      'Migrating WSO2 API Manager registry resources',
      'Rxt resource migration done for all the tenants',
      'WSO2 API Manager migration component successfully activated.',
    ],
    forbidden: apimErrors,
    allowed: [],
  },
} satisfies Record<string, Expectation>

export type ClientName = keyof typeof expectations

/** Texts by which the lines that matter are found in the log. */
export function watched(name: ClientName): readonly string[] {
  const { required, forbidden } = expectations[name]
  return [...required, ...forbidden, 'ERROR', 'FATAL', 'Migration Step : ', 'is starting']
}

/** How many lines are kept as evidence: with as many or more, what is beyond them is not known, and nothing is proved. */
export const evidenceLines = 400

/** What is wrong with the evidence: missing lines by their text, offending lines as they are. Empty when it proves the client. */
export function judge(name: ClientName, { lines, started, steps, tail }: Evidence): readonly string[] {
  const { required, forbidden, allowed }: Expectation = expectations[name]
  const harmless = (line: string) => allowed.some((text) => line.includes(text))
  const offending = lines.filter(
    (line) => !harmless(line) && (forbidden.some((text) => line.includes(text)) || isError(line)),
  )
  const missing = [...required, ...steps].filter((text) => !lines.some((line) => line.includes(text)))
  return [
    ...offending,
    ...(lines.length < evidenceLines ? [] : [`its log has ${lines.length} such lines or more: read it`]),
    ...(started
      ? []
      : ['the server of the client did not start; its output ended:', ...tail.map((line) => `  ${line}`)]),
    ...missing.map((text) => `missing: ${text}`),
  ]
}

/** A gate: holds when a client's own lines of this start prove that it did its work. Neither its exit code nor its last line does. */
export const proved = observe('apim.proved', async (_on, evidence: Evidence) => {
  const wrong = judge(evidence.client as ClientName, evidence)
  if (wrong.length > 0)
    throw new TaskError(`The client "${evidence.client}" is not proved by its log`, wrong.slice(0, 15))
  return { client: evidence.client, lines: evidence.lines.length }
})

// In every version's log shape the level stands between brackets' end and a brace or a dash.
function isError(line: string): boolean {
  return /\] {1,3}(ERROR|FATAL) /.test(line)
}
