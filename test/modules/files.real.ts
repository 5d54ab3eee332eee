import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { homeIntact } from '../../src/apim/manifest.ts'
import { bundle, carried, overlay, overlayRules } from '../../src/apim/trees.ts'
import { volatile } from '../../src/apim/volatile.ts'
import { secret } from '../../src/model/secret.ts'
import * as archive from '../../src/modules/archive.ts'
import * as artifact from '../../src/modules/artifact.ts'
import * as backup from '../../src/modules/backup/index.ts'
import { carry } from '../../src/modules/carry.ts'
import * as file from '../../src/modules/file.ts'
import { besideOf } from '../../src/modules/files/private.ts'
import { signal, withArguments } from '../../src/modules/process.ts'
import * as svn from '../../src/modules/svn/index.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

const root = mkdtempSync(join(fastDirectory(), 'files-'))
const odd = `a b'c"$(x)`
let local: LocalOn
let dir: string
let at = 0

beforeEach(async () => {
  dir = join(root, `${++at}`)
  local = await localOn(join(dir, 'here'), () => `p'"&<é`)
  return () => local.close()
})
afterAll(() => rmSync(root, { recursive: true }))

function tree(base: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    writeFileSync(join(base, path), text)
  }
  return base
}

const read = (...path: string[]) => readFileSync(join(...path), 'utf8')
const sum = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

function zip(name: string, files: Readonly<Record<string, string>>, ...options: string[]) {
  const work = tree(join(dir, `${name}.work`), files)
  const path = join(dir, `${name}.zip`)
  execFileSync('zip', ['-q', '-r', ...options, path, '.'], { cwd: work })
  return { zip: path, sha256: sum(path) }
}

describe('an archive', () => {
  const input = () => ({
    ...zip('p', { 'top/a.txt': 'a', [`top/${odd}`]: 'b' }),
    top: 'top',
    to: join(dir, 'home'),
  })

  test('becomes the directory, once; undone, it goes', async () => {
    const action = archive.unpack(input())
    const first = await perform(local, action)
    expect(read(dir, 'home', odd)).toBe('b')
    expect((await perform(local, action)).changed).toBe(false)
    await first.undo()
    expect(() => statSync(join(dir, 'home'))).toThrow()
  })

  test('is not unpacked over what somebody else made', async () => {
    tree(join(dir, 'home'), { mine: '1' })
    await expect(perform(local, archive.unpack(input()))).rejects.toThrow(/this run did not make it/)
    expect(read(dir, 'home/mine')).toBe('1')
  })

  test('is taken away with what later tasks made of it, even if taking it away was broken off', async () => {
    const given = input()
    const made = await perform(local, archive.unpack(given))
    tree(given.to, { 'a.txt': 'configured', 'logs/new': '1' })
    const left = `${besideOf(local.on, given.to)}.old`
    tree(left, { 'half/way': '1' })
    await made.undo()
    await made.undo()
    expect(readdirSync(dir).toSorted()).toEqual(['here', 'p.work', 'p.zip'])
    expect(readdirSync(join(dir, 'here/work/unpacked'))).toEqual([])
  })

  test('is not taken away where somebody else put another tree in its place', async () => {
    const given = input()
    const made = await perform(local, archive.unpack(given))
    renameSync(given.to, `${given.to}.was`)
    tree(given.to, { mine: '1', '.upgrade-fleet': read(`${given.to}.was/.upgrade-fleet`) })
    await made.undo()
    expect(read(`${given.to}.aside-run-1/mine`)).toBe('1')
    expect(() => statSync(given.to)).toThrow()
  })

  test('of another run is not taken for its own', async () => {
    await perform(local, archive.unpack(input()))
    const other = { ...local, on: { ...local.on, run: 'run-2' } }
    await expect(perform(other, archive.unpack(input()))).rejects.toThrow(/this run did not make it/)
  })

  test('with another digest, another folder, or links in it is refused before anything is written', async () => {
    const good = input()
    await expect(perform(local, archive.unpack({ ...good, sha256: '0'.repeat(64) }))).rejects.toThrow(
      /another SHA-256/,
    )
    await expect(perform(local, archive.unpack({ ...good, top: 'other' }))).rejects.toThrow(
      /outside of its one directory/,
    )
    const work = tree(join(dir, 'l.work'), { 'top/a': '' })
    symlinkSync('/etc/passwd', join(work, 'top/link'))
    const links = zip('l', {}, '--symlinks')
    await expect(perform(local, archive.unpack({ ...good, ...links }))).rejects.toThrow(/a link or a device/)
    expect(() => statSync(join(dir, 'home'))).toThrow()
  })
})

