import { decrypt, isSelfContained, oaep } from '../cipher.ts'
import { blocks, element, namesIn, readText } from './home.ts'
import { printOf } from './print.ts'
import type { Target } from './session.ts'

/** A datasource that leads to a real database; those in H2 files lead nowhere in the lab. */
export interface DataSource {
  readonly name: string
  readonly jndi: string
  readonly driver: string
  readonly target: Omit<Target, 'from'>
}

/** Which datasource holds what, as the configuration says; undefined where it is an H2 file. */
export interface Databases {
  readonly all: readonly DataSource[]
  readonly am: DataSource | undefined
  readonly um: DataSource | undefined
  readonly reg: DataSource | undefined
}

/** Reads the datasources of a home and follows the references to them. */
export function readDatabases(home: string): Databases {
  const directory = 'repository/conf/datasources'
  const all = namesIn(home, directory)
    .filter((name) => name.endsWith('-datasources.xml'))
    .flatMap((name) => blocks(readText(home, `${directory}/${name}`) ?? '', 'datasource'))
    .map((block) => dataSource(block, home))
    .filter((source) => source !== undefined)
  const at = (jndi: string | undefined) => all.find((source) => source.jndi === jndi)
  const users = /<Property\s+name="dataSource"\s*>([^<]+)</.exec(
    readText(home, 'repository/conf/user-mgt.xml') ?? '',
  )
  const am = element(readText(home, 'repository/conf/api-manager.xml') ?? '', 'DataSourceName')
  return { all, am: at(am), um: at(users?.[1]?.trim()), reg: at(registrySource(home)) }
}

/** The JNDI name behind the mounts of `registry.xml`, or of its own database where nothing is mounted. */
function registrySource(home: string): string | undefined {
  const xml = readText(home, 'repository/conf/registry.xml') ?? ''
  const named = new Map(
    [...xml.matchAll(/<dbConfig\s+name="([^"]+)"\s*>([\s\S]*?)<\/dbConfig>/g)].map((match) => [
      match[1] ?? '',
      element(match[2] ?? '', 'dataSource'),
    ]),
  )
  const instance = element(blocks(xml, 'mount')[0] ?? '', 'instanceId')
  const remote = blocks(xml, 'remoteInstance').find((block) => element(block, 'id') === instance)
  return named.get(
    (remote === undefined ? element(xml, 'currentDBConfig') : element(remote, 'dbConfig')) ?? '',
  )
}

/** The password of a datasource: what is written there, or what the vault has under its alias; a wrong key store opens none. */
function passwordOf(block: string, home: string): string {
  const written = element(block, 'password') ?? ''
  const alias =
    /<password\s[^>]*svns:secretAlias="([^"]+)"/.exec(block)?.[1] ?? /^\$secret\{(.+)\}$/.exec(written)?.[1]
  if (alias === undefined) return written
  const lines = (readText(home, 'repository/conf/security/cipher-text.properties') ?? '').split('\n')
  const text = lines.find((line) => line.startsWith(`${alias}=`))?.slice(alias.length + 1) ?? ''
  return decrypt(printOf(home), isSelfContained(text) ? oaep : 'RSA', text) ?? ''
}

function dataSource(block: string, home: string): DataSource | undefined {
  const url = /^jdbc:(mysql|mariadb|postgresql):\/\/([^:/?]+)(?::(\d+))?\/([^?;]+)/.exec(
    element(block, 'url') ?? '',
  )
  if (url === null) return undefined
  const [, kind, host = '', given, schema = ''] = url
  const engine = kind === 'postgresql' ? kind : 'mysql'
  return {
    name: element(block, 'name') ?? '',
    jndi: element(blocks(block, 'jndiConfig')[0] ?? '', 'name') ?? '',
    driver: element(block, 'driverClassName') ?? 'com.mysql.jdbc.Driver',
    target: {
      engine,
      host,
      port: Number(given ?? (engine === 'mysql' ? 3306 : 5432)),
      schema,
      user: element(block, 'username') ?? '',
      password: passwordOf(block, home),
    },
  }
}
