import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { irreversible } from '../../src/model/action.ts'
import { parse, signal } from '../../src/modules/process.ts'
import * as processes from '../../src/modules/processes.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { until } from '../support/until.ts'

const root = mkdtempSync(join(fastDirectory(), 'processes-'))
const undo = irreversible('a test')
const started: number[] = []
let local: LocalOn
let at = 0
let mark = ''

beforeEach(async () => {
  mark = `-Dmark=${process.pid}.${++at} a*[b]`
  local = await localOn(join(root, `${at}`))
})
afterEach(async () => {
  await local.close()
  for (const pid of started.splice(0))
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
})
afterAll(() => rmSync(root, { recursive: true }))

/** A shell that shows the mark and does what the text says; it is there when it said so. */
async function start(text: string): Promise<number> {
  const child = spawn('/bin/sh', ['-c', `${text}`, 'sh', mark], { stdio: ['pipe', 'pipe', 'ignore'] })
  const pid = child.pid ?? 0
  started.push(pid)
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk
  })
  await until(() => said.includes('ready'), 'a process that is ready')
  return pid
}

test('they are found by whole arguments, with their start time; TERM ends them, once', async () => {
  const pid = await start('echo ready; read -r x')
  const { out } = await perform(local, processes.find({ args: [mark] }))
  expect(out.map((one) => one.pid)).toEqual([pid])
  expect(out[0]?.args).toContain(mark)
  expect((await perform(local, processes.find({ args: [mark.slice(0, -1)] }))).out).toEqual([])
  const action = processes.end({ args: ['sh', mark], undo })
  expect((await perform(local, action)).out).toEqual({ ended: 1, killed: 0 })
  expect(await perform(local, action)).toMatchObject({ changed: false, out: { ended: 0 } })
})

test('what does not hear TERM is killed after its time, and that is said', async () => {
  await start('trap "" TERM; echo ready; while :; do read -r x; done')
  const { out } = await perform(local, processes.end({ args: [mark], timeout: 0, undo }))
  expect(out).toEqual({ ended: 1, killed: 1 })
  expect(local.said.join()).toMatch(/still there after 0 seconds, killed/)
})

test('what somebody starts again is not chased', async () => {
  // It starts its like before it ends.
  await start(
    `trap 'sh -c "while :; do sleep 0.01; done" sh "$1" & exit' TERM; echo ready; while :; do sleep 0.01; done`,
  )
  await expect(perform(local, processes.end({ args: [mark], undo }))).rejects.toThrow(
    /started again while it was ended/,
  )
  const left = await perform(local, processes.find({ args: [mark] }))
  started.push(...left.out.map(({ pid }) => pid))
})

test('a process that has the pid of another is not hit', async () => {
  const pid = await start('echo ready; read -r x')
  await signal(local.on, { pid, started: '1', args: [] }, 'KILL')
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  expect(parse(stat, '')?.pid).toBe(pid)
  expect(stat).not.toContain(') Z')
})

test('no argument means no process, and not all', async () => {
  await expect(perform(local, processes.end({ args: [], undo }))).rejects.toThrow(/there is none/)
})

test('the way back is a command', async () => {
  await start('echo ready; read -r x')
  const back = join(local.dir, 'back')
  const { undo: undone } = await perform(
    local,
    processes.end({ args: [mark], undo: { argv: ['touch', back] } }),
  )
  await undone()
  expect(readFileSync(back, 'utf8')).toBe('')
})
