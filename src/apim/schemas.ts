import semver from 'semver'
import { z } from 'zod'
import type { Host } from '../model/host.ts'
import { secretRef } from '../model/secret-schema.ts'
import { defaultPort } from '../modules/database/index.ts'
import { tomlSettings, xmlSettings } from './custom.ts'
import { environmentName } from './environment-vars.ts'
import { acceptable } from './preflight/checks.ts'
import { versions } from './releases.ts'
import { sources } from './versions.ts'

const path = z.string().regex(/^\/[^\0\n]*[^\0\n/]$/, 'an absolute path, without a slash at its end')
const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'letters, digits, dots, dashes, underscores')
const address = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'a host name or an address')
const port = z.coerce.number().int().min(1).max(65535)

/** The version that a fleet serves now, of those that an upgrade can begin with. */
export const sourceVersion = z.enum(sources, {
  // YAML takes 1.9 for a number, and no list of texts says what is wrong with that.
  error: ({ input }) => (typeof input === 'string' ? refusalOf(input) : 'expected a version such as "1.9.1"'),
})

const words = z.array(z.string().min(1)).min(1)
/** What takes a host out of the traffic and gives it back: two commands, or HAProxy's runtime API. */
const trafficHook = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('command'),
    out: words.describe('The program and its arguments; no shell reads them.'),
    in: words,
    quiet: words.optional().describe('It only reads, and exits 0 when nothing is in flight.'),
  }),
  z.object({
    kind: z.literal('haproxy'),
    socket: z.object({ address, port }).describe('The runtime API, as the host reaches it.'),
    servers: z.array(z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'backend/server')).min(1),
  }),
])
// What to go through first, where that is known; a typing mistake is told by the list alone.
function refusalOf(version: string): string | undefined {
  const only = `expected one of ${sources.join(', ')}`
  const old = semver.valid(version) !== null && semver.lt(version, versions[0] ?? '')
  return old
    ? `${only}: from ${version} upgrade to ${versions[0]} first, by its own documentation`
    : undefined
}

/** A machine of the fleet: where its server is, and where the next ones go. */
export const node = z.object({
  apim_home: path
    .optional()
    .describe('The home that serves now; a machine that joins the fleet has none yet.'),
  apim_base: path.describe('Homes are made here, as wso2am-VERSION.'),
  java_home: path.describe('The JDK of the new homes.'),
  apim_address: address.describe(
    'The address at which this server is reached by the others, and asked for its health.',
  ),
  apim_port_offset: z.coerce
    .number()
    .int()
    .min(0)
    .max(50_000)
    .optional()
    .describe(
      'What is added to each port of this server, as Offset of its carbon.xml (or -DportOffset) says now: two servers of one machine have two. New homes get the same. Default 0.',
    ),
  since: z
    .string()
    .optional()
    .describe('The first version that has a server here ("2.0.0" for a traffic manager of a 1.x fleet).'),
  apim_vault_password: secretRef()
    .optional()
    .describe(
      "The key store's password that secure vault asks for at each start, where the home uses secure vault and has no password-persist.",
    ),
  apim_traffic: trafficHook
    .optional()
    .describe(
      'What takes this host out of the traffic before its server stops, and gives it back at the cut-over.',
    ),
  apim_environment: environmentName
    .optional()
    .describe(
      'The gateway environment of this gateway, by its name in the list environments; the other hosts have none.',
    ),
  apim_toml: tomlSettings
    .optional()
    .describe(
      "Settings of 3.0.0's deployment.toml over those that the tool writes, by the head of their table: { apim.cors: { allow_origins: '*' } }. A list replaces all tables of that head.",
    ),
  apim_xml: xmlSettings
    .optional()
    .describe(
      'Edits of the XML files of new homes up to 2.6.0, migration homes among them, after those of the tool: { file: user-mgt.xml, at: PATH, text: TEXT }; append and remove in place of text.',
    ),
  upgrade_fleet_same_machine: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The name of the host that is the same machine. Each of the names is one server, with an apim_home, an apim_base and an apim_port_offset of its own; backups go into a directory with its name.',
    ),
  upgrade_fleet_fan_out: z
    .union([z.boolean(), word])
    .optional()
    .describe(
      'Hosts with the same word here (or with true) may log in to one another by SSH: one is sent each artefact, the others fetch it from it and from each other.',
    ),
  apim_health: z
    .object({
      start: z.number().positive().default(900),
      answer: z.number().positive().default(120),
      gap: z.number().nonnegative().default(10),
      min_healthy: z.number().nonnegative().default(30),
      quiet: z.number().positive().default(30),
    })
    .prefault({})
    .describe(
      "Seconds: to wait for a start in all, for an answer after it, between two answers, of good answers without a break before a server counts as healthy, and for a migration client's log to fall silent.",
    ),
})

/** A machine that serves now. */
export const oldNode = node.extend({ apim_home: path.describe('The home that serves now.') })

export type Node = z.output<typeof node>
export type OldNode = z.output<typeof oldNode>

/** Whether a machine serves now, so that it has something to stop and to back up. */
export function runsNow(host: Host<Node>): host is Host<OldNode> {
  return host.vars.apim_home !== undefined
}

const held = z.enum(['apim', 'identity', 'users', 'registry', 'config', 'stats'])

