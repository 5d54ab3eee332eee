import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as database from '../../src/modules/database/index.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { localOn, perform } from '../support/local-on.ts'
import { benchOf, dumpsAndRestores, questions, scripts } from './database/contract.ts'
import { faults, snapshots } from './database/faults.ts'
import { postgresqlKit } from './database/postgresql-kit.ts'
import { rehearsals } from './database/rehearsals.ts'

const dir = mkdtempSync(join(fastDirectory(), 'pg-'))
// The server runs as another user, who has to pass.
chmodSync(dir, 0o755)
afterAll(() => rmSync(dir, { recursive: true }))
const bench = benchOf(dir, postgresqlKit)

dumpsAndRestores(bench)
questions(bench)
scripts(bench)
faults(bench)
snapshots(bench)
rehearsals(bench)

describe('several databases', () => {
  const two = (name: string) => {
    const { kit, to } = bench
    return database.dump({ db: kit.db, to, name, schemas: [kit.db.schema, 'other'] })
  }

  test('are dumped in one snapshot when a moment is found at which both stand still', async () => {
    const { kit, local } = bench
    const other = kit.another('other')
    kit.root(
      'CREATE TABLE beside (a INT); INSERT INTO beside VALUES (1); ALTER TABLE beside OWNER TO wso2',
      'other',
    )
    const before = kit.content()
    const dump = await perform(local, two('both'))
    kit.spoil()
    kit.root('DELETE FROM beside', 'other')
    await dump.undo()
    expect(kit.content()).toBe(before)
    expect((await perform(local, database.counts({ db: other, tables: ['beside'] }))).out).toEqual({
      BESIDE: 1,
    })
  })

  test('are not dumped where no such moment is found', async () => {
    const { kit, local } = bench
    kit.another('other')
    kit.root('CREATE TABLE n (n INT); INSERT INTO n VALUES (0)', 'as_fresh')
    const writer = kit.session('as_fresh') // another database: transactions are numbered for the whole server
    const gone = new Promise((resolve) => writer.once('exit', resolve))
    writer.stdin?.write('DO $$ BEGIN LOOP UPDATE n SET n = n + 1; COMMIT; END LOOP; END $$;\n')
    try {
      await expect(perform(local, two('busy'))).rejects.toThrow(/no moment was found in 12 tries/)
    } finally {
      kit.root(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'as_fresh'",
        'postgres',
      )
      await gone
      kit.root('DROP TABLE n', 'as_fresh')
    }
  })
})

describe('a script', () => {
  test('with a command of psql is not run, and rows of COPY are none', async () => {
    const { kit, local } = bench
    const file = join(local.dir, 'psql.sql')
    const run = async (text: string) => {
      await local.on.put({ text }, file)
      return perform(local, database.script({ db: kit.db, file }))
    }
    await expect(run('SELECT 1;\n  \\i /etc/passwd\n')).rejects.toThrow(/line 2: .*a command of psql: +\\i/)
    await run('CREATE TABLE copied (a TEXT, b TEXT);\nCOPY copied FROM stdin;\n\\N\t\\tx\n\\.\nSELECT 1;\n')
    expect(kit.root('SELECT COUNT(*) FROM copied WHERE a IS NULL').trim()).toBe('1')
  })
})

test('a password that ends in a blank is refused with its reason', async () => {
  const { kit } = bench
  const local = await localOn(join(dir, 'blank'), () => 'x ')
  const asked = perform(local, database.counts({ db: kit.db, tables: [] }))
  await expect(asked).rejects.toThrow(/ends in a blank/)
  await local.close()
})

test('jobs of pg_cron are told with what to type (its table is ours here: the extension is not installed)', async () => {
  const { kit, local } = bench
  const asked = () => perform(local, database.pausable({ db: kit.db }))
  // There is nothing that it turns off here, so that it is never a change: no contract is run for it.
  const pausing = () => perform(local, database.pause({ db: kit.db }))
  expect((await asked()).out).toEqual({ events: [] })
  expect(await pausing()).toMatchObject({ changed: false, out: { paused: [] } })
  kit.root(
    `CREATE SCHEMA cron; GRANT USAGE ON SCHEMA cron TO PUBLIC; CREATE TABLE cron.job (jobid BIGINT, schedule TEXT, command TEXT, database TEXT, active BOOLEAN); GRANT SELECT ON cron.job TO PUBLIC;
INSERT INTO cron.job VALUES (7, '0 3 * * *', 'CALL clean()', '${kit.db.schema}', true), (8, 'x', 'y', '${kit.db.schema}', false), (9, 'x', 'y', 'else', true)`,
  )
  try {
    const failure = await asked().catch((error: Error & { evidence?: unknown }) => error.evidence)
    expect(failure).toEqual([
      expect.stringMatching(/^SELECT cron\.alter_job\(7, active := false\); .*CALL clean\(\) at 0 3/),
    ])
    await expect(pausing()).rejects.toThrow(/something runs in it by the clock/)
  } finally {
    kit.root('DROP SCHEMA cron CASCADE')
  }
})