describe("a home's backup", () => {
  const home = () =>
    tree(join(dir, 'wso2am-1.9.1'), {
      'bin/a.sh': 'a',
      [odd]: 'b',
      'repository/logs/x.log': 'l',
      'solr/d/i': 's',
    })

  test('is read back, and tells what changed but not what a server writes while it runs', async () => {
    const made = await perform(local, backup.tree({ path: home(), to: join(dir, 'b'), name: 'home' }))
    const same = homeIntact({ home: home(), file: made.out.file, volatile })
    tree(home(), { 'repository/logs/x.log': 'more', 'repository/logs/new.log': '', 'wso2carbon.pid': '1' })
    expect((await perform(local, same)).out).toEqual({ home: home() })
    tree(home(), { [odd]: 'changed' })
    await expect(perform(local, same)).rejects.toThrow(/not what was backed up/)
  })

  test('that is not there to be compared, or has no list, is never taken for the same', async () => {
    const { out } = await perform(local, backup.tree({ path: home(), to: join(dir, 'b'), name: 'home' }))
    const gate = (path: string) => perform(local, homeIntact({ home: path, file: out.file, volatile }))
    await expect(gate(join(dir, 'nowhere'))).rejects.toThrow(/cannot be compared/)
    const list = `${out.file}.list`
    const whole = readFileSync(list)
    for (const wrong of [undefined, whole.subarray(0, 80), Buffer.alloc(0)]) {
      rmSync(list)
      if (wrong !== undefined) writeFileSync(list, wrong)
      await expect(gate(home())).rejects.toThrow(/cannot be compared/)
      writeFileSync(list, whole)
    }
    await gate(home())
  })

  test('counts every entry, also those whose names end a line', async () => {
    const base = tree(home(), { 'new\nline': '1' })
    const { out } = await perform(local, backup.tree({ path: base, to: join(dir, 'b'), name: 'home' }))
    expect(out.entries).toBe(Number(execFileSync('sh', ['-c', `find . -printf x | wc -c`], { cwd: base })))
  })
})

