import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Action, On } from '../../src/model/action.ts'
import { secret } from '../../src/model/secret.ts'
import * as file from '../../src/modules/file.ts'
import type { Repository } from '../../src/modules/svn/index.ts'
import * as svn from '../../src/modules/svn/index.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

// As root, in a directory that another user may write into: before and after each program that a script of ours starts, that
// user puts a link in place of whatever name of ours the program is about to use or has just used.
const root = mkdtempSync(join(fastDirectory(), 'planted-links-'))
chmodSync(root, 0o711)
let dir: string
let local: LocalOn
let number = 0
beforeEach(async () => {
  dir = join(root, `${++number}`)
  local = await localOn(join(dir, 'here'))
  mkdirSync(join(dir, 'theirs'))
  chownSync(join(dir, 'theirs'), 65534, 65534)
  return () => local.close()
})
afterAll(() => rmSync(root, { recursive: true }))
const at = (name: string) => join(dir, name)
let jobs = 0

const programs = 'rm cp mv mkdir chmod chown touch stat sync ln tar find gzip svn svnadmin svnlook'.split(' ')

/** A user who plants links to a victim in place of our names, and what was planted. */
function attacker(victim: string) {
  const bin = at('bin')
  const log = at('planted')
  mkdirSync(bin)
  writeFileSync(log, '')
  chmodSync(log, 0o666)
  writeFileSync(
    join(bin, 'plant'),
    `#!/bin/sh
PATH=/usr/bin:/bin; case $1 in *.upgrade-fleet-*|*aside*|*/new|*/new@|*/theirs) ;; *) exit ;; esac
exec setpriv --reuid=65534 --regid=65534 --clear-groups -- sh -c '[ -L "$1" ] && exit
mv -T -- "$1" "$1.stolen" 2>/dev/null; ln -sT -- "$2" "$1" 2>/dev/null && echo "$1" >>"$3"' sh "$1" ${victim} ${log}
`,
  )
  for (const name of programs)
    writeFileSync(
      join(bin, name),
      `#!/bin/sh\nfor t; do :; done\n${bin}/plant "$t"; /bin/${name} "$@"; r=$?; ${bin}/plant "$t"; exit $r\n`,
    )
  for (const name of readdirSync(bin)) chmodSync(join(bin, name), 0o755)
  const path = `${bin}:${process.env['PATH']}`
  const on: On = {
    ...local.on,
    exec: (command, options) => local.on.exec(command, { ...options, env: { ...options?.env, PATH: path } }),
    must: async (command, options) =>
      local.on.must(command, { ...options, env: { ...options?.env, PATH: path } }),
    job: async (name, command, options) =>
      local.on.job(`${name}-${++jobs}`, command, { ...options, env: { ...options?.env, PATH: path } }),
    put: async (source, to, options) => {
      const stored = await local.on.put(source, to, options)
      spawnSync(join(bin, 'plant'), [to])
      return stored
    },
  }
  return { on, planted: () => readFileSync(log, 'utf8').split('\n').length - 1 }
}

const tree = (path: string) => {
  mkdirSync(path)
  writeFileSync(join(path, 'f'), 'before', { mode: 0o640 })
}
const plain = (path: string) => writeFileSync(path, 'before', { mode: 0o640 })

const none = () => {}
/** A directory to send, with a link's name in it that the victim has too. */
const sent = () => {
  const src = at('sent')
  mkdirSync(src, { recursive: true })
  writeFileSync(join(src, 'g'), 'after')
  return src
}
const repository = (): Repository => {
  const path = at('repository')
  execFileSync('svnadmin', ['create', path])
  const url = `file://${path}`
  execFileSync('svn', ['import', '-q', '-m', 'x', sent(), `${url}/trunk`, '--config-dir', '/dev/null/none'])
  return { url, user: 'x', password: secret('env:SVN') }
}
const dumped = async (path: string) => {
  const input = { repository: repository(), to: at('backups'), name: 'svn', path: at('repository') }
  return svn.load({ dump: (await perform(local, svn.dump(input))).out, to: path })
}

type Case = readonly [string, (path: string) => void, (path: string) => Action | Promise<Action>]
const cases: readonly Case[] = [
  ['a text', plain, (path) => file.copy({ dest: path, content: 'after', mode: '0666', owner: 'nobody' })],
  [
    'a file of the machine',
    plain,
    (path) => file.copy({ dest: path, src: '/etc/hostname', remoteSrc: true, mode: '0666' }),
  ],
  ['a line', plain, (path) => file.lineInFile({ path, line: 'after', mode: '0666' })],
  ['a link', plain, (path) => file.link({ path, src: 'after', force: true })],
  ['a removed file', plain, (path) => file.absent({ path })],
  ['a removed tree', tree, (path) => file.absent({ path })],
  ['a tree that is sent', tree, (path) => file.synchronize({ src: sent(), dest: path })],
  ['a mirrored tree', tree, (path) => file.synchronize({ src: sent(), dest: path, delete: true })],
  ['a checkout', none, (path) => svn.checkout({ repository: repository(), to: path })],
  ['an export', none, (path) => svn.exported({ repository: repository(), to: path })],
  ['a loaded repository', none, dumped],
]

describe.each(cases)('%s, where another user plants links', (_name, prepare, make) => {
  test.each(['file', 'directory', 'empty directory'])('is never a way to a %s elsewhere', async (kind) => {
    const victim = at('victim')
    if (kind === 'file') writeFileSync(victim, 'precious', { mode: 0o600 })
    else mkdirSync(victim, { mode: 0o700 })
    if (kind === 'directory') writeFileSync(join(victim, 'f'), 'precious')
    // Whoever was led into an empty directory of ours would write beside it.
    writeFileSync(at('x'), 'precious')
    const seen = () => {
      const { mode, uid, gid } = statSync(victim)
      const names = kind === 'file' ? readFileSync(victim, 'utf8') : readdirSync(victim, { recursive: true })
      return [mode, uid, gid, names, readFileSync(at('x'), 'utf8')]
    }
    const before = seen()
    const path = at('theirs/x')
    prepare(path)
    const { work, input } = await make(path)
    if (work.kind !== 'change' || typeof work.undo !== 'function') throw new Error('it is a change')
    const { on, planted } = attacker(victim)
    const memory = (await work.remember?.(local.on, input)) ?? null
    const attacked = async (doing: () => Promise<unknown>) => {
      await doing().catch(() => undefined)
      expect(seen()).toEqual(before)
    }
    await attacked(() => work.apply(on, input, memory))
    // Whether or not it was done: what stands there now is somebody else's.
    rmSync(path, { recursive: true, force: true })
    writeFileSync(path, 'of others')
    const { undo } = work
    await attacked(() => undo(on, input, memory))
    expect(planted()).toBeGreaterThan(0)
    for (const name of readdirSync(at('theirs')))
      if (name !== 'x') rmSync(join(at('theirs'), name), { recursive: true, force: true })
    await undo(local.on, input, memory)
    if (prepare === none) return expect(existsSync(path)).toBe(false)
    expect(readFileSync(existsSync(join(path, 'f')) ? join(path, 'f') : path, 'utf8')).toBe('before')
  })
})
