import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Watchdog, watchdog } from '../../src/connect/watchdog.ts'

let now: number
let barked: number | undefined
let sock: PassThrough
let watch: Watchdog
beforeEach(() => {
  now = 0
  barked = undefined
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  sock = new PassThrough()
  watch = watchdog(
    sock,
    60_000,
    () => false,
    () => {
      barked = now
    },
  )
  watch.begin()
})
afterEach(() => {
  watch.end()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Lets time go by, awake. */
async function pass(seconds: number): Promise<void> {
  for (let left = seconds * 1000; left > 0; left -= 100) {
    now += 100
    await vi.advanceTimersByTimeAsync(100)
  }
}
const suspend = (seconds: number) => {
  now += seconds * 1000
}
async function hear(): Promise<void> {
  sock.write('.')
  await new Promise(setImmediate)
}

test('a minute of silence is the end, not a moment later', async () => {
  await pass(20)
  await hear()
  await pass(59)
  expect(barked).toBeUndefined()
  await pass(2)
  expect(barked).toBe(80_000)
})
test('one byte now and then is life', async () => {
  for (let turn = 0; turn < 20; turn += 1) {
    await pass(55)
    await hear()
  }
  expect([barked, watch.quiet()]).toEqual([undefined, 0])
})
test('our own sleep is not the silence of the peer: it is asked, and given half of the limit', async () => {
  await pass(59)
  suspend(8 * 3600)
  await pass(29)
  expect(barked).toBeUndefined()
  await pass(2)
  expect(barked).toBeDefined()
})
test('who answers after our sleep lives on', async () => {
  await pass(59)
  suspend(8 * 3600)
  await pass(1)
  await hear()
  await pass(59)
  expect(barked).toBeUndefined()
})
test('a process that is always late notices a dead peer all the same', async () => {
  for (let turn = 0; turn < 100 && barked === undefined; turn += 1) {
    suspend(0.5)
    await pass(5)
  }
  expect(barked).toBeLessThan(75_000)
})
test('once it is ended it says nothing', async () => {
  watch.end()
  await pass(100)
  expect(barked).toBeUndefined()
})
