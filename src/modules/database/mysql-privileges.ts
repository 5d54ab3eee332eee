import { literal } from './mysql-text.ts'
import { list } from './sql.ts'
import type { Ask, Database, Need } from './types.ts'

/** Privileges by the object that they are granted on: `*.*`, or the pattern of a schema's name. */
export type Grants = readonly {
  readonly on: string
  readonly privileges: readonly string[]
  readonly revoked: boolean
}[]

// Without EXECUTE routines are not seen at all, and would be missing.
const forDump = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT', 'EXECUTE']
const forMigration = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'ALTER',
  'DROP',
  'INDEX',
  'REFERENCES',
  'CREATE ROUTINE',
  'ALTER ROUTINE',
  'EXECUTE',
]
const forRestore = [...new Set([...forMigration, ...forDump, 'LOCK TABLES', 'CREATE VIEW'])]

/** Reads the lines of SHOW GRANTS, whose roles' privileges MariaDB and MySQL list with the user's own. */
export function grantsOf(lines: readonly string[]): Grants {
  return lines.flatMap((line) => {
    const [, verb, privileges, on] =
      /^(GRANT|REVOKE) (.+?) ON (\*\.\*|(?:`(?:[^`]|``)+`)\.\*) (?:TO|FROM) /.exec(line) ?? []
    if (privileges === undefined || on === undefined) return []
    const names = privileges.split(/,\s*(?![^()]*\))/).map((name) => name.trim().toUpperCase())
    return [
      {
        on: on === '*.*' ? on : on.slice(1, -3).replaceAll('``', '`'),
        privileges: names,
        revoked: verb === 'REVOKE',
      },
    ]
  })
}

/** Whether a privilege holds for all of a schema (`undefined`: for the server). */
export function holdsPrivilege(grants: Grants, privilege: string, schema?: string): boolean {
  const of = grants.filter(
    ({ on, privileges }) =>
      (on === '*.*' || (schema !== undefined && matches(on, schema))) &&
      (privileges.includes(privilege) || privileges.includes('ALL PRIVILEGES') || privileges.includes('ALL')),
  )
  return of.some(({ revoked }) => !revoked) && !of.some(({ revoked, on }) => revoked && on !== '*.*')
}

// Names of schemas are patterns in a grant: % and _ stand for anything unless a backslash precedes them.
function matches(pattern: string, schema: string): boolean {
  const source = pattern.replace(/\\([%_\\])|[%_]|[.*+?^${}()|[\]\\]/g, (sign, plain: string | undefined) =>
    plain !== undefined
      ? plain === '\\'
        ? '\\\\'
        : plain
      : sign === '%'
        ? '.*'
        : sign === '_'
          ? '.'
          : `\\${sign}`,
  )
  return new RegExp(`^${source}$`, 's').test(schema)
}

async function myGrants(ask: Ask): Promise<Grants> {
  const rows = await ask('SHOW GRANTS')
  return grantsOf(rows.flatMap((row) => Object.values(row)).filter((line) => line !== null))
}

/** Why the position in the binary log cannot be told with a dump. MariaDB has it in the snapshot, MySQL takes a lock for a moment. */
export async function unpositioned(ask: Ask): Promise<string | undefined> {
  const [server] = await ask('SELECT @@log_bin AS logs, VERSION() AS version')
  if (server?.['logs'] !== '1') return 'the server keeps no binary log'
  const grants = await myGrants(ask)
  const may = (...names: readonly string[]) => names.some((name) => holdsPrivilege(grants, name))
  if (!may('REPLICATION CLIENT', 'BINLOG MONITOR', 'SUPER')) return 'the user lacks REPLICATION CLIENT'
  if (!/mariadb/i.test(server['version'] ?? '') && !may('RELOAD')) return 'the user lacks RELOAD'
  return undefined
}

/** What the user lacks, each as the GRANT that is missing. */
export async function missing(ask: Ask, _db: Database, need: Need): Promise<readonly string[]> {
  const grants = await myGrants(ask)
  const [me] = await ask(
    "SELECT CURRENT_USER() AS me, CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1))) AS quoted",
  )
  const who = me?.['quoted'] ?? 'this user'
  const lacks = (privileges: readonly string[]) =>
    need.schemas.flatMap((schema) => {
      const without = privileges.filter((privilege) => !holdsPrivilege(grants, privilege, schema))
      return without.length === 0
        ? []
        : [
            `GRANT ${without.join(', ')} ON \`${schema.replaceAll('`', '``').replaceAll('_', '\\_')}\`.* TO ${who}`,
          ]
    })
  switch (need.to) {
    case 'dump': {
      const hidden = await ask(
        `SELECT routine_name AS name FROM information_schema.routines WHERE routine_schema IN ${list({ literal }, need.schemas)} AND routine_body = 'SQL' AND routine_definition IS NULL`,
      )
      return [
        ...lacks(forDump),
        ...(hidden.length === 0
          ? []
          : [
              `GRANT SELECT ON mysql.proc TO ${who} (MySQL 8: GRANT SHOW_ROUTINE ON *.*): the text of ${hidden.map(({ name }) => name).join(', ')} cannot be read`,
            ]),
      ]
    }
    case 'migrate':
      return lacks(forMigration)
    case 'fence':
      return holdsPrivilege(grants, 'PROCESS') ? [] : [`GRANT PROCESS ON *.* TO ${who}`]
    case 'restore': {
      const [log] = await ask('SELECT @@log_bin AS logs, @@log_bin_trust_function_creators AS trusted')
      const logged = need.needs.superuser && log?.['logs'] === '1' && log['trusted'] === '0'
      const others = need.needs.owners.filter((owner) => owner !== me?.['me'])
      const may = ['SUPER', 'SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER'].some((each) =>
        holdsPrivilege(grants, each),
      )
      return [
        ...lacks(forRestore),
        // Error 1419, which would come after the drop.
        ...(logged && !holdsPrivilege(grants, 'SUPER')
          ? [
              `SET GLOBAL log_bin_trust_function_creators = 1, or GRANT SUPER ON *.* TO ${who}: it has functions or triggers, and the server keeps a binary log`,
            ]
          : []),
        ...(others.length === 0 || may
          ? []
          : [
              `GRANT SET USER ON *.* TO ${who} (SET_ANY_DEFINER in MySQL 8.2 and later): ${others.join(', ')} define something in it`,
            ]),
      ]
    }
  }
}
