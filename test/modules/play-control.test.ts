import { afterAll, beforeAll, expect, test } from 'vitest'
import { play } from '../../src/model/play.ts'
import { assert, pause } from '../../src/modules/play-control.ts'
import { hosts, tryRun } from '../support/engine.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

let local: LocalOn
beforeAll(async () => {
  local = await localOn(`${fastDirectory()}/upgrade-fleet-control-${process.pid}`)
})
afterAll(() => local.close())

test('assert holds when all is true, and names what is not by its key', async () => {
  expect((await perform(local, assert({ that: { 'room is there': true, 'Java is 8': true } }))).out).toEqual({
    holds: 2,
  })
  const that = { 'room is there': true, 'Java is 8': false, 'no H2': false }
  await expect(perform(local, assert({ that }))).rejects.toThrow(
    'here: what was asserted does not hold\n  not so: Java is 8\n  not so: no H2',
  )
  await expect(perform(local, assert({ that, failMsg: 'this host is not ready' }))).rejects.toThrow(
    'here: this host is not ready\n',
  )
})

test('a pause changes nothing, tells how long still, and is waited for once', async () => {
  const action = pause({ seconds: 0.05 })
  const { work, input } = action
  if (work.kind !== 'change') throw new Error('it is a change')
  const remembered = await work.remember?.(local.on, input)
  expect(await work.apply(local.on, input, remembered ?? null)).toEqual({ waited: 0.05 })
  expect(work.changed?.({ waited: 0.05 })).toBe(false)
  expect(local.progress.at(-1)).toMatchObject([0, 0.05, 'seconds'])
  const told = local.progress.length
  // Gone on with after a crash, the time is over.
  await work.apply(local.on, input, remembered ?? null)
  expect(local.progress.length).toBe(told)
})

test('a Ctrl-C ends a pause in a run, and a resume waits for the rest alone', async () => {
  const interrupt = new AbortController()
  const parts = [play('p', hosts('a')).task('wait', () => pause({ seconds: 3600 }))]
  const stopped = await tryRun(parts, {
    interrupted: interrupt.signal,
    onEvent: ({ type }) => {
      if (type === 'task.progress') interrupt.abort()
    },
  })
  expect(stopped.outcome).toBe('interrupted')
  expect(stopped.events.find(({ type }) => type === 'task.ended')).toMatchObject({ result: 'cancelled' })
  const over = stopped.events.map((event) =>
    event.type === 'task.started' ? { ...event, remembered: { until: 0 } } : event,
  )
  expect((await tryRun(parts, { before: over })).outcome).toBe('ok')
})

test('an interruption ends a pause', async () => {
  const interrupted = new AbortController()
  const on = { ...local.on, signal: interrupted.signal }
  const { work, input } = pause({ seconds: 3600 })
  if (work.kind !== 'change') throw new Error('it is a change')
  const waiting = work.apply(on, input, (await work.remember?.(on, input)) ?? null)
  interrupted.abort()
  await expect(waiting).rejects.toThrow('interrupted while waiting')
})
