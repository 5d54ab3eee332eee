import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as database from '../../../src/modules/database/index.ts'
import { goneOnWith } from '../../support/killed.ts'
import { perform } from '../../support/local-on.ts'
import type { Bench } from './contract.ts'
import { held } from './faults.ts'

/** A dump restored beside what is live, compared, and dropped again. */
export function rehearsals(bench: Bench): void {
  const scratch = 'am-db_1_rehearsal'
  const schemas = () =>
    bench.kit.engine === 'mysql'
      ? bench.kit.root('SHOW DATABASES')
      : bench.kit.root('SELECT datname FROM pg_database ORDER BY 1')
  const allow = () => {
    if (bench.kit.engine === 'postgresql') bench.kit.root('ALTER ROLE wso2 CREATEDB')
  }
  const files = () => readdirSync(join(bench.to, 'run-1')).filter((name) => name.startsWith('rehearsed'))

  describe('a rehearsal', () => {
    test('restores into a schema of its own, compares and times it, and leaves nothing', async () => {
      allow()
      const { kit, local } = bench
      const { out } = await bench.dump('rehearsed')
      kit.spoil()
      const before = [kit.content(), schemas(), files()]
      const done = await perform(local, database.rehearse({ db: kit.db, dump: out }))
      expect(done.out).toMatchObject({ kind: 'database', file: out.file, seconds: expect.any(Number) })
      expect(done.out.entries).toBe(Object.keys(out.rows).length)
      expect(local.said.at(-1)).toMatch(/was restored into am-db_1_rehearsal in \d+ s, and is whole/)
      expect([kit.content(), schemas(), files()]).toEqual(before)
      await done.undo()
      expect([kit.content(), schemas(), files()]).toEqual(before)
    })

    test('of what is not the same fails, and leaves nothing', async () => {
      allow()
      const { kit, local } = bench
      const { out } = await bench.dump('rehearsed')
      const before = [kit.content(), schemas(), files()]
      const wrong = { ...out, digest: 'x', rows: { ...out.rows, [Object.keys(out.rows)[0] ?? '']: 77 } }
      await expect(perform(local, database.rehearse({ db: kit.db, dump: wrong }))).rejects.toThrow(
        /after the restore the content differs.*77 rows in the dump/s,
      )
      expect([kit.content(), schemas(), files()]).toEqual(before)
    })

    test('that was cut off goes on over what it left', async () => {
      allow()
      const { kit, local } = bench
      const { out } = await bench.dump('rehearsed')
      const before = [kit.content(), schemas(), files()]
      const { work, input } = database.rehearse({ db: kit.db, dump: out })
      if (work.kind !== 'change' || typeof work.undo !== 'function') throw new Error('no change')
      const memory = (await work.remember?.(local.on, input)) ?? null
      kit.another(scratch)
      const job: typeof local.on.job = (name, ...rest) => local.on.job(`again-${name}`, ...rest)
      expect(await work.apply({ ...local.on, job }, input, memory)).toMatchObject({ kind: 'database' })
      expect([kit.content(), schemas(), files()]).toEqual(before)
      kit.another(scratch)
      await work.undo(local.on, input, memory)
      expect(schemas()).not.toContain(scratch)
    })

    test('whose controller was killed goes on at whichever question it came to, and leaves nothing', async () => {
      allow()
      const { kit, local } = bench
      const { out } = await bench.dump('rehearsed')
      const before = [kit.content(), schemas(), files()]
      const calls = await goneOnWith(local.on, database.rehearse({ db: kit.db, dump: out }), (done) => {
        expect(done).toMatchObject({ kind: 'database' })
        expect([kit.content(), schemas(), files()]).toEqual(before)
      })
      expect(calls).toBeGreaterThan(5)
    })

    test('whose loader is killed fails, and leaves nothing', async () => {
      allow()
      const { kit, local } = bench
      kit.big(5_000_000)
      const { out } = await bench.dump('rehearsed')
      const before = [kit.content(), schemas(), files()]
      const loader =
        kit.engine === 'mysql'
          ? /\/mariadb\0.*--batch\0am-db_1_rehearsal\0/
          : /\/psql\0.*-d\0am-db_1_rehearsal\0-f\0/
      const rehearsing = perform(local, database.rehearse({ db: kit.db, dump: out })).catch(String)
      process.kill(await held(loader, kit.db.port), 'SIGKILL')
      expect(await rehearsing).toMatch(/restore-1 on here exited/)
      expect([kit.content(), schemas(), files()]).toEqual(before)
    })

    test('asks for rights first, and never takes a schema that somebody else made', async () => {
      const { kit, local } = bench
      const { out } = await bench.dump('rehearsed')
      const { db } = kit.weak()
      const before = [kit.content(), schemas(), files()]
      await expect(perform(local, database.rehearse({ db, dump: out }))).rejects.toThrow(
        /weak may not rehearse a restore in am-db_1_rehearsal, and nothing was made.*(GRANT .*DROP.* ON `am-db\\_1\\_rehearsal`|ALTER ROLE weak CREATEDB)/s,
      )
      expect([kit.content(), schemas(), files()]).toEqual(before)
      kit.another(scratch)
      try {
        await expect(perform(local, database.rehearse({ db: kit.db, dump: out }))).rejects.toThrow(
          /there is a schema am-db_1_rehearsal .*this run did not make it/,
        )
        expect(schemas()).toContain(scratch)
      } finally {
        kit.root(`DROP DATABASE ${kit.engine === 'mysql' ? `\`${scratch}\`` : `"${scratch}"`}`)
      }
    })

    test('of several schemas, or of what runs by itself, is refused', async () => {
      allow()
      const { kit, local, to } = bench
      kit.another('other')
      const two = database.dump({ db: kit.db, to, name: 'rehearsed two', schemas: [kit.db.schema, 'other'] })
      const both = (await perform(local, two)).out
      await expect(perform(local, database.rehearse({ db: kit.db, dump: both }))).rejects.toThrow(
        /is of am-db_1, other: their names stand in it/,
      )
      if (kit.engine !== 'mysql') return
      const { out } = await bench.dump('rehearsed')
      kit.root('SET GLOBAL event_scheduler = ON')
      try {
        await expect(perform(local, database.rehearse({ db: kit.db, dump: out }))).rejects.toThrow(
          /has 1 events, which would run in am-db_1_rehearsal too: SET GLOBAL event_scheduler = OFF/,
        )
        const paused = await perform(local, database.pause({ db: kit.db }))
        const off = await bench.dump('rehearsed, events off')
        expect((await perform(local, database.rehearse({ db: kit.db, dump: off.out }))).out).toMatchObject({
          kind: 'database',
        })
        await paused.undo()
      } finally {
        kit.root('SET GLOBAL event_scheduler = OFF')
      }
    })
  })
}
