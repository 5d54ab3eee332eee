import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as database from '../../../src/modules/database/index.ts'
import { provenDump } from '../../../src/modules/database/proof.ts'
import type { FileDump } from '../../../src/modules/database/types.ts'
import { goneOnWith } from '../../support/killed.ts'
import { type LocalOn, localOn, type Performed, perform } from '../../support/local-on.ts'
import { type Kit, password } from './kit.ts'

/** What the parts of the suite work with. */
export interface Bench {
  kit: Kit
  local: LocalOn
  /** The directory of backups. */
  to: string
  /** Makes a dump of the schema. */
  dump(name: string, db?: database.Database): Promise<Performed<FileDump>>
}

/** Whatever an engine is that can be dumped, this holds for it. Each part begins with a fresh schema before each test. */
export function benchOf(dir: string, start: (dir: string) => Promise<Kit>): Bench {
  const bench = {} as Bench
  beforeAll(async () => {
    bench.kit = await start(join(dir, 's'))
    bench.local = await localOn(join(dir, 'here'), () => password)
    bench.to = join(dir, 'backups')
    bench.dump = async (name, db = bench.kit.db) => {
      const made = await perform(bench.local, database.dump({ db, to: bench.to, name }))
      if (made.out.kind !== 'file') throw new Error('no dump of ours')
      return { ...made, out: made.out }
    }
  })
  afterAll(async () => {
    await bench.local?.close()
    await bench.kit?.stop()
  })
  beforeEach(() => bench.kit.fresh())
  return bench
}

export function dumpsAndRestores(bench: Bench): void {
  describe('a dump', () => {
    test('is read back, says what it is, and two of the same content are equal', async () => {
      const { kit, local, to } = bench
      const one = await bench.dump('one')
      const two = await bench.dump('two')
      expect(two.out.digest).toBe(one.out.digest)
      const [done, total, unit] = local.progress.at(-1) ?? []
      expect([done === total, unit]).toEqual([true, 'bytes'])
      expect(one.out).toMatchObject({
        engine: kit.engine,
        file: `${to}/run-1/one-am_db.sql.gz`,
        position: expect.stringMatching(kit.position),
        schemas: [{ name: kit.db.schema, charset: kit.charset }],
        needs: { owners: expect.arrayContaining([expect.any(String)]) },
      })
      expect(Object.values(one.out.rows).reduce((sum, rows) => sum + rows, 0)).toBeGreaterThan(11)
    })

    test('brings all of the schema back, and nothing that came after stays', async () => {
      const { kit } = bench
      const before = kit.content()
      const dump = await bench.dump('back')
      kit.spoil()
      expect(kit.content()).not.toBe(before)
      await dump.undo()
      expect(kit.content()).toBe(before)
      const again = await bench.dump('after')
      expect(again.out.digest).toBe(dump.out.digest)
    })

    test('whose controller was killed at whichever call is gone on with', async () => {
      const { kit, local, to } = bench
      const before = kit.content()
      const whole = await bench.dump('whole')
      const calls = await goneOnWith(local.on, database.dump({ db: kit.db, to, name: 'killed' }), (dump) => {
        expect(dump).toMatchObject({ digest: whole.out.digest })
        rmSync(dump.file)
        expect(kit.content()).toBe(before)
      })
      expect(calls).toBeGreaterThan(5)
    })

    test('behind a cut-over, keeps what is there now, once, whatever is there later', async () => {
      const { kit, local, to } = bench
      const before = kit.content()
      const { work, input } = database.dump({ db: kit.db, to, name: 'kept' })
      if (work.kind !== 'change' || typeof work.undo !== 'function') throw new Error('no change')
      const memory = (await work.remember?.(local.on, input)) ?? null
      await perform(local, database.dump({ db: kit.db, to, name: 'kept' }))
      kit.big(1000)
      const now = await bench.dump('now')
      const again = (name: string): typeof local.on => ({
        ...local.on,
        job: (job, ...rest) => local.on.job(`${name}-${job}`, ...rest),
        begun: async () => false,
      })
      await work.keepNow?.(again('now'), input, memory)
      expect(local.said.at(-1)).toMatch(/what is there now is kept in .*kept-am_db-new-state\.sql\.gz$/)
      await work.undo(again('undo'), input, memory)
      expect(kit.content()).toBe(before)
      await work.keepNow?.(again('later'), input, memory)
      const kept = await provenDump(local.on, `${to}/run-1/kept-am_db-new-state.sql.gz`)
      expect(kept.digest).toBe(now.out.digest)
    })

    test('can be restored over itself and over nothing, and by a task of its own', async () => {
      const { kit, local } = bench
      const before = kit.content()
      const dump = await bench.dump('twice')
      await dump.undo()
      await perform(local, database.restore({ db: kit.db, dump: dump.out }))
      expect(kit.content()).toBe(before)
    })

    test('can be restored under another name', async () => {
      const { kit, local } = bench
      const dump = await bench.dump('copied')
      const copy = kit.another('copy')
      await perform(local, database.restore({ db: copy, dump: dump.out }))
      const tables = ['AM_API', 'CHILD', 'NOKEY']
      const counts = await perform(local, database.counts({ db: copy, tables }))
      expect(counts.out).toEqual({ AM_API: 3, CHILD: 1, NOKEY: 3 })
    })

    test('of a schema that is not there says so', async () => {
      const { kit, local, to } = bench
      const db = { ...kit.db, schema: 'none' }
      await expect(perform(local, database.dump({ db, to, name: 'x' }))).rejects.toThrow(/none/)
    })
  })

  describe('rights', () => {
    test('that a restore would miss are told before anything is dropped', async () => {
      const { kit, local } = bench
      const dump = await bench.dump('weak')
      kit.spoil()
      const before = kit.content()
      const { db, lacks } = kit.weak()
      const failure = await perform(local, database.restore({ db, dump: dump.out })).catch(String)
      expect(failure).toMatch(/weak may not restore am-db_1, and nothing was touched; what is missing/)
      expect(failure).toMatch(lacks)
      expect(kit.content()).toBe(before)
    })

    test('that a dump would miss are told before it begins', async () => {
      const { kit, local, to } = bench
      const { db, lacks } = kit.blind()
      const failure = await perform(local, database.dump({ db, to, name: 'blind' })).catch(String)
      expect(failure).toMatch(/blind may not dump/)
      expect(failure).toMatch(lacks)
    })

    test('are told for any purpose, and a gate asks for them', async () => {
      const { kit, local } = bench
      const all = ['dump', 'restore', 'migrate', 'fence'] as const
      const mine = await perform(local, database.privileges({ db: kit.db, to: all }))
      expect(mine.out).toEqual({ missing: [] })
      const weak = { db: kit.weak().db, to: all }
      await expect(perform(local, database.privileged(weak))).rejects.toThrow(/weak may not .*missing/)
    })
  })
}

