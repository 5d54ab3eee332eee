import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { type Command, sh } from '../../src/model/command.ts'
import { secret } from '../../src/model/secret.ts'
import { engines, note } from '../../src/modules/database/engines.ts'
import { dump, script } from '../../src/modules/database/index.ts'
import type { CommandEngine, Database } from '../../src/modules/database/types.ts'

// Recorders stand for the vendors' programs: they write down how they were called. Nothing here says that the programs understand it.
const dir = mkdtempSync(join(tmpdir(), 'commands-'))
afterAll(() => rmSync(dir, { recursive: true }))
const password = 'S3cret $(x) `y` \\ & %s'

beforeEach(() => {
  rmSync(dir, { recursive: true })
  mkdirSync(join(dir, 'bin'), { recursive: true })
  for (const name of ['sqlplus', 'expdp', 'impdp', 'sqlcmd', 'db2', 'db2ckbkp']) {
    const path = join(dir, 'bin', name)
    writeFileSync(
      path,
      `#!/bin/sh
{ printf '%s' ${name}; for a in "$@"; do printf ' [%s]' "$a"; done; echo; env | grep -c S3cret; } >>'${dir}/calls'
for a in "$@"; do case $a in parfile=*) stat -c '%a' "\${a#parfile=}" "$(dirname "\${a#parfile=}")" >>'${dir}/calls'; cat "\${a#parfile=}" >>'${dir}/${name}.in';; esac; done
[ -t 0 ] || cat >>'${dir}/${name}.in'
exit 0
`,
    )
    chmodSync(path, 0o755)
  }
  writeFileSync(join(dir, 'a.sql'), 'SELECT 1;\n')
})

