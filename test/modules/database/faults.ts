import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as database from '../../../src/modules/database/index.ts'
import { localOn, perform } from '../../support/local-on.ts'
import { until } from '../../support/until.ts'
import type { Bench } from './contract.ts'
import { type Kit, password } from './kit.ts'
import { processes } from './processes.ts'

/** Backups that are not whole, processes that die, disks that are full, and somebody else who is connected. */
export function faults(bench: Bench): void {
  const backups = () => readdirSync(join(bench.to, 'run-1'))

  describe('a dump that is not whole', () => {
    test('is refused wherever it was cut and whichever bit was flipped, and nothing is touched', async () => {
      const { kit } = bench
      const dump = await bench.dump('cut')
      const whole = readFileSync(dump.out.file)
      kit.spoil()
      const before = kit.content()
      let refused = 0
      const random = Array.from({ length: 12 }, (_, at) => (at * 7919 + 104729) % whole.length)
      for (const at of new Set([0, 1, 10, 20, ...random, whole.length - 8, whole.length - 1])) {
        const flipped = Buffer.from(whole)
        flipped[at] = (flipped[at] ?? 0) ^ 1
        for (const bytes of [whole.subarray(0, at), flipped]) {
          writeFileSync(dump.out.file, bytes)
          await expect(dump.prove()).rejects.toThrow(/cut-am_db\.sql\.gz on here is not what was recorded/)
          refused++
        }
      }
      expect(refused).toBeGreaterThan(30)
      await expect(dump.undo()).rejects.toThrow(/not what was recorded/)
      writeFileSync(dump.out.file, whole)
      const proof = readFileSync(`${dump.out.file}.proof`)
      for (const at of [0, 1, proof.length >> 1, proof.length - 3]) {
        writeFileSync(`${dump.out.file}.proof`, proof.subarray(0, at))
        await expect(dump.undo()).rejects.toThrow(/there is no whole backup/)
      }
      expect(kit.content()).toBe(before)
    })

    test('is not there when the program that made it was killed half-way; and no process had the password in sight', async () => {
      const { kit, local, to } = bench
      kit.big(12_000_000)
      const dumping = perform(local, database.dump({ db: kit.db, to, name: 'killed' })).catch(String)
      const pid = await held(kit.dumper, kit.db.port)
      const seen = processes()
      process.kill(pid, 'SIGKILL')
      expect(await dumping).toMatch(/dump on here exited \d+/)
      const showing = seen.filter(({ args, env }) => `${args}\0${env}`.includes(password.slice(1, 12)))
      expect(showing.map(({ pid: each }) => each).filter((each) => each !== process.pid)).toEqual([])
      expect(seen.some(({ args }) => kit.dumper.test(args))).toBe(true)
      expect(backups().filter((name) => name.startsWith('killed'))).toEqual([])
    })

    test('is not there when the disk was full, and is not begun where it would be', async () => {
      const { kit, local } = bench
      const small = join(local.dir, 'small')
      mkdirSync(small)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'none', small])
      try {
        kit.big(8_000_000)
        const refused = perform(local, database.dump({ db: kit.db, to: small, name: 'full' }))
        await expect(refused).rejects.toThrow(/here has 3 MiB free for .* needs about 1[0-9]/)
        expect(readdirSync(small)).toEqual([])
        // What the server packs well is small until it is dumped.
        kit.root('DROP TABLE big')
        kit.root(kit.engine === 'mysql' ? packed.mysql : packed.postgresql)
        const failed = perform(local, database.dump({ db: kit.db, to: small, name: 'full' }))
        await expect(failed).rejects.toThrow(/No space left|errno:? 28|could not write/i)
        expect(readdirSync(join(small, 'run-1'))).toEqual([])
      } finally {
        execFileSync('umount', [small])
      }
    })
  })

  describe('a restore', () => {
    test('that was killed in the middle is made again from its beginning', async () => {
      const { kit } = bench
      const before = kit.content()
      kit.big(6_000_000)
      const dump = await bench.dump('crash')
      kit.spoil()
      const restoring = dump.undo().catch(String)
      const pid = await held(kit.loader, kit.db.port)
      process.kill(pid, 'SIGKILL')
      expect(await restoring).toMatch(/restore on here exited/)
      expect(half(kit)).not.toBe(before)
      await dump.undo()
      kit.root('DROP TABLE big')
      expect(kit.content()).toBe(before)
      expect(backups().filter((name) => /restoring|again|wipe/.test(name))).toEqual([])
    })

    test('and a dump with a wrong password, or of a server that is down, say so, leave nothing, and touch nothing', async () => {
      const { kit, local, to } = bench
      const { out: dump } = await bench.dump('good')
      const [before, there] = [kit.content(), backups()]
      const wrong = await localOn(join(local.dir, 'wrong'), () => 'another password')
      try {
        const tries = [
          [wrong, kit.db, /[Aa]ccess denied|authentication failed/],
          [local, { ...kit.db, port: 1 }, /onnection refused|Can't connect/],
        ] as const
        for (const [here, db, says] of tries)
          for (const action of [database.dump({ db, to, name: 'bad' }), database.restore({ db, dump })]) {
            const failure = await perform<unknown>(here, action).catch(String)
            expect(failure).toMatch(says)
            expect(failure).not.toContain('another password')
          }
      } finally {
        await wrong.close()
      }
      expect([kit.content(), backups()]).toEqual([before, there])
    })

    test('of a dump of another engine is refused', async () => {
      const { kit, local } = bench
      const { out } = await bench.dump('engine')
      const other = kit.engine === 'mysql' ? ('postgresql' as const) : ('mysql' as const)
      const restoring = perform(local, database.restore({ db: kit.db, dump: { ...out, engine: other } }))
      await expect(restoring).rejects.toThrow(/is a dump of .*, and this is/)
    })
  })

  describe('somebody else', () => {
    test('who is connected is seen, told, waited for, and in the way of a restore', async () => {
      const { kit, local } = bench
      const dump = await bench.dump('fence')
      expect((await perform(local, database.sessions({ db: kit.db }))).out).toEqual({
        sessions: [],
        blind: [],
      })
      const other = kit.session()
      const seen = async () => (await perform(local, database.sessions({ db: kit.db }))).out.sessions
      await until(async () => (await seen()).length === 1, 'the session is seen')
      expect(await seen()).toEqual([expect.stringMatching(/^(root|postgres)@.*, (\d+|\?)$/)])
      const fence = (wait: number) => perform(local, database.fenced({ db: kit.db, wait }))
      await expect(fence(0)).rejects.toThrow(/am_db: others are connected to am-db_1\n {2}(root|postgres)@/)
      const waiting = fence(20)
      other.stdin?.end()
      expect((await waiting).out).toEqual({ alone: true })
      await dump.undo()
    })
  })
}

