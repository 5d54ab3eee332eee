import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { secret } from '../../../src/model/secret.ts'
import * as svn from '../../../src/modules/svn/index.ts'
import { markSearch } from '../../support/canary.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { type Svnserve, startSvnserve } from '../../support/svnserve.ts'
import { until } from '../../support/until.ts'
import { seen } from '../contract.ts'

const dir = mkdtempSync(join(fastDirectory(), 'svn trees-'))
const core = 'CanaryCanaryCanary'
const password = ` p'"$(x) &${core}é `.trim()
const odd = `-x é "it's" @2 %41`
let server: Svnserve
let local: LocalOn

const repository = (name: string, more: Partial<svn.Repository> = {}): svn.Repository => ({
  url: server.url(name),
  user: 'wso2',
  password: secret('env:SVN'),
  ...more,
})
const quiet = ['--non-interactive', '--config-dir', '/dev/null/none']
const run = (...words: readonly string[]) =>
  execFileSync('svn', [...words, ...quiet], { stdio: 'pipe', encoding: 'utf8' })
const onDisk = (name: string) => `file://${encodeURI(join(dir, name))}`

/** A tree with all that a repository can hold, under the name of the repository that it is committed to. */
const tree = (name: string): string => {
  const at = join(dir, `${name} files`)
  mkdirSync(join(at, 'deep/-er'), { recursive: true })
  mkdirSync(join(at, 'empty'))
  mkdirSync(join(at, '.svn'))
  writeFileSync(join(at, '.svn/entries'), '10\n')
  writeFileSync(join(at, odd), 'odd\n')
  writeFileSync(join(at, 'lib.so'), 'ignored unless told\n')
  writeFileSync(join(at, 'deep/-er/tool'), '#!/bin/sh\n', { mode: 0o755 })
  symlinkSync('-er/tool', join(at, 'deep/link'))
  return at
}
const filled = async (name: string) => {
  server.create(name)
  const at = tree(name)
  const input = { repository: repository(name), tree: at, message: '-m é' }
  return { at, input, committed: await perform(local, svn.commit(input)) }
}
const compare = async (name: string, at: string) =>
  (await perform(local, svn.compare({ repository: repository(name), tree: at }))).out.differences

beforeAll(async () => {
  server = await startSvnserve(dir, '127.120.0.1', 'wso2', password)
  local = await localOn(join(dir, 'here'), () => password)
})
afterAll(async () => {
  await local.close()
  await server.stop()
  rmSync(dir, { recursive: true })
})

test('a tree is committed as it is, whatever its names, and is only read', async () => {
  server.create('commit')
  const at = tree('commit')
  const before = seen(at)
  const input = { repository: repository('commit'), tree: at, message: 'first' }
  expect(await compare('commit', at)).toContain(`+ file ${odd}`)
  await perform(local, svn.commit(input))
  expect(await compare('commit', at)).toEqual([])
  expect((await perform(local, svn.commit(input))).changed).toBe(false)
  expect(seen(at)).toBe(before)
  const { out } = await perform(local, svn.ls({ repository: repository('commit'), recursive: true }))
  expect(out.entries.map(({ path, kind, size }) => `${kind} ${path} ${size}`)).toEqual([
    `file ${odd} 4`,
    'dir deep null',
    'dir deep/-er null',
    'file deep/-er/tool 10',
    'file deep/link 13',
    'dir empty null',
    'file lib.so 20',
  ])
})

test('what went, came, turned into something else or became executable is committed, and taken back by one commit', async () => {
  const { at, input } = await filled('change')
  rmSync(join(at, 'lib.so'))
  rmSync(join(at, 'deep'), { recursive: true })
  writeFileSync(join(at, 'deep'), 'a file now')
  rmSync(join(at, 'empty'), { recursive: true })
  symlinkSync('deep', join(at, 'empty'))
  chmodSync(join(at, odd), 0o755)
  writeFileSync(join(at, 'new@1'), '')
  expect(await compare('change', at)).toContain(`+ executable ${odd}`)
  const { undo } = await perform(local, svn.commit({ ...input, message: 'second' }))
  expect(await compare('change', at)).toEqual([])
  await undo()
  await undo()
  rmSync(at, { recursive: true })
  tree('change')
  expect(await compare('change', at)).toEqual([])
  expect((await perform(local, svn.info({ repository: repository('change') }))).out.revision).toBe(3)
})

test('a commit on top of which somebody changed the same is not taken back', async () => {
  const { at, input } = await filled('conflict')
  writeFileSync(join(at, odd), 'second\n')
  const { undo } = await perform(local, svn.commit({ ...input, message: 'second' }))
  writeFileSync(join(at, 'theirs'), 'third\n')
  run('rm', '-m', 'theirs', `${onDisk('conflict')}/${encodeURIComponent(odd)}@`)
  await expect(undo()).rejects.toThrow(/somebody changed the same since/)
  expect((await perform(local, svn.info({ repository: repository('conflict') }))).out.revision).toBe(3)
})

