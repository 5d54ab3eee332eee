import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secret } from '../../src/model/secret.ts'
import * as database from '../../src/modules/database/index.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { type MariaDb, startMariaDb } from '../support/mariadb.ts'

const password = `p'"\\x#; &<é $(x)`
const schema = 'am-db_1'
let maria: MariaDb
let local: LocalOn
let db: database.Database
let to: string
let dir: string

const fresh = `
DROP DATABASE IF EXISTS \`${schema}\`; CREATE DATABASE \`${schema}\` CHARACTER SET latin1; USE \`${schema}\`;
CREATE TABLE AM_API (id INT AUTO_INCREMENT PRIMARY KEY, t VARCHAR(20), b BLOB);
INSERT INTO AM_API (t, b) VALUES ('é', x'00ff'), ('b', NULL);
CREATE TABLE nokey (a INT); INSERT INTO nokey VALUES (3), (1), (2);
CREATE VIEW v AS SELECT * FROM nokey;
CREATE TRIGGER tr BEFORE INSERT ON nokey FOR EACH ROW SET NEW.a = NEW.a + 0;
CREATE PROCEDURE pr() SELECT 1;
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO DELETE FROM nokey;
`

beforeAll(async () => {
  dir = mkdtempSync(join(fastDirectory(), 'database-'))
  maria = await startMariaDb(join(dir, 'maria'))
  maria.root(
    `GRANT ALL ON *.* TO wso2@'127.0.0.1' IDENTIFIED BY '${password.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
  )
  local = await localOn(join(dir, 'here'), () => password)
  to = join(dir, 'backups')
  const where = { host: '127.0.0.1', port: maria.port, schema, user: 'wso2', password: secret('env:P') }
  db = { name: 'am_db', holds: ['apim'], engine: 'mysql', ...where }
})

afterAll(async () => {
  await local.close()
  await maria.stop()
  rmSync(dir, { recursive: true })
})

beforeEach(() => void maria.root(fresh))

const tables = ['AM_API', 'NOKEY', 'EXTRA']
const counts = async () => (await perform(local, database.counts({ db, tables }))).out
const spoil = `USE \`${schema}\`; DROP TABLE nokey; DROP PROCEDURE pr; CREATE TABLE extra (x INT); INSERT INTO AM_API (t) VALUES ('c')`

describe('a dump', () => {
  test('is read back, and two of the same content are equal', async () => {
    const one = await perform(local, database.dump({ db, to, name: 'one' }))
    const two = await perform(local, database.dump({ db, to, name: 'two' }))
    expect(two.out.digest).toBe(one.out.digest)
    const [done, total, unit] = local.progress.at(-1) ?? []
    expect([done === total, unit]).toEqual([true, 'bytes'])
    expect(one.out).toMatchObject({ charset: 'latin1', file: `${to}/run-1/one-am_db.sql.gz` })
  })

  test('brings back all of the schema: rows, routines, triggers, events; and nothing that came after stays', async () => {
    const dump = await perform(local, database.dump({ db, to, name: 'back' }))
    maria.root(spoil)
    expect(await counts()).toEqual({ AM_API: 3, EXTRA: 0 })
    await dump.undo()
    expect(await counts()).toEqual({ AM_API: 2, NOKEY: 3 })
    const named =
      "SELECT (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = 'am-db_1'), (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'am-db_1'), (SELECT COUNT(*) FROM information_schema.events WHERE event_schema = 'am-db_1')"
    expect(maria.root(named).trim()).toBe('1\t1\t1')
    const again = await perform(local, database.dump({ db, to, name: 'after' }))
    expect(again.out.digest).toBe(dump.out.digest)
  })

  test('that was cut or whose bits were flipped is refused, and nothing is touched', async () => {
    const dump = await perform(local, database.dump({ db, to, name: 'cut' }))
    const whole = readFileSync(dump.out.file)
    maria.root(spoil)
    for (const at of [0, 1, 20, whole.length >> 1, whole.length - 1]) {
      writeFileSync(dump.out.file, whole.subarray(0, at))
      await expect(dump.undo()).rejects.toThrow(/not what was recorded/)
      await expect(dump.prove()).rejects.toThrow(/cut-am_db\.sql\.gz on here is not what was recorded/)
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      writeFileSync(dump.out.file, flipped)
      await expect(dump.undo()).rejects.toThrow(/not what was recorded/)
    }
    expect(await counts()).toEqual({ AM_API: 3, EXTRA: 0 })
    writeFileSync(dump.out.file, whole)
    await dump.undo()
  })

  test('of a schema that is not there says so', async () => {
    const other = { ...db, schema: 'none' }
    await expect(perform(local, database.dump({ db: other, to, name: 'x' }))).rejects.toThrow(
      /there is no schema none/,
    )
  })

  test('of an engine whose commands are not built says so', async () => {
    const other = { ...db, engine: 'postgresql' as const }
    await expect(perform(local, database.dump({ db: other, to, name: 'x' }))).rejects.toThrow(
      /postgresql cannot be dumped/,
    )
  })
})

describe('a script', () => {
  const path = () => join(local.dir, 'script.sql')
  const uma = { from: '-- UMA begins', to: '-- UMA ends' }
  const text =
    'DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END //\nDELIMITER ;\nCALL p();\n-- UMA begins\nSELECT * FROM missing;\n-- UMA ends\nCREATE TABLE extra (a INT);\n'

  test('runs in the client, which knows DELIMITER, without the section that is left out', async () => {
    writeFileSync(path(), text)
    await perform(local, database.script({ db, file: path(), without: uma }))
    expect(await counts()).toEqual({ AM_API: 2, NOKEY: 3, EXTRA: 0 })
  })

  test('stops at its first error, which is shown', async () => {
    writeFileSync(path(), text)
    await expect(perform(local, database.script({ db, file: path() }))).rejects.toThrow(/ERROR 1146.*missing/)
    expect(await counts()).toEqual({ AM_API: 2, NOKEY: 3 })
  })

  test('whose section is not marked is not run at all', async () => {
    writeFileSync(path(), 'CREATE TABLE extra (a INT);\n-- UMA begins\n')
    await expect(perform(local, database.script({ db, file: path(), without: uma }))).rejects.toThrow(
      /not marked/,
    )
    expect(await counts()).toEqual({ AM_API: 2, NOKEY: 3 })
  })
})

describe('questions', () => {
  test('find tables and columns whatever their case', async () => {
    const names = ['am_api', 'AM_API.T', 'AM_API.Z', 'NOKEY.A', 'NONE']
    const { out } = await perform(local, database.schema({ db, names }))
    expect(out.present).toEqual(['AM_API', 'AM_API.T', 'NOKEY.A'])
  })

  test('find who else is connected, and not us', async () => {
    expect((await perform(local, database.sessions({ db }))).out).toEqual({ sessions: [] })
  })

  test('with a wrong password fail with the reason of the server, without the password', async () => {
    const stranger = { ...db, user: 'nobody' }
    const failure = await perform(local, database.counts({ db: stranger, tables })).catch(String)
    expect(failure).toMatch(/Access denied for user 'nobody'/)
    expect(failure).not.toContain(password)
  })
})
