import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { listJobs } from '../../src/connect/jobs.ts'
import type { Runner } from '../../src/connect/runner.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

/** A job whose directory is there, on a machine that says what it is told to. */
async function jobThatSays(state: () => string) {
  const runner: Runner = {
    host: 'pub-1',
    script: async (text) => ({
      end: { kind: 'exit', code: 0 },
      stdout: Buffer.from(text.startsWith('d=') ? `${state()} - -\n` : '/w/jobs/r/t\n'),
      stderr: '',
    }),
  }
  const [job] = await listJobs(runner, '/w', 'r')
  if (job === undefined) throw new Error('no job')
  return job
}

test('a job that a reboot cut between its directory and its leader does not run for ever', async () => {
  let state = 'starting'
  const job = await jobThatSays(() => state)
  expect(await job.running()).toBe(true)
  vi.advanceTimersByTime(9_000)
  expect(await job.running()).toBe(true)
  vi.advanceTimersByTime(1_000)
  expect(await job.running()).toBe(false)
  expect(await job.wait()).toEqual({
    kind: 'unknown',
    reason: 'pub-1: the job r/t was to be started, and never said so.',
  })
  state = 'running'
  expect(await job.running()).toBe(true)
  state = 'starting'
  expect(await job.running()).toBe(true)
})