describe('trees', () => {
  const server = 'repository/deployment/server'
  const synapse = `${server}/synapse-configs/default`
  const old = () =>
    tree(join(dir, 'old'), {
      [`${synapse}/api/admin--X_v1.xml`]: 'old',
      [`${synapse}/api/.svn/entries`]: 'svn',
      [`${synapse}/sequences/main.xml`]: 'old',
      [`${synapse}/sequences/custom.xml`]: 'old',
      'repository/tenants/1/synapse-configs/default/sequences/main.xml': 'old',
      'repository/resources/security/wso2carbon.jks': 'keys',
    })
  const pack = () =>
    tree(join(dir, 'new'), {
      [`${synapse}/sequences/main.xml`]: 'new',
      [`${synapse}/sequences/dispatchSeq.xml`]: 'new',
    })

  test('come over the pack, which wins where it must and loses nothing', async () => {
    chmodSync(pack(), 0o751)
    const made = await perform(local, bundle({ home: old(), file: join(dir, 't.tar') }))
    const rules = overlayRules['2.6.0'] ?? { keep: [], refresh: [] }
    await perform(local, overlay({ home: pack(), file: made.out.path, rules }))
    const at = (path: string) => read(dir, 'new', path)
    expect([at(`${synapse}/api/admin--X_v1.xml`), at(`${synapse}/sequences/custom.xml`)]).toEqual([
      'old',
      'old',
    ])
    expect([at(`${synapse}/sequences/main.xml`), at(`${synapse}/sequences/dispatchSeq.xml`)]).toEqual([
      'new',
      'new',
    ])
    expect(at('repository/tenants/1/synapse-configs/default/sequences/main.xml')).toBe('new')
    expect(at('repository/resources/security/wso2carbon.jks')).toBe('keys')
    expect((statSync(join(dir, 'new')).mode & 0o777).toString(8)).toBe('751')
    expect((await perform(local, svn.none({ trees: [join(dir, 'new')] }))).out).toEqual({ trees: 1 })
    expect(() => statSync(join(dir, 'old/.upgrade-fleet-sums'))).toThrow()
  })

  test('of one kind alone come from where they are, the tenants too, and cover those of the gateway', async () => {
    const stores = tree(join(dir, 'km'), {
      [`${server}/userstores/corp.xml`]: 'km',
      [`${synapse}/api/admin--X_v1.xml`]: 'not this one',
      'repository/tenants/1/userstores/acme.xml': 'km',
      'repository/tenants/1/synapse-configs/default/sequences/main.xml': 'nor this one',
      'repository/resources/security/wso2carbon.jks': 'nor these',
    })
    const whole = await perform(local, bundle({ home: old(), file: join(dir, 't.tar') }))
    const part = await perform(
      local,
      bundle({ home: stores, file: join(dir, 'k.tar'), only: ['userstores'] }),
    )
    const given = { home: pack(), file: whole.out.path, more: [part.out.path] }
    await perform(local, overlay({ ...given, rules: { keep: [], refresh: [] } }))
    const at = (path: string) => read(dir, 'new', path)
    expect(at(`${server}/userstores/corp.xml`)).toBe('km')
    expect(at('repository/tenants/1/userstores/acme.xml')).toBe('km')
    expect(at(`${synapse}/api/admin--X_v1.xml`)).toBe('old')
    expect(at('repository/tenants/1/synapse-configs/default/sequences/main.xml')).toBe('old')
    expect(at('repository/resources/security/wso2carbon.jks')).toBe('keys')
  })

  test('are not proved by a list that is missing or empty', async () => {
    const home = tree(join(dir, 'bare'), { 'a.xml': '1' })
    await expect(perform(local, carried({ home }))).rejects.toThrow(/bare on here has/)
    tree(home, { '.upgrade-fleet-sums': '' })
    await expect(perform(local, carried({ home }))).rejects.toThrow(/bare on here has/)
  })

  test('on a landing home are those of the migration, or the gate does not hold', async () => {
    const made = await perform(local, bundle({ home: old(), file: join(dir, 't.tar') }))
    await perform(local, overlay({ home: pack(), file: made.out.path, rules: { keep: [], refresh: [] } }))
    const home = join(dir, 'new')
    expect((await perform(local, carried({ home }))).out).toEqual({ files: 4 })
    tree(home, { [`${synapse}/sequences/custom.xml`]: 'older' })
    await expect(perform(local, carried({ home }))).rejects.toThrow(/custom\.xml: FAILED/)
  })

  test('lose .svn at every level, and the gate finds one that is left', async () => {
    const trees = [join(old(), 'repository'), join(dir, 'none')]
    await expect(perform(local, svn.none({ trees }))).rejects.toThrow(/api\/\.svn/)
    expect((await perform(local, svn.purge({ trees }))).out).toEqual({ purged: 1 })
    expect((await perform(local, svn.none({ trees }))).out).toEqual({ trees: 2 })
    expect((await perform(local, svn.purge({ trees }))).changed).toBe(false)
  })
})

