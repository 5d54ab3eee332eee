import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { secret } from '../../src/model/secret.ts'
import * as database from '../../src/modules/database/index.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

// The database is a file, and the operator's commands copy it.
const dir = mkdtempSync(join(fastDirectory(), 'operator-'))
const data = join(dir, 'data')
const program = join(dir, 'backup it')
let local: LocalOn
let db: database.Database

beforeAll(async () => {
  local = await localOn(join(dir, 'here'), () => "p'w")
  writeFileSync(
    program,
    `#!/bin/sh
set -eu
IFS= read -r password && [ "$password" = "p'w" ]
[ "$2" = 'a; $(b)' ] && [ "$UPGRADE_FLEET_DATABASE/$UPGRADE_FLEET_HOST/$UPGRADE_FLEET_PORT/$UPGRADE_FLEET_USER" = am/db/1521/u ]
case $1 in
  take) cp '${data}' "$UPGRADE_FLEET_BACKUP"; cksum <"$UPGRADE_FLEET_BACKUP" >"$UPGRADE_FLEET_BACKUP.sum" ;;
  check) [ "$(cksum <"$UPGRADE_FLEET_BACKUP")" = "$(cat "$UPGRADE_FLEET_BACKUP.sum")" ] || { echo 'sum differs'; exit 3; } ;;
  back) cp "$UPGRADE_FLEET_BACKUP" '${data}' ;;
esac
`,
  )
  chmodSync(program, 0o755)
  const word = (what: string) => [program, what, 'a; $(b)']
  const backup = { command: word('take'), verify: word('check'), restore: word('back') }
  const where = { host: 'db', port: 1521, schema: 'am', user: 'u', password: secret('env:P') }
  db = { name: 'am_db', holds: ['apim'], engine: 'oracle', ...where, backup }
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})
beforeEach(() => writeFileSync(data, 'before'))

const dumped = (name: string) => perform(local, database.dump({ db, to: join(dir, 'backups'), name }))

test("an operator's own backup is a restore point: taken, verified, put back", async () => {
  const made = await dumped('one')
  const file = join(dir, 'backups', 'run-1', 'one-am_db')
  expect(made.out).toEqual({ kind: 'commands', engine: 'oracle', file })
  writeFileSync(data, 'after')
  await made.prove()
  await made.undo()
  expect(readFileSync(data, 'utf8')).toBe('before')
  writeFileSync(data, 'after')
  await perform(local, database.restore({ db, dump: made.out }))
  expect(readFileSync(data, 'utf8')).toBe('before')
})

test('one that its own command finds damaged is refused, and nothing is put back', async () => {
  const made = await dumped('two')
  writeFileSync(data, 'after')
  writeFileSync(made.out.file, 'befor')
  await expect(made.prove()).rejects.toThrow(
    /is not whole: the operator's .*backup it exited 3[\s\S]*sum differs/,
  )
  await expect(made.undo()).rejects.toThrow(/is not whole/)
  expect(readFileSync(data, 'utf8')).toBe('after')
})

test('one that cannot be taken is a failure of the dump', async () => {
  rmSync(data)
  await expect(dumped('three')).rejects.toThrow(/backup on here exited 1/)
  expect(existsSync(join(dir, 'backups', 'run-1', 'three-am_db.sum'))).toBe(false)
})

test('what only rehearsed engines can is refused by name', async () => {
  const asked = perform(local, database.counts({ db, tables: [] }))
  await expect(asked).rejects.toThrow(/not built for Oracle\. It is for MySQL and MariaDB, PostgreSQL\./)
})
