import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { irreversible } from '../../src/model/action.ts'
import { sh } from '../../src/model/command.ts'
import { secret } from '../../src/model/secret.ts'
import * as command from '../../src/modules/command.ts'
import * as database from '../../src/modules/database/index.ts'
import { toml } from '../../src/modules/edits.ts'
import * as file from '../../src/modules/file.ts'
import * as http from '../../src/modules/http.ts'
import * as java from '../../src/modules/java.ts'
import * as processes from '../../src/modules/processes.ts'
import * as service from '../../src/modules/service.ts'
import * as svn from '../../src/modules/svn/index.ts'
import * as waitFor from '../../src/modules/wait-for.ts'
import { type LocalOn, onOver, perform } from '../support/local-on.ts'
import { busyboxPlace, type Place, secretValue } from '../support/places.ts'
import { until } from '../support/until.ts'
import { mysqlKit } from './database/mysql-kit.ts'

// One module of each family on a machine that has busybox and nothing else; the clients of a database and of Subversion, and a
// Java, are put beside it where a family is about them. Files and archives have their contract there.
let place: Place
let here: LocalOn
let dir: string
const undo = irreversible('a test')
beforeAll(async () => {
  place = await busyboxPlace('127.140.5.1')
  const connection = place.connection()
  dir = join(place.scratch, 'x')
  mkdirSync(dir)
  here = { ...onOver(connection), connection, dir, close: async () => {} }
  return () => place.stop()
})
const at = (name: string) => join(dir, name)
/** Puts programs of this machine beside busybox. */
async function beside(...names: readonly string[]): Promise<void> {
  const bin = (await here.on.must(sh.read`printf %s "$PATH"`)).split(':').at(-1) ?? ''
  for (const name of names)
    if (!readdirSync(bin).includes(name)) symlinkSync(join('/usr/bin', name), join(bin, name))
}

test('there is busybox, and none of what else is usual', async () => {
  const said = sh.read`ls --help 2>&1 | head -n 1; for p in perl bash gawk svn mariadb; do command -v $p; done; :`
  expect(await here.on.must(said)).toMatch(/^BusyBox.*\n$/)
})