/** Runs what an engine built, and tells how its programs were called and what they read. */
function ran(command: Command): { readonly calls: string; readonly read: string } {
  rmSync(join(dir, 'calls'), { force: true })
  const line = sh`set -eu; IFS= read -r password; ${command}`
  execFileSync('/bin/sh', ['-c', line.text], {
    input: `${password}\n`,
    env: { PATH: `${join(dir, 'bin')}:/usr/bin:/bin`, TMPDIR: dir },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const calls = readFileSync(join(dir, 'calls'), 'utf8')
  const inputs = readdirSync(dir).filter((name) => name.endsWith('.in'))
  const read = inputs.map((name) => readFileSync(join(dir, name), 'utf8')).join('')
  for (const name of inputs) rmSync(join(dir, name))
  return { calls, read }
}

const database = (engine: 'oracle' | 'mssql' | 'db2'): Database => ({
  name: 'am_db',
  holds: ['apim'],
  engine,
  host: 'db.example.com',
  port: engines[engine].port,
  schema: 'AMDB',
  user: 'wso2',
  password: secret('env:P'),
})

const commandsOf = (engine: 'oracle' | 'mssql' | 'db2'): CommandEngine => {
  const found = engines[engine]
  if (found.kind !== 'commands') throw new Error('it is rehearsed')
  return found
}

const table = [
  [
    'oracle',
    'script',
    /^sqlplus \[-S\] \[-L\] \[\/nolog\]\n0\n$/,
    /CONNECT wso2\/"S3cret[\s\S]*"@\/\/db\.example\.com:1521\/AMDB\nSELECT 1;\n\nCOMMIT;\nEXIT SUCCESS\n$/,
  ],
  [
    'oracle',
    'command',
    /^expdp \[parfile=[^\]]+\]\n0\n600\n700\n$/,
    /USERID=wso2\/"S3cret[\s\S]*"@[\s\S]*DUMPFILE=B_RUN_1_X\.dmp\n[\s\S]*SCHEMAS=WSO2\nFLASHBACK_TIME=SYSTIMESTAMP\n$/,
  ],
  ['oracle', 'verify', /^impdp \[parfile=/, /SQLFILE=B_RUN_1_X\.sql/],
  [
    'oracle',
    'restore',
    /^sqlplus [\s\S]*impdp \[parfile=/,
    /DUMPFILE=B_RUN_1_X\.dmp[\s\S]*CASCADE CONSTRAINTS PURGE/,
  ],
  [
    'mssql',
    'script',
    /^sqlcmd \[-S\] \[tcp:db\.example\.com,1433\] \[-U\] \[wso2\] \[-d\] \[AMDB\] \[-b\] \[-I\] \[-r\] \[1\] \[-x\] \[-i\] \[[^\]]+a\.sql\]\n0\n$/,
    /^S3cret/,
  ],
  [
    'mssql',
    'command',
    /\[-d\] \[master\].*\[BACKUP DATABASE \[AMDB\] TO DISK = N'\/b\/run-1\/x\.bak' WITH COPY_ONLY, CHECKSUM/,
    /^S3cret/,
  ],
  ['mssql', 'verify', /RESTORE VERIFYONLY FROM DISK = N'\/b\/run-1\/x\.bak' WITH CHECKSUM/, /^S3cret/],
  [
    'mssql',
    'restore',
    /SET SINGLE_USER WITH ROLLBACK IMMEDIATE; RESTORE DATABASE .* WITH REPLACE, CHECKSUM; .*SET MULTI_USER/,
    /^S3cret/,
  ],
  [
    'db2',
    'script',
    /^db2 \[\+p\] \[-s\] \[-t\]\n0\ndb2 \[-o-\] \[terminate\]\n0\n$/,
    /^CONNECT TO AMDB USER wso2 USING 'S3cret[\s\S]*';\nSELECT 1;\n$/,
  ],
  [
    'db2',
    'restore',
    /^db2 \[\+p\]/,
    /^RESTORE DATABASE AMDB USER wso2 USING '[\s\S]*' FROM \/b\/run-1\/x REPLACE EXISTING WITHOUT PROMPTING;\n$/,
  ],
] as const

describe('the commands of engines that are not rehearsed here', () => {
  test.each(table)('%s: %s', (engine, what, calls, read) => {
    const db = database(engine)
    const { backup, script: run } = commandsOf(engine)
    const command =
      what === 'script' ? run(db, join(dir, 'a.sql'), { transaction: false }) : backup(db, '/b/run-1/x')[what]
    const seen = ran(command)
    expect(seen.calls).toMatch(calls)
    expect(seen.read).toMatch(read)
    expect(seen.read).toContain(password)
    expect(seen.calls).not.toContain('S3cret')
    expect(command.text).not.toContain('S3cret')
    expect(readdirSync(dir).filter((name) => name.startsWith('tmp.'))).toEqual([])
  })

  test('db2: a backup goes into a directory of its own, and all its parts are checked', () => {
    const db = database('db2')
    const stem = join(dir, 'run', 'x')
    const { backup } = commandsOf('db2')
    const made = ran(sh`mkdir -p ${join(dir, 'run')}; ${backup(db, stem).command}`)
    expect(existsSync(stem)).toBe(true)
    expect(made.read).toMatch(
      /^BACKUP DATABASE AMDB USER wso2 USING '[\s\S]*' TO .*\/x COMPRESS WITHOUT PROMPTING;\n$/,
    )
    expect(() => ran(backup(db, stem).verify)).toThrow()
    writeFileSync(join(stem, 'AMDB.0.db2.001'), '')
    expect(ran(sh`cat >/dev/null; ${backup(db, stem).verify}`).calls).toMatch(
      /^db2ckbkp \[.*AMDB\.0\.db2\.001\]/,
    )
  })

  test.each([
    ['oracle', ['ERROR at line 1:', 'ORA-00942: table or view does not exist'], undefined, /^ORA-00942/],
    [
      'mssql',
      ['Msg 208, Level 16, State 1, Server db, Line 7', "Invalid object name 'x'."],
      7,
      /Invalid object name/,
    ],
    ['db2', ['SQL0204N  "X" is an undefined name.  LINE NUMBER=4.  SQLSTATE=42704'], 4, /^SQL0204N/],
  ] as const)('%s: the first error of a script is found', (engine, lines, line, text) => {
    const failed = commandsOf(engine).failed(['all went well', ...lines])
    expect(failed).toMatchObject({ line, text: expect.stringMatching(text) })
    expect(commandsOf(engine).failed(['all went well'])).toBeUndefined()
  })

  test.each(['oracle', 'mssql', 'db2'] as const)(
    '%s: the plan says that it is not rehearsed here',
    (engine) => {
      const db = database(engine)
      const said = { note: expect.stringMatching(/its commands are built, and not rehearsed here/) }
      expect(dump({ db, to: '/b', name: 'n' }).input).toMatchObject(said)
      expect(script({ db, file: '/a.sql' }).input).toMatchObject(said)
      expect(note({ engine: 'postgresql' })).toEqual({})
    },
  )

  test('a password or a name that their syntax cannot hold is refused', () => {
    const db = { ...database('db2'), schema: 'A;B' }
    expect(() => commandsOf('db2').script(db, '/a', { transaction: false })).toThrow(/cannot be handed/)
  })
})