test('a tree equals a revision, or the difference is told', async () => {
  const { at } = await filled('equal')
  const holding = { repository: repository('equal'), tree: at }
  expect((await perform(local, svn.equal(holding))).out).toEqual({ revision: 1 })
  writeFileSync(join(at, odd), 'ODD\n')
  rmSync(join(at, 'empty'), { recursive: true })
  expect(await compare('equal', at)).toEqual(
    expect.arrayContaining([`- file ${odd}`, `+ file ${odd}`, '- directory empty']),
  )
  expect(await compare('equal', at)).toHaveLength(3)
  await expect(perform(local, svn.equal(holding))).rejects.toThrow(/differs from.*@1\n/)
  await expect(perform(local, svn.compare({ ...holding, tree: '/none' }))).rejects.toThrow(/no directory/)
  const part = { ...holding, path: `deep`, tree: join(at, 'deep') }
  expect((await perform(local, svn.equal(part))).out).toEqual({ revision: 1 })
})

test.each([
  ['checkout', svn.checkout, true],
  ['export', svn.exported, false],
] as const)(
  '%s is done once, found again, refused over something else, and taken back',
  async (how, module, versioned) => {
    await filled(how)
    const to = join(dir, `${how} to ${odd}`)
    const input = { repository: repository(how), to }
    const done = await perform(local, module(input))
    expect(done.out).toEqual({ to, revision: 1 })
    expect(existsSync(join(to, '.svn'))).toBe(versioned)
    expect(await compare(how, to)).toEqual([])
    const before = seen(to)
    expect(await perform(local, module(input))).toMatchObject({ changed: false, out: { to, revision: 1 } })
    expect(seen(to)).toBe(before)
    await done.undo()
    await done.undo()
    expect(
      readdirSync(dir).filter((name) => name.includes(`${how} to`) || name.startsWith('.upgrade')),
    ).toEqual([])
    mkdirSync(to)
    writeFileSync(join(to, 'theirs'), '')
    await expect(perform(local, module(input))).rejects.toThrow(/is there already/)
    rmSync(to, { recursive: true })
    const again = await perform(local, module(input))
    writeFileSync(join(to, odd), 'theirs')
    await expect(perform(local, module(input))).rejects.toThrow(/is there already/)
    await again.undo()
    expect(readFileSync(join(`${to}.aside-run-1`, odd), 'utf8')).toBe('theirs')
  },
)

test('externals are followed only where it is said', async () => {
  const { at } = await filled('external')
  const outside = join(dir, 'outside')
  run('checkout', '-q', onDisk('external'), outside)
  run('propset', '-q', 'svn:externals', '^/empty brought', outside)
  run('commit', '-q', '-m', 'x', outside)
  const [without, with_] = [join(dir, 'without'), join(dir, 'with')]
  const input = { repository: repository('external') }
  await perform(local, svn.checkout({ ...input, to: without }))
  expect(existsSync(join(without, 'brought'))).toBe(false)
  await perform(local, svn.checkout({ ...input, to: with_, externals: true }))
  expect(existsSync(join(with_, 'brought'))).toBe(true)
  expect(await compare('external', at)).toEqual([])
})

test('no password is in any argv or environment while all of it is done, and nothing stays behind', async () => {
  const left = () =>
    ['/tmp', '/dev/shm']
      .flatMap((at) => readdirSync(at))
      .filter((name) => name.startsWith('upgrade-fleet-svn.'))
  const before = left()
  const search = markSearch({ SVN: { kind: 'password', core, value: password } as never })
  const work = async () => {
    await filled('watched')
    const input = { repository: repository('watched') }
    await perform(local, svn.checkout({ ...input, to: join(dir, 'watched to') }))
    const dumped = await perform(local, svn.dump({ ...input, to: join(dir, 'b'), name: 'watched' }))
    await perform(local, svn.rehearse({ dump: dumped.out }))
  }
  const over = work()
  const [shown] = await Promise.all([search.watched(over), over])
  expect([...shown]).toEqual([])
  // Other files of tests make and remove theirs meanwhile; what was left would stay.
  const after = left().filter((name) => !before.includes(name))
  await until(() => !left().some((name) => after.includes(name)), 'nothing stays behind')
  expect(search.holding([join(dir, 'here')])).toEqual([])
})

test('a client older than 1.10 finds the password in a file that goes again, and needs the realm', async () => {
  await filled('old')
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  // A stand-in: today's client that says that it is older, and refuses what older ones do not know.
  writeFileSync(
    join(bin, 'svn'),
    '#!/bin/sh\ncase "$*" in *--version*) echo 1.8.10; exit ;; *password-from-stdin*) echo "invalid option" >&2; exit 1 ;; esac\nexec /usr/bin/svn "$@"\n',
    { mode: 0o755 },
  )
  const exec: typeof local.on.exec = (command, options = {}) =>
    local.on.exec(command, { ...options, env: { PATH: `${bin}:/usr/bin:/bin` } })
  const older = { ...local, on: { ...local.on, exec } }
  await expect(perform(older, svn.info({ repository: repository('old') }))).rejects.toThrow(
    /older than 1\.10.*realm/,
  )
  const realm = `<svn://127.120.0.1:${server.port}> a realm`
  const search = markSearch({ SVN: { kind: 'password', core, value: password } as never })
  const over = perform(older, svn.info({ repository: repository('old', { realm }) }))
  const [shown, { out }] = await Promise.all([search.watched(over), over])
  expect(out.revision).toBe(1)
  expect([...shown]).toEqual([])
})
