import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { postgresqlSchemaSql } from './data/schema.ts'
import { databaseUser, type Schemas } from './database.ts'
import { databaseAddress } from './fleet.ts'
import type { OldVersion } from './pack/release.ts'
import { alive, type Proc, spawnDaemon, until } from './processes.ts'
import { engineOf } from './shapes.ts'
import { shell } from './shell.ts'

const { port } = engineOf('postgresql')

const debian = '/usr/lib/postgresql'

/** What keeps a lab on PostgreSQL from standing here; nothing where Debian's package is installed. */
export function missingPostgreSql(): readonly string[] {
  const there =
    existsSync(debian) &&
    readdirSync(debian).some((version) => existsSync(`${debian}/${version}/bin/postgres`))
  return there ? [] : ["A lab on PostgreSQL needs Debian's server: apt-get install postgresql"]
}

/** Makes the saved data directory: the databases of the old release, sample rows. No server runs afterwards. */
export async function makePostgreSql(
  dir: string,
  from: OldVersion,
  schemas: Schemas,
  keystore?: string,
): Promise<void> {
  const saved = join(dir, 'saved/db')
  await mkdir(join(dir, 'lib'), { recursive: true })
  await mkdir(saved, { recursive: true, mode: 0o700 })
  await writeFile(join(dir, 'lib/pg.sh'), inside)
  await writeFile(
    join(dir, 'saved/schema.sql'),
    // It makes the database in which a dump is rehearsed.
    `CREATE ROLE ${databaseUser} LOGIN CREATEDB;\n${postgresqlSchemaSql(from, schemas, databaseUser, keystore)}`,
  )
  const $ = await shell()
  const made = await $({
    nothrow: true,
    quiet: true,
    cwd: dir,
  })`unshare --mount sh lib/pg.sh saved/db ${programs()} make saved/schema.sql`
  if (made.exitCode !== 0) throw new Error(`The lab's database was not made:\n${made.stdout}${made.stderr}`)
}

/** Starts the server and waits until it answers; the password is set at each start, so that no restore loses it. */
export async function startPostgreSql(dir: string, range: string, password: string): Promise<Proc> {
  const log = join(dir, 'db.log')
  const address = databaseAddress(range)
  const args = ['--mount', 'sh', 'lib/pg.sh', 'db', programs(), 'serve', address, String(port)]
  await writeFile(join(dir, 'db/password.sql'), `ALTER ROLE ${databaseUser} PASSWORD '${password}';\n`)
  await chmod(join(dir, 'db/password.sql'), 0o644)
  const proc = await spawnDaemon('unshare', args, { log, cwd: dir })
  const settled = await until(async () => (await answers(address)) || !(await alive(proc)), 30, 30)
  if (!settled || !(await alive(proc)))
    throw new Error(`The lab's database does not start: see ${log}\n${await readFile(log, 'utf8')}`)
  return proc
}

async function answers(address: string): Promise<boolean> {
  const $ = await shell()
  const asked = $({ nothrow: true, quiet: true })`pg_isready -q -h ${address} -p ${port}`
  return (await asked).exitCode === 0
}

/** Debian's programs, of the newest version that is installed. */
function programs(): string {
  const [newest] = readdirSync(debian)
    .filter((version) => /^\d+$/.test(version))
    .sort((a, b) => Number(b) - Number(a))
  return `${debian}/${newest}/bin`
}

/**
 * The server refuses root, and its user cannot pass a directory of root: so its data are mounted at a place that he can reach,
 * which nobody else sees. The password is set while it starts, by single-user mode, so that it is in no argument.
 */
const inside = `set -eu
data=$1 bin=$2 what=$3
[ "$what" = serve ] || exec 4< "$4"
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/db
mount -c --bind "$data" /mnt/db
chown postgres:postgres /mnt/db
me="setpriv --reuid=postgres --regid=postgres --clear-groups"
cd /mnt/db
if [ "$what" = make ]; then
  $me "$bin/initdb" -D /mnt/db/data -U postgres --auth-host=scram-sha-256 --auth-local=trust -E UTF8 --locale=C.UTF-8 --no-sync
  echo 'host all all 127.0.0.0/8 scram-sha-256' >> data/pg_hba.conf
  $me "$bin/pg_ctl" -D /mnt/db/data -w -s -l /mnt/db/data/make.log -o "-c listen_addresses= -c unix_socket_directories=/mnt/db -c fsync=off" start
  psql -X -q -h /mnt/db -U postgres -d postgres -v ON_ERROR_STOP=1 -f - <&4
  $me "$bin/pg_ctl" -D /mnt/db/data -w -s -m fast stop
  exit 0
fi
$me "$bin/postgres" --single -D /mnt/db/data postgres < password.sql > /dev/null
rm -f password.sql
exec $me "$bin/postgres" -D /mnt/db/data -c listen_addresses="$4" -c port="$5" -c unix_socket_directories=/mnt/db -c fsync=off -c max_connections=300 -c shared_buffers=48MB
`
