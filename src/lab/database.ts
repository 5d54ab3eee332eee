import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nightlyEvent } from './data/am-schema.ts'
import { schemaSql } from './data/schema.ts'
import { databaseAddress } from './fleet.ts'
import type { OldVersion } from './pack/release.ts'
import { alive, type Proc, spawnDaemon, until } from './processes.ts'
import { engineOf, type Shape } from './shapes.ts'
import { shell } from './shell.ts'

/** The schemas of the lab's database server, by what they hold. */
export type Schemas = Shape['schemas']

/** The database user that servers and tool share. */
export const databaseUser = 'wso2am'

/** Makes the saved data directory of MariaDB: system tables, the schemas of the old release, sample rows. No server runs afterwards. */
export async function makeDatabase(
  dir: string,
  from: OldVersion,
  schemas: Schemas,
  keystore?: string,
): Promise<void> {
  const $ = await shell()
  const data = join(dir, 'saved/db')
  const extra = join(dir, 'saved/schema.sql')
  await mkdir(data, { recursive: true, mode: 0o700 })
  await mkdir(join(dir, 'db-tmp'), { recursive: true, mode: 0o700 })
  await writeFile(join(dir, 'lib/my.cnf'), `${config}tmpdir=${join(dir, 'db-tmp')}\n`)
  await writeFile(extra, schemaSql(from, schemas, keystore))
  const made = await $({
    nothrow: true,
    quiet: true,
  })`mariadb-install-db --defaults-file=${join(dir, 'lib/my.cnf')} \
    --user=root --datadir=${data} --skip-test-db --auth-root-authentication-method=normal --extra-file=${extra}`
  if (made.exitCode !== 0) throw new Error(`The lab's database was not made:\n${made.stdout}${made.stderr}`)
}

/** Puts the saved data in the place of the present one. The server must not run. */
export async function restoreDatabase(dir: string): Promise<void> {
  await rm(join(dir, 'db'), { recursive: true, force: true })
  // With its owner, who is not root where it is PostgreSQL's.
  const $ = await shell()
  await $`cp -a ${join(dir, 'saved/db')} ${join(dir, 'db')}`
}

/** Starts the server and waits until it answers. Accounts are made at each start, so that no restore loses them. */
export async function startDatabase(
  dir: string,
  range: string,
  password: string,
  schemas: Schemas,
): Promise<Proc> {
  const init = join(dir, 'secrets/accounts.sql')
  await writeFile(init, accountsSql(password, schemas), { mode: 0o600 })
  const log = join(dir, 'db.log')
  const args = [
    `--defaults-file=${join(dir, 'lib/my.cnf')}`,
    '--user=root',
    `--datadir=${join(dir, 'db')}`,
    `--bind-address=${databaseAddress(range)}`,
    `--port=${engineOf('mariadb').port}`,
    '--socket=s.sock',
    '--pid-file=db.pid',
    `--init-file=${init}`,
  ]
  const proc = await spawnDaemon('mariadbd', args, { log, cwd: dir })
  const settled = await until(async () => (await answers(dir)) || !(await alive(proc)), 30, 30)
  if (!settled || !(await alive(proc))) throw new Error(`The lab's database does not start: see ${log}`)
  return proc
}

/** Runs SQL on the lab's database as its root, over its socket; the rows as tab-separated lines. */
export async function querySql(dir: string, sql: string): Promise<string> {
  const $ = await shell()
  return (await $({ cwd: dir })`mariadb --no-defaults --socket=${socketOf} -uroot -N -B -e ${sql}`).stdout
}

const socketOf = 'db/s.sock'

async function answers(dir: string): Promise<boolean> {
  return querySql(dir, `SELECT 1 FROM mysql.user WHERE User = '${databaseUser}'`).then(
    (text) => text.includes('1'),
    () => false,
  )
}

/**
 * Small and fast: a lab needs no crash safety. `innodb_log_file_size` must be the same when made and when run. A server that
 * starts removes every `#sql*` file of its temporary folder, in a shared one those of another lab's server too.
 */
const config = `[mariadbd]
innodb_log_file_size=8M
innodb_autoextend_increment=1
innodb_buffer_pool_size=48M
innodb_use_native_aio=0
innodb_flush_method=nosync
innodb_flush_log_at_trx_commit=2
performance_schema=OFF
skip_name_resolve=ON
event_scheduler=ON
max_connections=300
character_set_server=utf8mb4
collation_server=utf8mb4_bin
`

function accountsSql(password: string, schemas: Schemas): string {
  const user = `'${databaseUser}'@'%'`
  return [
    `CREATE USER IF NOT EXISTS ${user};`,
    `ALTER USER ${user} IDENTIFIED BY '${password}';`,
    // The second is that in which a dump of the first is rehearsed.
    ...[...new Set(Object.values(schemas))]
      .flatMap((name) => [name, `\`${name}\\_rehearsal\``])
      .map((name) => `GRANT ALL PRIVILEGES ON ${name}.* TO ${user};`),
    `GRANT PROCESS, RELOAD ON *.* TO ${user};`,
    nightlyEvent(schemas.am),
    '',
  ].join('\n')
}
