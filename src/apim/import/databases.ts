import type { InventoryHost } from '../../model/inventory.ts'
import type { Json } from '../../model/json.ts'
import { type AnsibleSource, origin, placeOf, placeOfHost, type Risk, textOf } from './facts.ts'

/** A database as the fleet declares it, where the variables say enough. */
export interface FoundDatabase {
  readonly name: string
  readonly value: Readonly<Record<string, Json>>
  readonly why: string
  /** The variable that has its password, and its place. */
  readonly password: string
}

/** What is kept in a data source, by the name of its variables; those of each server's own files are left to it. */
const kept: readonly (readonly [pattern: RegExp, holds: readonly string[], name: string])[] = [
  [/shared/, ['users', 'registry'], 'shared_db'],
  [/carbon|local|(^|_)mb(_|$)|message/, [], ''],
  [/stat|analytics/, ['stats'], 'stat_db'],
  [/(^|_)(wso2)?_?um(_|$)|user/, ['users'], 'um_db'],
  [/config/, ['config'], 'config_db'],
  [/reg|gov/, ['registry'], 'reg_db'],
  [/(^|_)(wso2)?_?(am|apim|apimgt)(_|$)/, ['apim', 'identity'], 'am_db'],
]

const engines: Readonly<Record<string, { readonly engine: string; readonly port: number }>> = {
  mysql: { engine: 'mysql', port: 3306 },
  mariadb: { engine: 'mysql', port: 3306 },
  postgresql: { engine: 'postgresql', port: 5432 },
}

/** The databases that variables with JDBC URLs name (`wso2am_db_url` and its like), and what is wrong with them. */
export function databasesOf(
  source: AnsibleSource,
  hosts: readonly InventoryHost[],
): { readonly databases: readonly FoundDatabase[]; readonly risks: readonly Risk[] } {
  const databases = new Map<string, FoundDatabase>()
  const risks = new Map<string, Risk>()
  let named = false
  for (const host of hosts)
    for (const variable of Object.keys(host.vars)) {
      const url = textOf(source.value(host, variable))
      if (!/url$/.test(variable) || url === undefined || !url.startsWith('jdbc:')) continue
      const prefix = variable.slice(0, -'url'.length)
      const [, holds = [], name = ''] = kept.find(([pattern]) => pattern.test(prefix.replace(/_$/, ''))) ?? []
      if (holds.length === 0) continue
      if (name === 'am_db') named = true
      const read = readUrl(url)
      const place = placeOf(source, host, variable)
      const risk = (kind: Risk['kind'], text: string, next: string) =>
        risks.set(`${kind} ${JSON.stringify(place)}`, { kind, place, text, next })
      if (read === undefined) {
        const isH2 = url.startsWith('jdbc:h2:')
        if (isH2)
          risk(
            'embedded-h2',
            `${variable}: ${holds.join(' and ')} are kept in the server's own H2 database, which cannot be upgraded here`,
            'Move them to MySQL, MariaDB or PostgreSQL first, and name that database in inventory/group_vars/all.yml.',
          )
        else
          risk(
            'database',
            `${variable}: a database of another kind than MySQL and PostgreSQL, which this version cannot dump or migrate`,
            'Do not upgrade this fleet with this version.',
          )
        continue
      }
      const user =
        textOf(source.value(host, `${prefix}username`)) ?? textOf(source.value(host, `${prefix}user`))
      const value = { name, holds, ...read, user: user ?? null }
      const before = databases.get(name)
      const { password: _, ...known } = { password: '', ...before?.value }
      if (before === undefined)
        databases.set(name, {
          name,
          value,
          why: origin(source, host, variable),
          password: `${prefix}password`,
        })
      else if (JSON.stringify(known) !== JSON.stringify(value))
        risk(
          'database',
          `${variable} is another database than ${before.why}: servers of one fleet share theirs`,
          'See which of them is right; the first was taken.',
        )
    }
  const [host] = hosts
  if (host !== undefined && !named)
    risks.set('none', {
      kind: 'embedded-h2',
      place: placeOfHost(source, host),
      text: "no database is named: unless an encrypted file does, the roles' usual one is in use, which is each server's own H2",
      next: 'Move it to MySQL or MariaDB first, and name that database in inventory/group_vars/all.yml.',
    })
  return { databases: [...databases.values()], risks: [...risks.values()] }
}

function readUrl(url: string) {
  const [, kind = '', host, port, schema] =
    /^jdbc:(\w+):\/\/(\[[^\]]+\]|[^:/?;]+)(?::(\d+))?\/([^?;]+)/.exec(url) ?? []
  const engine = engines[kind]
  if (engine === undefined || host === undefined || schema === undefined) return undefined
  return {
    engine: engine.engine,
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? engine.port : Number(port),
    schema,
  }
}