/** One schema of one server (PostgreSQL: one database), and what the fleet keeps in it. */
export const database = z
  .object({
    name: word,
    holds: z
      .union([held.transform((one) => [one]), z.array(held).min(1)])
      .describe('What is kept there; exactly one database of the fleet holds apim.'),
    engine: z
      .enum(['mysql', 'postgresql'], {
        error: ({ input }) =>
          input === 'h2'
            ? 'expected "mysql" (MySQL or MariaDB) or "postgresql": a node on its own H2 files is moved to one of them first, at the version that serves now, and then upgraded'
            : 'expected "mysql" (MySQL or MariaDB) or "postgresql": Oracle, SQL Server and DB2 have no JDBC address, driver and scripts here yet',
      })
      .default('mysql'),
    host: address,
    port: port.optional().describe('By default that of the engine: 3306, or 5432.'),
    schema: word,
    user: z.string().min(1),
    password: secretRef(),
    backup: z
      .object({ command: words, verify: words, restore: words })
      .optional()
      .describe(
        "The operator's own commands in place of our dump: lists of words, run on the migration host, the password as their input.",
      ),
  })
  .transform(({ name, holds, engine, host, port: given, ...rest }) => ({
    name,
    holds,
    engine,
    host,
    port: given ?? defaultPort(engine),
    ...rest,
  }))

/** The fleet's databases: exactly one holds the API Manager's tables. */
export const databases = z
  .array(database)
  .refine(
    (list) => list.filter((db) => db.holds.includes('apim')).length === 1,
    'exactly one database that holds apim',
  )
  .refine(
    (list) => new Set(list.map((db) => db.name)).size === list.length,
    'databases with names of their own',
  )

/** The Subversion repositories of the deployment synchronizer: the old fleet's, and the clean one of the 2.6.0 landing. */
export const svnRepository = z
  .object({
    url: z.string().regex(/^[a-z+]+:\/\//, 'a URL'),
    old_url: z.string().regex(/^[a-z+]+:\/\//, 'a URL'),
    user: z.string().min(1),
    password: secretRef(),
  })
  .refine(({ url, old_url }) => !holdsUrl(url, old_url) && !holdsUrl(old_url, url), {
    path: ['url'],
    error:
      'expected a repository (or a directory of one) that is no part of old_url, nor old_url of it: the old fleet would deploy the artefacts of the new one',
  })

/** Whether one address is the other, or lies in it. */
function holdsUrl(whole: string, part: string): boolean {
  const plain = (url: string) => `${url.toLowerCase().replace(/\/+$/, '')}/`
  return plain(part).startsWith(plain(whole))
}

/** Who administers the servers: by default the packs' own, `admin` with the password `admin`. */
export const admin = z.object({ user: z.string().min(1).default('admin'), password: secretRef().optional() })

/** Findings of preflight that a person has decided to go on with. */
export const accepted = z.array(z.enum(acceptable))

const keystoreFile = z
  .string()
  .regex(/^[A-Za-z0-9_.-]+$/, 'the name of a file in repository/resources/security')

/** The keystores that are carried over: by default named and protected as in the packs (`wso2carbon`). */
export const keystores = z.object({
  file: keystoreFile.default('wso2carbon.jks'),
  alias: z.string().min(1).default('wso2carbon'),
  password: secretRef().optional(),
  key_password: secretRef().optional(),
  truststore: keystoreFile.default('client-truststore.jks'),
  truststore_password: secretRef().optional(),
})

const pathWord = z.string().regex(/^\/[^\s\0]*$/, 'a path that begins with a slash')

/** What users do, tried before the upgrade and after each landing: a token request, calls with tokens from before, log-ins. */
export const checks = z
  .object({
    client: z
      .object({ key: z.string().min(1), secret: secretRef() })
      .optional()
      .describe("An application's consumer key and secret, for the token request and the log-ins."),
    calls: z
      .array(z.object({ name: word, path: pathWord, token: secretRef() }))
      .default([])
      .describe('One API of each tenant, called at each gateway with a token that was issued before.'),
    logins: z
      .array(z.object({ store: word.default('PRIMARY'), user: z.string().min(1), password: secretRef() }))
      .default([])
      .describe('One user of each user store, logged in by the password grant at each key manager.'),
    fingerprint: z
      .string()
      .regex(/^[0-9A-Fa-f:]{64,95}$/, 'a SHA-256 in hexadecimal')
      .optional()
      .describe(
        "SHA-256 of the servers' certificate: asked by https then. Without it by http, from each server to itself.",
      ),
  })
  .refine(
    ({ client, logins }) => client !== undefined || logins.length === 0,
    'a client, where there are logins',
  )

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal')

/** The operator's packs, clients, drivers and scripts: name, file on the controller, SHA-256. A map by name will do as well. */
export const artifacts = z.union([
  z.array(z.object({ name: word, file: path, sha256: digest })),
  z
    .record(word, z.object({ file: path, sha256: digest }))
    .transform((map) => Object.entries(map).map(([name, { file, sha256 }]) => ({ name, file, sha256 }))),
])

/** Jars of the operator for the new homes: artefacts, tried by the operator with these versions (all, when none is named). */
export const customJars = z.array(
  z.object({
    name: word.describe('Its name in artifacts.yml.'),
    dir: z.enum(['lib', 'dropins']).default('lib'),
    versions: z.array(z.enum(versions)).min(1).optional(),
  }),
)

export type JarVars = z.output<typeof customJars>[number]
export type CheckVars = z.output<typeof checks>
export type DatabaseVars = z.output<typeof database>
export type AdminVars = z.output<typeof admin>
export type KeystoreVars = z.output<typeof keystores>
export type SvnVars = z.output<typeof svnRepository>
export type ArtifactVars = z.output<typeof artifacts>[number]