describe('there', () => {
  test('commands', async () => {
    const made = at("made it's")
    const action = command.run({ argv: ['touch', made], creates: made, undo: { argv: ['rm', made] } })
    const done = await perform(here, action)
    expect((await perform(here, action)).changed).toBe(false)
    await done.undo()
    const job = command.shell({
      shell: 'echo job; exit 3',
      job: true,
      failedWhen: ({ code }) => code !== 3,
      undo,
    })
    expect((await perform(here, job)).out).toMatchObject({ code: 3, stdout: 'job\n' })
  })

  test('processes', async () => {
    const mark = `-Dmark=${process.pid} [x]`
    const child = spawn('/bin/sh', ['-c', 'echo ready; read -r x', 'sh', mark], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk
    })
    await until(() => said.includes('ready'), 'it is there')
    expect((await perform(here, processes.find({ args: [mark] }))).out.map(({ pid }) => pid)).toEqual([
      child.pid,
    ])
    expect((await perform(here, processes.end({ args: [mark], undo }))).out).toEqual({ ended: 1, killed: 0 })
  })

  test('waiting and asking', async () => {
    writeFileSync(at('log'), 'one\n')
    const { out: mark } = await perform(here, waitFor.mark({ path: at('log') }))
    writeFileSync(at('log'), 'one\nup\n')
    await perform(here, waitFor.log({ path: at('log'), says: 'up', since: mark, timeout: 5 }))
    await perform(here, waitFor.file({ path: at('log'), matches: '^up$', timeout: 5 }))
    const server = createServer((_request, response) => response.end('well'))
    await new Promise<void>((resolve) => server.listen(0, '127.140.5.2', resolve))
    const { port } = server.address() as AddressInfo
    try {
      await perform(here, waitFor.port({ address: '127.140.5.2', port, timeout: 5 }))
      const asked = await perform(here, http.ask({ url: `http://127.140.5.2:${port}/` }))
      expect(asked.out).toMatchObject({ status: 200, body: 'well' })
    } finally {
      server.close()
    }
  })

  test('structured edits, whole trees, looks', async () => {
    writeFileSync(at('c.toml'), '[server]\nhostname = "old" # kept\n')
    const edited = await perform(
      here,
      toml({ path: at('c.toml'), edits: [{ at: 'server.hostname', value: 'new' }] }),
    )
    expect(edited.changed).toBe(true)
    await edited.undo()
    mkdirSync(at('src/deep'), { recursive: true })
    for (const name of ['a', 'b']) writeFileSync(at(`src/deep/${name}`), name)
    const sent = () => perform(here, file.synchronize({ src: at('src'), dest: at('dest'), delete: true }))
    expect((await sent()).changed).toBe(true)
    writeFileSync(at('src/deep/b'), 'other')
    writeFileSync(at('dest/deep/c'), 'goes')
    expect((await sent()).changed).toBe(true)
    expect((await sent()).changed).toBe(false)
    expect(readdirSync(at('dest/deep'))).toEqual(['a', 'b'])
    expect((await perform(here, file.stat({ path: at('dest') }))).out).toMatchObject({ exists: true })
    expect((await perform(here, file.find({ paths: [at('dest')], recurse: true }))).out.files).toHaveLength(2)
  })

  test('services: who starts it is looked for', async () => {
    const { out } = await perform(here, service.find({ name: 'wso2am', path: at('no home') }))
    expect(out.supervisors).toEqual([])
  })

  test('Java', async () => {
    mkdirSync(at('jdk/bin'), { recursive: true })
    writeFileSync(at('jdk/bin/java'), `#!/bin/sh\necho 'openjdk version "1.8.0_402"' >&2\n`, { mode: 0o755 })
    const { out } = await perform(here, java.jdk({ home: at('jdk'), range: '8' }))
    expect(out).toMatchObject({ home: at('jdk'), version: '1.8.0_402' })
  })

  test('Subversion, with its own client', async () => {
    await beside('svn', 'svnadmin', 'svnlook', 'svnrdump')
    const shell =
      'svnadmin create repo && svn mkdir -q -m x --config-dir "$PWD/none" "file://$PWD/repo/trunk"'
    mkdirSync(at('svn'))
    await perform(here, command.shell({ shell, cwd: at('svn'), undo }))
    const repository = { url: `file://${encodeURI(at('svn/repo'))}`, user: 'x', password: secret('env:P') }
    writeFileSync(at('svn/file'), '')
    mkdirSync(at('svn/tree'))
    writeFileSync(at('svn/tree/f'), 'f\n')
    await perform(here, svn.commit({ repository, path: 'trunk', tree: at('svn/tree'), message: 'm' }))
    await perform(here, svn.equal({ repository, path: 'trunk', tree: at('svn/tree') }))
    const copy = await perform(here, svn.checkout({ repository, path: 'trunk', to: at('svn/copy') }))
    const dump = await perform(
      here,
      svn.dump({ repository, to: at('svn/b'), name: 'svn', path: at('svn/repo') }),
    )
    await dump.prove()
    await perform(here, svn.rehearse({ dump: dump.out }))
    const loaded = await perform(here, svn.load({ dump: dump.out, to: at('svn/new') }))
    const trees = [at('svn/copy')]
    const detached = await perform(here, svn.detach({ trees }))
    await detached.undo()
    await copy.undo()
    await loaded.undo()
    expect(readdirSync(at('svn')).filter((name) => /^copy$|new|upgrade/.test(name))).toEqual([])
  })

  test('databases, with their own client', async () => {
    await beside('mariadb', 'mariadb-dump')
    const kit = await mysqlKit(join(dir, 's'), '127.140.5.3')
    try {
      kit.fresh()
      const db = { ...kit.db, user: 'busybox' }
      kit.root(
        `CREATE USER busybox@'%' IDENTIFIED BY '${secretValue.replaceAll("'", "''")}'; GRANT ALL ON *.* TO busybox@'%'`,
      )
      const before = kit.content()
      const dump = await perform(here, database.dump({ db, to: at('b'), name: 'db' }))
      await dump.prove()
      kit.spoil()
      await dump.undo()
      expect(kit.content()).toBe(before)
    } finally {
      await kit.stop()
    }
  })
})