describe('a file', () => {
  test('gets its text with its secret, once; undone, it is what it was', async () => {
    const path = join(tree(join(dir, 'f'), { [odd]: 'before' }), odd)
    const action = file.render({ path, text: ['x=', secret('env:P'), '\n'] })
    const made = await perform(local, action)
    expect(read(path)).toBe(`x=p'"&<é\n`)
    expect((await perform(local, action)).changed).toBe(false)
    await made.undo()
    expect(read(path)).toBe('before')
  })

  test('that was not there goes when it is undone', async () => {
    const path = join(dir, 'new.txt')
    const made = await perform(local, file.render({ path, text: 'a' }))
    await made.undo()
    expect(() => statSync(path)).toThrow()
  })

  test('or tree that is removed or set aside comes back', async () => {
    const path = tree(join(dir, 'd'), { 'x/y': '1' })
    for (const action of [file.absent({ path }), file.setAside({ path })]) {
      const made = await perform<unknown>(local, action)
      expect(() => statSync(path)).toThrow()
      await made.undo()
      expect(read(path, 'x/y')).toBe('1')
    }
  })

  test('of another machine comes through the controller, which keeps nothing; undone, it goes', async () => {
    tree(dir, { 'from.tar': 'x'.repeat(300_000) })
    const path = join(dir, 'from.tar')
    const action = carry({ from: 'gw', path, sha256: sum(path), to: join(dir, 'to/it.tar') })
    const made = await perform(local, action)
    expect(sum(made.out.path)).toBe(sum(path))
    expect((await perform(local, action)).changed).toBe(false)
    expect(local.progress.at(-1)).toEqual([300_000, 300_000, 'bytes'])
    await made.undo()
    expect(() => statSync(join(dir, 'to'))).toThrow()
    writeFileSync(path, 'changed')
    await expect(perform(local, action)).rejects.toThrow(/SHA-256/)
    rmSync(path)
    await expect(perform(local, action)).rejects.toThrow(/is not on gw any more/)
    expect(() => statSync(join(dir, 'to/it.tar'))).toThrow()
  })

  test('of the operator travels once', async () => {
    tree(dir, { 'pack.zip': 'zip' })
    const pack = { name: 'p', file: join(dir, 'pack.zip'), sha256: sum(join(dir, 'pack.zip')) }
    const action = artifact.stage({ base: join(dir, 'base'), artifact: pack })
    const made = await perform(local, action)
    expect(read(made.out.path)).toBe('zip')
    expect((await perform(local, action)).changed).toBe(false)
    writeFileSync(made.out.path, 'spoilt')
    expect((await perform(local, action)).changed).toBe(true)
    await made.undo()
    expect(() => statSync(join(dir, 'base/artifacts'))).toThrow()
    // Another place on the same machine: nothing of what lies here now is read.
    writeFileSync(join(dir, 'pack.zip'), 'piz')
    const there = await perform(local, artifact.stage({ base: join(dir, 'other'), artifact: pack }))
    expect(read(there.out.path)).toBe('zip')
    expect(local.progress.at(-1)).toEqual([3, 3, 'bytes'])
  })
})

test('a process is found by its own whole arguments, and ended only if it is the same', async () => {
  const mark = `-Dcarbon.home=/opt/x${process.pid}`
  const script = join(tree(dir, { 'server.sh': '#!/bin/sh\nsleep 30\n:\n' }), 'server.sh')
  chmodSync(script, 0o755)
  const { spawn } = await import('node:child_process')
  const child = spawn(script, [mark, 'Bootstrap'], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const found = await withArguments(local.on, [mark, 'Bootstrap'])
  expect(found.map(({ pid }) => pid)).toEqual([child.pid])
  expect(await withArguments(local.on, [`${mark}y`])).toEqual([])
  const [one] = found
  if (one === undefined) return
  await signal(local.on, { ...one, started: '1' }, 'KILL')
  expect(await withArguments(local.on, [mark])).toHaveLength(1)
  await signal(local.on, one, 'KILL')
  await ended
})

describe('what a change of a file would make different', () => {
  const diffOf = async (action: ReturnType<typeof file.render | typeof file.absent>) =>
    action.work.kind === 'change' ? action.work.diff?.(local.on, action.input) : undefined

  test('is told by reading alone, secrets as stars, what is no text or too much of it by its size', async () => {
    const path = join(dir, 'conf')
    tree(dir, { conf: 'a\nb\n' })
    chmodSync(path, 0o644)
    const render = file.render({ path, text: ['a\nc=', secret('env:P'), '\n'] })
    expect(await diffOf(render)).toEqual([{ path, before: 'a\nb\n', after: 'a\nc=***\n' }])
    expect(read(path)).toBe('a\nb\n')
    writeFileSync(path, Buffer.alloc(5))
    expect((await diffOf(render))?.[0]).toMatchObject({ before: '5 bytes that are no text\n' })
    writeFileSync(path, 'x'.repeat(300_000))
    expect((await diffOf(render))?.[0]).toMatchObject({ before: '300000 bytes, more than are shown\n' })
    expect(await diffOf(file.absent({ path }))).toEqual([{ path, before: 'regular file\n', after: '' }])
    rmSync(path)
    expect(await diffOf(render)).toMatchObject([{ before: 'none\n' }, { before: '' }])
    expect(readdirSync(dir)).toEqual(['here'])
  })
})