const packed = {
  mysql:
    "CREATE TABLE packed (a LONGTEXT) ROW_FORMAT = COMPRESSED; INSERT INTO packed VALUES (REPEAT('x', 9000000)); ANALYZE TABLE packed",
  postgresql:
    "CREATE TABLE packed (a TEXT); INSERT INTO packed VALUES (repeat('x', 9000000)); ALTER TABLE packed OWNER TO wso2",
}

/** What there is, which may be too little to be told. */
function half(kit: Kit): string {
  try {
    return kit.content()
  } catch (error) {
    return String(error)
  }
}

/**
 * Stops the first process with such arguments that talks to the server at that port, as soon as it is there: other test files
 * run such programs at the same time, against servers of their own. One that ends before it could be stopped was another.
 */
export async function held(args: RegExp, port: number): Promise<number> {
  let pid = 0
  await until(() => {
    const found = processes().find(
      (each) => args.test(each.args) && `${each.args}\0${each.env}`.includes(String(port)),
    )
    if (found === undefined || !stopped(found.pid)) return false
    pid = found.pid
    return true
  }, `a process ${args}`)
  return pid
}

function stopped(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGSTOP')
  } catch {
    return false
  }
}

/** A schema beside the first one is a schema of the server for MySQL; PostgreSQL has both in a database. */
export function snapshots(bench: Bench): void {
  describe('one snapshot', () => {
    test('holds all schemas at one moment while a writer writes', async () => {
      const { kit, local, to } = bench
      const { schema } = kit.db
      const mysql = kit.engine === 'mysql'
      kit.big(5_000_000) // the dump takes a while, in which the writer counts on
      if (mysql) kit.another('other')
      const [first, second] = mysql
        ? [`\`${schema}\`.moment`, '`other`.moment']
        : ['public.a_moment', '"reg-1".moment']
      for (const table of [first, second]) {
        kit.root(`CREATE TABLE ${table} (n INT); INSERT INTO ${table} VALUES (0)`)
        if (!mysql) kit.root(`ALTER TABLE ${table} OWNER TO wso2`)
      }
      const counted = () => [first, second].map((table) => Number(kit.root(`SELECT n FROM ${table}`).trim()))
      const writer = writing(bench, [first ?? '', second ?? ''])
      const schemas = mysql ? [schema, 'other'] : [schema]
      const dump = await perform(local, database.dump({ db: kit.db, to, name: 'both', schemas })).finally(
        () => writer.stop(),
      )
      const late = counted()
      await dump.undo()
      const [one = 0, two = 0] = counted()
      expect(one).toBeLessThan(late[0] ?? 0)
      // It counts in the first, then in the second.
      expect([0, 1]).toContain(one - two)
    })
  })
}

/** Counts on in two tables, in turn, as fast as the server answers. */
function writing({ kit, local }: Bench, tables: readonly string[]): { stop(): Promise<void> } {
  const client = kit.session()
  const turn = tables.map((table) => `UPDATE ${table} SET n = n + 1;\n`).join('')
  // More than is written until it is ended: the client is killed, and the server ends what it is at.
  client.stdin?.on('error', () => undefined)
  client.stdin?.write(turn.repeat(50_000))
  const gone = new Promise<void>((resolve) => client.once('exit', () => resolve()))
  return {
    async stop() {
      client.kill('SIGKILL')
      await gone
      await until(async () => {
        const { sessions } = (await perform(local, database.sessions({ db: kit.db }))).out
        return sessions.length === 0
      }, 'the writer has ended')
    },
  }
}
