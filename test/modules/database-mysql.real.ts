import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as database from '../../src/modules/database/index.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { perform } from '../support/local-on.ts'
import { benchOf, dumpsAndRestores, questions, scripts } from './database/contract.ts'
import { faults, snapshots } from './database/faults.ts'
import { escapedPassword } from './database/kit.ts'
import { mysqlKit } from './database/mysql-kit.ts'
import { rehearsals } from './database/rehearsals.ts'

const dir = mkdtempSync(join(fastDirectory(), 'my-'))
afterAll(() => rmSync(dir, { recursive: true }))
const bench = benchOf(dir, mysqlKit)

dumpsAndRestores(bench)
questions(bench)
scripts(bench)
faults(bench)
snapshots(bench)
rehearsals(bench)

describe('rights of MySQL', () => {
  const user = (grants: string) =>
    bench.kit.root(
      `CREATE OR REPLACE USER part@'%' IDENTIFIED BY '${escapedPassword}'; GRANT ${grants} ON \`am-db\\_1\`.* TO part@'%'`,
    )

  test('to read routines that others made are told before a dump', async () => {
    user('SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE')
    const db = { ...bench.kit.db, user: 'part' }
    const dumping = perform(bench.local, database.dump({ db, to: bench.to, name: 'part' }))
    await expect(dumping).rejects.toThrow(
      /GRANT SELECT ON mysql\.proc .*the text of pr, f cannot be read|of f, pr cannot/,
    )
  })

  test('all on the schema, and reading routines, is enough for a dump, and not for a restore of what others defined', async () => {
    user('ALL')
    bench.kit.root("GRANT SELECT ON mysql.proc TO part@'%'")
    const db = { ...bench.kit.db, user: 'part' }
    const made = await bench.dump('part', db)
    expect(made.out.position).toBe('none: the user lacks REPLICATION CLIENT')
    const before = bench.kit.content()
    const failure = await made.undo().catch(String)
    expect(failure).toMatch(/log_bin_trust_function_creators = 1, or GRANT SUPER/)
    expect(failure).toMatch(/GRANT SET USER ON .*somebody@localhost/)
    expect(bench.kit.content()).toBe(before)
  })
})
