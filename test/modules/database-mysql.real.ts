import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as database from '../../src/modules/database/index.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { perform } from '../support/local-on.ts'
import { changeContract } from './contract.ts'
import { benchOf, dumpsAndRestores, questions, scripts } from './database/contract.ts'
import { faults, snapshots } from './database/faults.ts'
import { escapedPassword, password } from './database/kit.ts'
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

describe('events of MySQL', () => {
  const on = () => bench.kit.root('SET GLOBAL event_scheduler = ON')
  const states = () =>
    bench.kit.root(
      "SELECT event_name, status, definer, sql_mode, time_zone, character_set_client, collation_connection, starts FROM information_schema.events WHERE event_schema = 'am-db_1' ORDER BY 1",
    )

  test('are turned off with their definers kept, restored off, and on again by undo', async () => {
    bench.kit.fresh()
    bench.kit.root(
      "SET NAMES latin1 COLLATE latin1_spanish_ci; SET sql_mode = 'ANSI_QUOTES', time_zone = '+03:00'; ALTER DEFINER = somebody@localhost EVENT ev ON SCHEDULE EVERY 2 DAY",
    )
    on()
    try {
      const before = states()
      const content = bench.kit.content()
      const { db } = bench.kit
      const paused = await perform(bench.local, database.pause({ db }))
      expect(paused.out.paused.map(({ name }) => name)).toEqual(['ev'])
      expect(states()).toBe(before.replace('ENABLED', 'DISABLED'))
      expect((await perform(bench.local, database.pause({ db }))).changed).toBe(false)
      const dumped = await bench.dump('paused', db)
      bench.kit.spoil()
      const late = database.schedules({ db })
      expect((await perform(bench.local, late)).out.running.map(({ name }) => name)).toEqual(['late'])
      await dumped.undo()
      await paused.undo()
      expect(states()).toBe(before)
      expect(bench.kit.content()).toBe(content)
      const { paused: was } = (await perform(bench.local, database.pause({ db }))).out
      const again = await perform(bench.local, database.unpause({ db, paused: was }))
      expect(states()).toBe(before)
      expect((await perform(bench.local, database.unpause({ db, paused: was }))).changed).toBe(false)
      await again.undo()
      expect(states()).toBe(before.replace('ENABLED', 'DISABLED'))
    } finally {
      bench.kit.root('SET GLOBAL event_scheduler = OFF')
    }
  })

  test('of somebody else, which the user may not alter, are told with what to type; while the scheduler is off none runs', async () => {
    bench.kit.fresh()
    bench.kit.root(
      `CREATE OR REPLACE USER part@'%' IDENTIFIED BY '${escapedPassword}'; GRANT ALL ON \`am-db\\_1\`.* TO part@'%'`,
    )
    const db = { ...bench.kit.db, user: 'part' }
    expect((await perform(bench.local, database.pausable({ db }))).out).toEqual({ events: [] })
    on()
    try {
      await expect(perform(bench.local, database.pausable({ db }))).rejects.toThrow(
        /ALTER DEFINER = `root`@`localhost` EVENT `am-db_1`.`ev` DISABLE; and after the upgrade ENABLE/,
      )
    } finally {
      bench.kit.root('SET GLOBAL event_scheduler = OFF')
    }
  })
})

// What is compared is what the server tells of its events; what it alone keeps of them, when each was altered last, it sets itself.
const eventsOf = () =>
  bench.kit.root(
    "SELECT event_name, status, event_definition, definer, sql_mode, time_zone, character_set_client, collation_connection, interval_value, starts, ends, on_completion, event_comment FROM information_schema.events WHERE event_schema = 'am-db_1' ORDER BY 1",
  )
/** Events of two definers that are on, of which one keeps a session unlike others, and one that is off. */
const scheduled = () =>
  void bench.kit.root(
    "SET GLOBAL event_scheduler = ON; SET NAMES latin1 COLLATE latin1_spanish_ci; SET sql_mode = 'ANSI_QUOTES', time_zone = '+03:00'; ALTER DEFINER = somebody@localhost EVENT ev ON SCHEDULE EVERY 2 DAY; CREATE EVENT `o``ther` ON SCHEDULE EVERY 1 DAY DO DELETE FROM nokey; CREATE EVENT off ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM nokey",
  )
let paused: database.Paused['paused']

changeContract(
  'events of MariaDB',
  async () => ({
    scratch: bench.local.dir,
    connection: () => bench.local.connection,
    stop: async () => void bench.kit.root('SET GLOBAL event_scheduler = OFF'),
  }),
  [
    {
      name: 'are turned off',
      prepare: scheduled,
      action: () => database.pause({ db: bench.kit.db }),
      already: { paused: [] },
      // The server's switch, then the events: where the switch is off, nothing is asked of them.
      trips: 2,
      hidden: [password],
      look: eventsOf,
    },
    {
      name: 'are turned on',
      prepare: async () => {
        scheduled()
        paused = (await perform(bench.local, database.pause({ db: bench.kit.db }))).out.paused
        // Somebody was faster with this one: it is to stay on.
        bench.kit.root('ALTER DEFINER = root@localhost EVENT `o``ther` ENABLE')
      },
      action: () => database.unpause({ db: bench.kit.db, paused }),
      hidden: [password],
      look: eventsOf,
    },
  ],
)
