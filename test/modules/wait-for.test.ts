import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Action } from '../../src/model/action.ts'
import * as waitFor from '../../src/modules/wait-for.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { until } from '../support/until.ts'

const root = mkdtempSync(join(fastDirectory(), 'wait-'))
let local: LocalOn
let path = ''
let at = 0
beforeEach(async () => {
  local = await localOn(join(root, `${++at}`))
  path = join(local.dir, `a log's.log`)
  return () => local.close()
})
afterAll(() => rmSync(root, { recursive: true }))

const now = async <Out>(action: Action<Out>) => (await perform(local, action)).out
/** Begins to wait, lets something happen when it has said why not yet, and gives what came. */
async function meanwhile<Out>(action: Action<Out>, happen: () => unknown): Promise<Out> {
  const coming = now(action)
  coming.catch(() => {})
  await until(() => local.said.length > 0, 'why not yet')
  await happen()
  return coming
}

test('a file that comes, matches, and goes; why not yet is said once for each reason', async () => {
  await meanwhile(waitFor.file({ path }), () => writeFileSync(path, 'one\n'))
  expect(local.said).toEqual([`${path}: not yet: it is not there`])
  expect(local.progress.length).toBeGreaterThan(0)
  await expect(now(waitFor.file({ path, matches: '^t(wo|en)$', timeout: 0 }))).rejects.toThrow(
    /no line matches/,
  )
  local.said.length = 0
  await meanwhile(waitFor.file({ path, matches: '^t(wo|en)$' }), () => appendFileSync(path, 'two\n'))
  local.said.length = 0
  await meanwhile(waitFor.file({ path, state: 'absent' }), () => rmSync(path))
  await expect(now(waitFor.file({ path, timeout: 0 }))).rejects.toThrow(
    /not within 0 seconds\n {2}it is not there/,
  )
  writeFileSync(path, '')
  await expect(now(waitFor.file({ path, matches: '(' }))).rejects.toThrow(/cannot be searched/)
})

describe('a line of a log, after a mark', () => {
  const wait = async (since: waitFor.Mark, timeout = 0) =>
    now(waitFor.log({ path, says: 'started', since, timeout }))

  test('counts only when it came after it', async () => {
    writeFileSync(path, 'started long ago\n')
    const since = await now(waitFor.mark({ path }))
    await expect(wait(since)).rejects.toThrow(/no line has it/)
    const line = await meanwhile(waitFor.log({ path, says: 'started', since }), () =>
      appendFileSync(path, 'is started now\n'),
    )
    expect(line).toEqual({ line: 'is started now' })
  })

  test('is found in a log that was rotated, once, twice, or cut', async () => {
    writeFileSync(path, 'started long ago\n')
    const since = await now(waitFor.mark({ path }))
    appendFileSync(path, 'started at the end\n')
    renameSync(path, `${path}.1`)
    writeFileSync(path, 'else\n')
    expect(await wait(since)).toEqual({ line: 'started at the end' })
    writeFileSync(`${path}.1`, 'started long ago\n')
    await expect(wait(since)).rejects.toThrow(/no line has it/)
    renameSync(`${path}.1`, `${path}.2`)
    writeFileSync(`${path}.1`, 'started between\n')
    expect(await wait(since)).toEqual({ line: 'started between' })
    rmSync(`${path}.1`)
    writeFileSync(path, 'else\nstarted anew\n')
    expect(await wait(since)).toEqual({ line: 'started anew' })
    const cut = await now(waitFor.mark({ path }))
    truncateSync(path)
    appendFileSync(path, 'started\n')
    expect(await wait(cut)).toEqual({ line: 'started' })
  })

  test('there was none when it was marked', async () => {
    const since = await now(waitFor.mark({ path }))
    expect(since).toEqual({ inode: 0, offset: 0 })
    await expect(wait(since)).rejects.toThrow(/there is no such log/)
    writeFileSync(path, 'started\n')
    expect(await wait(since)).toEqual({ line: 'started' })
  })

  test('one that says that it failed ends the waiting', async () => {
    writeFileSync(path, 'FATAL: out of memory\n')
    const action = waitFor.log({ path, says: 'started', fails: ['FATAL'] })
    await expect(now(action)).rejects.toThrow(/will not come\n {2}FATAL: out of memory/)
  })
})

test('a port and an answer, from nothing over a wrong one to the right one', async () => {
  let status = 503
  const server = createServer((_request, response) => response.writeHead(status).end('x'))
  await new Promise<void>((resolve) => server.listen(0, '127.119.3.1', resolve))
  const { port } = server.address() as AddressInfo
  const where = { address: '127.119.3.1', port }
  await now(waitFor.port(where))
  const url = `http://127.119.3.1:${port}/`
  await meanwhile(waitFor.http({ url }), () => {
    status = 200
  })
  expect(local.said.join()).toContain('answered 503, not 200')
  local.said.length = 0
  await meanwhile(
    waitFor.port({ ...where, state: 'stopped' }),
    () => new Promise((resolve) => server.close(resolve)),
  )
  await expect(now(waitFor.port({ ...where, timeout: 0 }))).rejects.toThrow(/nothing listens there/)
  await expect(now(waitFor.http({ url, timeout: 0 }))).rejects.toThrow(/not within 0 seconds/)
})

test('a process that is there, and gone', async () => {
  const mark = `-Dwait=${process.pid}`
  const child = spawn('/bin/sh', ['-c', 'read -r x', 'sh', mark], { stdio: ['pipe', 'ignore', 'ignore'] })
  try {
    expect(await now(waitFor.process({ args: [mark] }))).toEqual({ pids: [child.pid] })
    await meanwhile(waitFor.process({ args: [mark], state: 'gone' }), () => child.stdin.end())
  } finally {
    child.kill('SIGKILL')
  }
  await expect(now(waitFor.process({ args: [mark], timeout: 0 }))).rejects.toThrow(/there is none/)
})

test('a command that holds', async () => {
  await meanwhile(waitFor.command({ argv: ['test', '-e', path] }), () => writeFileSync(path, ''))
})