export function questions(bench: Bench): void {
  describe('questions', () => {
    test('find tables and columns whatever their case, and count rows', async () => {
      const { kit, local } = bench
      const names = ['am_api', 'AM_API.T', 'AM_API.Z', 'NOKEY.A', 'NONE']
      const { out } = await perform(local, database.schema({ db: kit.db, names }))
      expect(out.present).toEqual(['AM_API', 'AM_API.T', 'NOKEY.A'])
      const tables = ['AM_API', 'NOKEY', 'NONE', 'select', `quo"te '\``, `quo\`te '"`]
      const counts = await perform(local, database.counts({ db: kit.db, tables }))
      expect(Object.entries(counts.out)).toHaveLength(4)
      expect(counts.out).toMatchObject({ AM_API: 3, NOKEY: 3, SELECT: 1 })
    })

    test('tell the types of columns', async () => {
      const { kit, local } = bench
      const { out } = await perform(local, database.tables({ db: kit.db }))
      const api = out.tables.find(({ name }) => name.toUpperCase() === 'AM_API')
      expect(api?.columns.map(({ name }) => name)).toEqual(['id', 't', 'b', 'bits', 'd', 'big'])
      expect(api?.columns.map(({ nullable }) => nullable)).toEqual([false, true, true, true, true, true])
      expect(api?.columns[1]?.type).toMatch(/^(varchar|character varying)\(40\)$/)
    })

    test('give typed rows: NULL is none of the texts, and four bytes are a character', async () => {
      const { kit, local } = bench
      const { sql, identifier } = database
      const columns = { t: 'text', big: 'text', small: 'number', yes: 'boolean' } as const
      const asked = sql`SELECT t, big, id AS small, 1 = 1 AS yes FROM ${identifier(kit.engine === 'mysql' ? 'AM_API' : 'am_api')} ORDER BY id`
      const { out } = await perform(local, database.query({ db: kit.db, sql: asked, columns }))
      expect(out.rows.map(({ t }) => t)).toEqual(['é', 'NULL', null])
      expect(out.rows[0]).toMatchObject({ big: '9007199254740993', small: expect.any(Number), yes: true })
      const four = await perform(
        local,
        database.query({ db: kit.db, sql: sql`SELECT k FROM four`, columns: { k: 'text' } }),
      )
      expect(four.out.rows.map(({ k }) => k)).toEqual(
        expect.arrayContaining(['😀 𝔘', 'tab\tline\nquote\'"\\']),
      )
    })

    test('take values and names as they are, whatever they hold', async () => {
      const { kit, local } = bench
      const { sql, identifier } = database
      const texts = [
        `'; DROP TABLE nokey; --`,
        '\\',
        `\\' OR 1=1 -- `,
        '"`$(x)',
        '😀',
        'a\nb\tc',
        '',
        'NULL',
        '<&>',
      ]
      for (const text of texts) {
        const asked = sql`SELECT ${text} AS ${identifier('v')}, ${null} AS n, ${1.5} AS x, ${true} AS t`
        const columns = { v: 'text', n: 'text', x: 'number', t: 'boolean' } as const
        const { out } = await perform(local, database.query({ db: kit.db, sql: asked, columns }))
        expect(out.rows).toEqual([{ v: text, n: null, x: 1.5, t: true }])
      }
      for (const odd of [kit.engine === 'mysql' ? `quo\`te '"` : `quo"te '\``, 'select']) {
        const asked = sql`SELECT COUNT(*) AS n FROM ${identifier(odd)}`
        const { out } = await perform(
          local,
          database.query({ db: kit.db, sql: asked, columns: { n: 'number' } }),
        )
        expect(out.rows).toEqual([{ n: 1 }])
      }
    })

    test('only read, and say what is not as it was asked for', async () => {
      const { kit, local } = bench
      const { sql } = database
      const ask = (text: ReturnType<typeof sql>, columns: Record<string, 'number' | 'text'>) =>
        perform(local, database.query({ db: kit.db, sql: text, columns }))
      await expect(ask(sql`DELETE FROM nokey`, {})).rejects.toThrow(/the query failed/)
      await expect(ask(sql`SELECT 1 AS a; DELETE FROM nokey`, { a: 'number' })).rejects.toThrow(/failed/)
      expect(kit.root('SELECT COUNT(*) FROM nokey').trim()).toBe('3')
      await expect(ask(sql`SELECT 1 AS a`, { b: 'text' })).rejects.toThrow(/no column b; it has a/)
      await expect(ask(sql`SELECT 'x' AS a`, { a: 'number' })).rejects.toThrow(/column a is no number: x/)
      await expect(ask(sql`SELECT 9007199254740993 AS a`, { a: 'number' })).rejects.toThrow(
        /ask for it as text/,
      )
    })

    test('about size and time take the pace of the last dump', async () => {
      const { kit, local, to } = bench
      kit.big(300_000)
      const db = { ...kit.db, name: 'sized' }
      const first = await perform(local, database.estimate({ db, to }))
      expect(first.out).toMatchObject({ guessed: true, seconds: expect.any(Number) })
      expect(first.out.bytes).toBeGreaterThan(250_000)
      await bench.dump('one', db)
      expect((await perform(local, database.estimate({ db, to }))).out.guessed).toBe(false)
    })

    test('with a wrong user, or of a server that is down, fail with the reason, without the password', async () => {
      const { kit, local } = bench
      const wrong = { db: { ...kit.db, user: 'nobody' }, tables: [] }
      const failure = await perform(local, database.counts(wrong)).catch(String)
      expect(failure).toMatch(/Access denied for user 'nobody'|authentication failed for user "nobody"/)
      expect(failure).not.toContain(password)
      const down = { db: { ...kit.db, port: 1 }, tables: [] }
      await expect(perform(local, database.counts(down))).rejects.toThrow(/onnection refused|Can't connect/)
    })
  })
}

export function scripts(bench: Bench): void {
  const uma = { from: '-- UMA begins', to: '-- UMA ends' }
  const write = async (text: string) => {
    const path = join(bench.local.dir, 'script.sql')
    await bench.local.on.put({ text }, path)
    return path
  }
  const body = () =>
    bench.kit.engine === 'mysql'
      ? 'DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\nEND //\nDELIMITER ;\nCALL p();\n'
      : 'CREATE PROCEDURE p() LANGUAGE plpgsql AS $$\nBEGIN\n  PERFORM 1;\n  PERFORM 2;\nEND $$;\n\nCALL p();\n'
  const there = async () => {
    const names = ['EXTRA', 'BEFORE_IT']
    return (await perform(bench.local, database.schema({ db: bench.kit.db, names }))).out.present
  }

  describe('a script', () => {
    test('runs in the client, bodies and all, without the section that is left out', async () => {
      const file = await write(
        `${body()}-- UMA begins\nSELECT * FROM missing;\n-- UMA ends\nCREATE TABLE extra (a INT);\n`,
      )
      await perform(bench.local, database.script({ db: bench.kit.db, file, without: uma }))
      expect(await there()).toEqual(['EXTRA'])
    })

    test('stops at its first error, and names the line of the script as it came', async () => {
      const text = `CREATE TABLE before_it (a INT);\n${body()}-- UMA begins\nSELECT * FROM missing;\n-- UMA ends\n\nINSERT INTO not_there VALUES (1);\nCREATE TABLE extra (a INT);\n`
      const file = await write(text)
      const failure = perform(bench.local, database.script({ db: bench.kit.db, file }))
      await expect(failure).rejects.toThrow(/am_db: .*script\.sql, line 10: .*missing/)
      const other = perform(bench.local, database.script({ db: bench.kit.db, file, without: uma }))
      await expect(other).rejects.toThrow(/script\.sql, line 1: .*exist/)
      bench.kit.root('DROP TABLE before_it; DROP PROCEDURE p')
      const third = perform(bench.local, database.script({ db: bench.kit.db, file, without: uma }))
      await expect(third).rejects.toThrow(/script\.sql, line 13: .*not_there/)
      expect(await there()).toEqual(['BEFORE_IT'])
    })

    test('in one transaction is all or nothing where the engine can', async () => {
      const file = await write('CREATE TABLE before_it (a INT);\nSELECT * FROM missing;\n')
      const failure = perform(bench.local, database.script({ db: bench.kit.db, file, transaction: true }))
      await expect(failure).rejects.toThrow(/line 2/)
      expect(await there()).toEqual(bench.kit.engine === 'mysql' ? ['BEFORE_IT'] : [])
    })

    test('that fails at any of its statements leaves those before it, or none in one transaction', async () => {
      const { kit, local } = bench
      const names = [1, 2, 3, 4].map((each) => `STEP_${each}`)
      for (const [k, name] of names.entries()) {
        const lines = names.map((each) => `CREATE TABLE ${each.toLowerCase()} (a INT);`)
        const file = await write(`${lines.with(k, 'INSERT INTO not_there VALUES (1);').join('\n')}\n`)
        const failure = perform(local, database.script({ db: kit.db, file, transaction: true }))
        await expect(failure, name).rejects.toThrow(new RegExp(`script\\.sql, line ${k + 1}: .*not_there`))
        const { out } = await perform(local, database.schema({ db: kit.db, names }))
        // MariaDB commits with every statement that makes something.
        expect(out.present).toEqual(kit.engine === 'mysql' ? names.slice(0, k) : [])
        for (const each of out.present) kit.root(`DROP TABLE ${each.toLowerCase()}`)
      }
    })

    test('whose section is not marked is not run at all', async () => {
      const file = await write('CREATE TABLE extra (a INT);\n-- UMA begins\n')
      const failure = perform(bench.local, database.script({ db: bench.kit.db, file, without: uma }))
      await expect(failure).rejects.toThrow(/not marked/)
      expect(await there()).toEqual([])
    })

    test('leaves no password in its log', async () => {
      const file = await write('SELECT 1;\n')
      const { out } = await perform(bench.local, database.script({ db: bench.kit.db, file }))
      expect(out.file).toBe(file)
      expect(readFileSync(file, 'utf8')).toBe('SELECT 1;\n')
    })
  })
}
