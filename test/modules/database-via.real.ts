import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { markSearch } from '../support/canary.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { type Kit, password } from './database/kit.ts'
import { mysqlKit } from './database/mysql-kit.ts'
import { postgresqlKit } from './database/postgresql-kit.ts'

// Two hosts: one with a database and no SSH, and a client host with SSH, which alone knows the name of the first (its mounts have a file of
// hosts of their own) and has a small disk. The whole command does it, and the inventory knows the client host alone.
const source = fileURLToPath(new URL('../../src', import.meta.url))
const script = {
  mysql:
    'DELIMITER //\nCREATE PROCEDURE late() BEGIN SELECT 1; END //\nDELIMITER ;\nCREATE TABLE made (a INT);\n',
  postgresql:
    'CREATE FUNCTION late() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;\nCREATE TABLE made (a INT);\n',
}

describe.each([
  ['mysql', '127.140.4.1', mysqlKit],
  ['postgresql', '127.140.4.2', postgresqlKit],
] as const)('%s through a client host', (engine, address, start) => {
  const dir = mkdtempSync(join(fastDirectory(), `via-${engine}-`))
  chmodSync(dir, 0o711) // PostgreSQL's server is another user.
  const small = join(dir, 'small')
  let kit: Kit
  let sshd: Sshd
  let project: Project
  const call = (...args: readonly string[]) => project.call(args, { env: { P: password } })
  const failed = ({ code, out, err }: { code: number; out: string; err: string }) => `${code}\n${out}${err}`

  beforeAll(async () => {
    kit = await start(join(dir, 's'), address)
    kit.fresh()
    // For the rehearsal's own schema; MySQL's user may do all.
    if (engine === 'postgresql') kit.root('ALTER ROLE wso2 CREATEDB')
    writeFileSync(join(dir, 'hosts'), `${address} db.internal\n`)
    writeFileSync(join(dir, 'script.sql'), script[engine])
    sshd = await startSshd(`${address}0`, [], 2222, () => [
      'unshare',
      '-m',
      'sh',
      '-ec',
      `mkdir "$1"; mount --bind "$2" /etc/hosts; mount -t tmpfs -o size=2m none "$1"; shift 2; exec /usr/sbin/sshd "$@"`,
      'sh',
      small,
      join(dir, 'hosts'),
    ])
    const { port, privateKeyFile } = sshd.endpoint
    const { name, schema, user, holds } = kit.db
    const db = { name, schema, user, holds, engine, host: 'db.internal', port: kit.db.port }
    project = await makeProject({
      'inventory/hosts.yml': `web:
  hosts:
    client: { ansible_host: ${address}0, ansible_port: ${port}, ansible_user: root, ansible_ssh_private_key_file: ${privateKeyFile}, ansible_ssh_common_args: '-F none -o UserKnownHostsFile=${sshd.knownHosts}', upgrade_fleet_dir: '${join(dir, 'work')}', dir: '${dir}', color: red }\n`,
      'via.ts': `${prelude}
import * as database from '${source}/modules/database/index.ts'
import { verify } from '${source}/modules/backup/verify.ts'
import { secret } from '${source}/model/secret.ts'
import { via } from '${source}/model/host.ts'
const db = { ...${JSON.stringify(db)}, password: secret('env:P') } as const
const dir = ${JSON.stringify(dir)}
export default playbook('via', { fleet }, (site) => {
  const databases = via(site.web[0]!, [db])
  const dumps = play('dump', databases)
    .task('dump', ({ host }) => database.dump({ db: host.vars, to: ${JSON.stringify(small)}, name: 'via' }))
  const proof = play('prove', databases)
    .task('verify', ({ host, from }) => verify({ file: from(dumps, host).dump.file }))
    .task('rehearse', ({ host, from }) => database.rehearse({ db: host.vars, dump: from(dumps, host).dump }))
  const work = play('work', databases, { restoredBy: [dumps] })
    .task('script', ({ host }) => database.script({ db: host.vars, file: dir + '/script.sql' }))
    .task('query', ({ host }) => database.query({ db: host.vars, sql: database.sql\`select count(*) as n from made\`, columns: { n: 'number' } }))
  return [dumps, proof, work]
})
`,
    })
  })
  afterAll(async () => {
    await sshd?.stop()
    await kit?.stop()
    rmSync(dir, { recursive: true })
  })

  test('is dumped, proved, rehearsed, changed, asked and brought back, with the password nowhere in sight', async () => {
    const search = markSearch({ P: { kind: 'password', core: password.slice(2, 9), value: password } })
    kit.big(8_000_000)
    const full = failed(await call('run', 'via.ts'))
    expect(full).toMatch(/client has 2 MiB free for .*small.*, and .* needs about \d+: make room/)
    expect(failed(await call('exec', 'client', '--', 'ls', '-A', small))).toMatch(/^0\n[^/]*$/)
    kit.root('DROP TABLE big')
    const before = kit.content()
    const grown = await call('exec', 'client', '--', 'mount', '-o', 'remount,size=64m', small)
    expect(grown.code, failed(grown)).toBe(0)
    const over = call('resume')
    const [shown, done] = await Promise.all([search.watched(over), over])
    expect(done.code, failed(done)).toBe(0)
    expect([...shown]).toEqual([])
    expect(kit.root('SELECT COUNT(*) FROM made')).toContain('0')
    const back = await call('rollback', '--yes')
    expect(back.code, failed(back)).toBe(0)
    expect(kit.content()).toBe(before)
    const told = JSON.stringify(await project.journals())
    expect(search.shownIn(told + full + failed(done) + failed(back))).toEqual([])
  })
})
