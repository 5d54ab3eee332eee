import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as backup from '../../../src/modules/backup/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { seen } from '../contract.ts'
import { corpus, cutsOf, damages } from './damage.ts'

const dir = mkdtempSync(join(fastDirectory(), "copy it's-"))
const to = join(dir, 'backups')
const path = join(dir, 'home')
const key = join(dir, 'key')
let recipient: string
let local: LocalOn
let base: backup.TreeBackup
let upon: backup.TreeBackup

beforeAll(async () => {
  local = await localOn(join(dir, 'here'))
  mkdirSync(path)
  writeFileSync(join(path, 'file'), 'a secret of the keystore')
  execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' })
  recipient = execFileSync('age-keygen', ['-y', key], { encoding: 'utf8' }).trim()
  base = (await perform(local, backup.tree({ path, to, name: 'ahead', ahead: true }))).out
  writeFileSync(join(path, 'new'), Buffer.alloc(200_000, 'since'))
  upon = (await perform(local, backup.tree({ path, to, name: 'home', base }))).out
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})

const second = (name: string): string => {
  mkdirSync(join(dir, name))
  return join(dir, name)
}

test('a copy in a second place has all that it needs to be verified, rehearsed and restored there', async () => {
  const there = second('second')
  const { out } = await perform(local, backup.copy({ file: upon.file, to: there }))
  expect(readdirSync(join(there, 'run-1'))).toEqual(readdirSync(join(to, 'run-1')))
  expect(out).toMatchObject({ kind: 'tree', file: join(there, 'run-1/home.tar.gz'), sha256: upon.sha256 })
  const away = `${to} away`
  execFileSync('mv', [to, away])
  await perform(local, backup.verify({ file: out.file }))
  const copied = { ...upon, file: out.file }
  await perform(local, backup.rehearse({ artefact: copied }))
  const again = join(dir, 'again')
  await perform(local, backup.restore({ tree: copied, to: again }))
  expect(readdirSync(again)).toEqual(['file', 'new'])
  execFileSync('mv', [away, to])
  writeFileSync(base.file, readFileSync(base.file).subarray(1))
  await expect(perform(local, backup.copy({ file: upon.file, to: second('third') }))).rejects.toThrow(
    /copy \w+ on here exited 4/,
  )
  expect(readdirSync(join(dir, 'third/run-1')).filter((name) => name.endsWith('.proof'))).toEqual([])
  execFileSync('cp', [join(there, 'run-1/ahead.tar.gz'), base.file])
})

test('an encrypted copy is one file, which its key opens, and which nothing else is said to read', async () => {
  const there = second('encrypted')
  const before = seen(there)
  const copying = backup.copy({ file: upon.file, to: there, recipients: [recipient] })
  const done = await perform(local, copying)
  const file = join(there, 'run-1/home.tar.gz.age')
  expect(done.out).toMatchObject({ kind: 'age', file, entries: 6 })
  expect(readdirSync(join(there, 'run-1'))).toEqual(['home.tar.gz.age', 'home.tar.gz.age.proof'])
  expect((await perform(local, copying)).changed).toBe(false)
  const opened = second('opened')
  execFileSync('sh', ['-c', 'age -d -i "$1" "$2" | tar -xf - -C "$3"', 'sh', key, file, opened])
  expect(readdirSync(join(opened, 'run-1'))).toEqual(readdirSync(join(to, 'run-1')))
  await perform(local, backup.verify({ file: join(opened, 'run-1/home.tar.gz') }))
  await done.undo()
  await done.undo()
  expect(seen(there)).toBe(before)
})

test('an encrypted copy that was cut or flipped is refused wherever it was', async () => {
  const there = second('damaged')
  const { out } = await perform(local, backup.copy({ file: upon.file, to: there, recipients: [recipient] }))
  const seed = 20261123
  let all = 0
  for (const file of [out.file, `${out.file}.proof`]) {
    const whole = readFileSync(file)
    const header = whole.indexOf('\n--- ')
    const cuts = cutsOf(whole.length, [22, header, header + 49, header + 65], seed)
    const { tried, accepted } = await corpus(file, damages(whole, cuts, seed), () =>
      perform(local, backup.verify({ file: out.file })),
    )
    expect(accepted).toEqual([])
    all += tried
  }
  await perform(local, backup.verify({ file: out.file }))
  process.stdout.write(`age: ${all} damaged, 0 accepted\n`)
})

test('what cannot be is refused before anything is written', async () => {
  const copied = (input: Partial<Parameters<typeof backup.copy>[0]>) =>
    perform(local, backup.copy({ file: upon.file, to: join(dir, 'nowhere'), ...input }))
  await expect(copied({})).rejects.toThrow(/nowhere on here is no directory: mount it, or make it/)
  await expect(copied({ to })).rejects.toThrow(/a second place is another one/)
  await expect(copied({ recipients: [] })).rejects.toThrow(/none of age/)
  const key = 'AGE-SECRET-KEY-1QQQQQQQQQQ'
  const said = await copied({ recipients: [key] }).catch(String)
  expect(said).toMatch(/recipient 1 is none of age: expected age1/)
  expect(said).not.toContain(key)
  await expect(copied({ recipients: [recipient], from: 'other' })).rejects.toThrow(
    /encrypt it on other, where it lies/,
  )
  expect(existsSync(join(dir, 'nowhere'))).toBe(false)
  // All programs of this machine but one.
  const bin = join(dir, 'bin')
  execFileSync('sh', ['-c', 'cp -rs /usr/bin "$1" && rm -f "$1/age"', 'sh', bin])
  const before = process.env['PATH']
  process.env['PATH'] = bin
  const there = await localOn(join(dir, 'there'))
  try {
    const without = backup.copy({ file: upon.file, to: second('without'), recipients: [recipient] })
    await expect(perform(there, without)).rejects.toThrow(/age is needed to encrypt.*apt-get install age/)
    expect(readdirSync(join(dir, 'without'))).toEqual([])
  } finally {
    process.env['PATH'] = before
    await there.close()
  }
})
