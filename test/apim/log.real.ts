import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { logLines, markLastStart, markLog } from '../../src/apim/server.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn } from '../support/local-on.ts'

const dir = mkdtempSync(join(fastDirectory(), 'log-'))
const home = join(dir, 'home')
const logs = join(home, 'repository/logs')
const log = join(logs, 'wso2carbon.log')
let local: LocalOn

beforeAll(async () => {
  local = await localOn(join(dir, 'here'))
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})
beforeEach(() => {
  rmSync(home, { recursive: true, force: true })
  mkdirSync(logs, { recursive: true })
  writeFileSync(log, 'ERROR of yesterday\nWSO2 Carbon started in 9 sec\n')
})
const lines = (
  ...given: Parameters<typeof logLines> extends [unknown, unknown, ...infer Rest] ? Rest : never
) => logLines(local.on, home, ...given)

test('only what a start added is its part: what was there before proves nothing and blames nobody', async () => {
  const mark = await markLog(local.on, home)
  expect(await lines(mark, ['ERROR', 'started in'])).toEqual([])
  appendFileSync(log, 'INFO x\nERROR of this start\nERROR known\n')
  expect(await lines(mark, ['ERROR', 'started in'])).toEqual(['ERROR of this start', 'ERROR known'])
  expect(await lines(mark, ['ERROR'], 400, ['known'])).toEqual(['ERROR of this start'])
})

test('a log that is rotated during the start is read on in the old file and in the new one', async () => {
  const mark = await markLog(local.on, home)
  appendFileSync(log, 'ERROR before midnight\n')
  renameSync(log, join(logs, 'wso2carbon.log.2026-11-22'))
  writeFileSync(log, 'WSO2 Carbon started in 5 sec\n')
  expect(await lines(mark, ['ERROR', 'started in'])).toEqual([
    'ERROR before midnight',
    'WSO2 Carbon started in 5 sec',
  ])
})

test('a log that is made by the start is all its part; one that is not there has no lines', async () => {
  rmSync(log)
  const mark = await markLog(local.on, home)
  expect(mark).toEqual({ inode: 0, offset: 0 })
  expect(await lines(mark, ['ERROR'])).toEqual([])
  writeFileSync(log, 'ERROR first\n')
  expect(await lines(mark, ['ERROR'])).toEqual(['ERROR first'])
})

test('of a server that runs already, the newest start is its part', async () => {
  appendFileSync(log, 'x Starting WSO2 Carbon...\nERROR a\ny Starting WSO2 Carbon...\nERROR b\n')
  expect(await lines(await markLastStart(local.on, home), ['ERROR'])).toEqual(['ERROR b'])
})
