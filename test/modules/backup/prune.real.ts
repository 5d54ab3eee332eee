import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import * as backup from '../../../src/modules/backup/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { seen } from '../contract.ts'

const dir = mkdtempSync(join(fastDirectory(), "prune it's-"))
const to = join(dir, 'backups')
const path = join(dir, 'home')
let local: LocalOn

beforeAll(() => {
  mkdirSync(path)
  writeFileSync(join(path, 'file'), 'x')
})
beforeEach(async () => {
  local = await localOn(join(dir, 'here'))
})
afterEach(async () => {
  await local.close()
  rmSync(to, { recursive: true, force: true })
})
afterAll(() => rmSync(dir, { recursive: true }))

const as = (run: string): LocalOn => ({ ...local, on: { ...local.on, run } })
const run = (number: number) => `2024010${number}-000000-abc${number}`
const made = (number: number, name = 'home', base?: backup.TreeBackup) =>
  perform(as(run(number)), backup.tree({ path, to, name, base })).then(({ out }) => out)
const looked = async (input: object = {}) => {
  const { out } = await perform(local, backup.sets({ to, keep: 1, days: 0, ...input }))
  return Object.fromEntries(out.sets.map((set) => [set.run, set.stays]))
}
const there = () => readdirSync(to).sort()

test('the oldest go, the newest that are good stay, and nothing else is touched', async () => {
  for (const number of [1, 2, 3, 4]) await made(number)
  mkdirSync(join(to, 'somebody'))
  mkdirSync(join(to, '20230101-000000-aaaa'))
  writeFileSync(join(to, 'notes'), 'x')
  const before = seen(to)
  expect(await looked({ keep: 2 })).toEqual({
    [run(4)]: 'it is good, and number 1 of 2',
    [run(3)]: 'it is good, and number 2 of 2',
    [run(2)]: null,
    [run(1)]: null,
    '20230101-000000-aaaa': 'it has no artefact that is whole',
  })
  const action = backup.prune({ to, keep: 2, days: 0 })
  if (action.work.kind !== 'change') throw new Error('no change')
  const diff = await action.work.diff?.(local.on, action.input)
  expect(diff?.map((one) => one.path)).toEqual([`${to}/${run(2)}`, `${to}/${run(1)}`])
  expect(seen(to)).toBe(before)
  const done = await perform(local, action)
  expect(done.out.removed).toEqual([run(2), run(1)])
  expect(there()).toEqual(['20230101-000000-aaaa', run(3), run(4), 'notes', 'somebody'])
  expect((await perform(local, action)).changed).toBe(false)
  await done.undo()
  expect(local.said.at(-1)).toMatch(/stays removed/)
})

test('the last good set stays, however old, and with none of them all do', async () => {
  const [old, newer] = [await made(1), await made(2)]
  const whole = readFileSync(newer.file)
  writeFileSync(newer.file, whole.subarray(1))
  expect(await looked()).toEqual({
    [run(2)]: expect.stringMatching(/it is not whole: .*home\.tar\.gz on here is not what was recorded/),
    [run(1)]: 'it is good, and number 1 of 1',
  })
  writeFileSync(old.file, '')
  await made(3)
  writeFileSync(join(to, run(3), 'home.tar.gz.list'), '')
  expect(Object.values(await looked())).not.toContain(null)
  expect((await perform(local, backup.prune({ to, keep: 1, days: 0 }))).changed).toBe(false)
})

test('what a manifest names, what is younger, what is said to be needed, and bases of what stays, all stay', async () => {
  const base = await made(1)
  for (const number of [2, 3, 4, 5]) await made(number)
  await made(6, 'upon', base)
  writeFileSync(join(to, 'manifest.json'), JSON.stringify({ run: run(3) }))
  expect(await looked({ needed: [run(4)] })).toEqual({
    [run(6)]: 'it is good, and number 1 of 1',
    [run(5)]: null,
    [run(4)]: 'its run is said to need it',
    [run(3)]: 'a manifest names it',
    [run(2)]: null,
    [run(1)]: `the set of ${run(6)} needs it`,
  })
  const years = 100 * 365
  expect(Object.values(await looked({ days: years }))).not.toContain(null)
  const mine = backup.sets({ to, keep: 1, days: 0 })
  const { out } = await perform(as(run(2)), mine)
  expect(out.sets.find((set) => set.run === run(2))?.stays).toBe('it is of this run')
})

test('what this controller may still resume or roll back stays', async () => {
  for (const number of [1, 2, 3]) await made(number)
  const asked: string[][] = []
  const needed = async (runs: readonly string[]) => {
    asked.push([...runs])
    return [run(1)]
  }
  const mine = { ...local, on: { ...local.on, needed } }
  const { out } = await perform(mine, backup.prune({ to, keep: 1, days: 0 }))
  expect(out.removed).toEqual([run(2)])
  expect(there()).toEqual([run(1), run(3)])
  expect(asked[0]).toEqual([run(3), run(2), run(1)])
})

test('what was cut off in the middle of a removal is no set, and goes with the next', async () => {
  await made(1)
  await made(2)
  cpSync(join(to, run(1)), join(to, `.upgrade-fleet-pruned-${run(9)}`), { recursive: true })
  await perform(local, backup.prune({ to, keep: 1, days: 0 }))
  expect(there()).toEqual([run(2)])
  await expect(perform(local, backup.prune({ to, keep: 0 }))).rejects.toThrow(/at least 1 set/)
})
