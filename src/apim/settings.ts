import type { Text } from '../model/secret.ts'
import type { XmlEdit } from '../modules/edit/xml.ts'
import type { Vaulted } from './config-secrets.ts'
import type { TomlVars, XmlVars } from './custom.ts'
import type { LogLevels } from './logging.ts'
import { type Place, portAt } from './ports.ts'
import type { Role } from './roles.ts'
import type { AdminVars, DatabaseVars, KeystoreVars, SvnVars } from './schemas.ts'
import type { TokenKeeping } from './tokens.ts'

/** Who answers for a role, as the others reach it. */
export type Peers = { readonly [R in Role]?: Place }

/** An environment as publishers have it: its name, what of an API its gateways have, and the one that they publish to. */
export type GatewayEnvironment = {
  readonly name: string
  readonly type: 'production' | 'sandbox' | 'hybrid'
  readonly gateway: Place
}

/** What a home's configuration is made from. */
export type Settings = {
  readonly version: string
  readonly address: string
  /** What is added to each of its ports. */
  readonly offset?: number | undefined
  readonly role: Role | 'migration'
  readonly databases: readonly DatabaseVars[]
  readonly svn?: SvnVars | undefined
  readonly peers: Peers
  /** The gateway environments; undefined for the packs' own, with the gateway of `peers`. */
  readonly environments?: readonly GatewayEnvironment[] | undefined
  readonly admin: AdminVars
  readonly keystores: KeystoreVars
  /** How the old fleet keeps tokens and keys: new homes must be able to read them. */
  readonly tokens?: TokenKeeping | undefined
  /** Levels of loggers that the operator changed in the old home. */
  readonly levels?: LogLevels | undefined
  /** What the operator says besides. */
  readonly toml?: TomlVars | undefined
  readonly xml?: XmlVars | undefined
  /** Whether secrets go to the vault: `deployment.toml` alone has it here. */
  readonly vault?: boolean | undefined
}

/** Files of a home: those written whole, and those of the pack that are edited. Paths are relative to the home. */
export type Configuration = {
  readonly texts: readonly { readonly path: string; readonly text: Text }[]
  readonly edits: readonly { readonly path: string; readonly edits: readonly XmlEdit[] }[]
  /** Secrets of `deployment.toml` that are to be encrypted. */
  readonly secrets?: readonly Vaulted[]
  /** The file of loggers, and the levels that differ from the pack's. */
  readonly logging?: { readonly path: string; readonly levels: LogLevels }
}

/** Where a home keeps its configuration. */
export const conf = 'repository/conf'

/** Where a server's own services are called. */
export const services = (server: Place): string =>
  `https://${server.address}:${portAt(server, 'https')}/services/`

/** The JDBC address of a database. */
export function jdbcUrl({ engine, host, port, schema }: DatabaseVars): string {
  switch (engine) {
    case 'mysql':
      return `jdbc:mysql://${host}:${port}/${schema}?autoReconnect=true&useSSL=false`
    case 'postgresql':
      return `jdbc:postgresql://${host}:${port}/${schema}`
  }
}

/** The class of an engine's JDBC driver, the engine's word in `deployment.toml`, and the artefact that the driver is. */
export const jdbc = {
  mysql: { driver: 'com.mysql.jdbc.Driver', type: 'mysql', artifact: 'mysql-connector' },
  postgresql: { driver: 'org.postgresql.Driver', type: 'postgre', artifact: 'postgresql-driver' },
} as const satisfies Record<DatabaseVars['engine'], object>

/** The first database that holds something. */
export function holding(
  databases: readonly DatabaseVars[],
  what: DatabaseVars['holds'][number],
): DatabaseVars | undefined {
  return databases.find((db) => db.holds.includes(what))
}
