import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseState, signalScript, startScript, stateScript } from '../../src/connect/job-scripts.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { until } from '../support/until.ts'

let work = ''
const at = (name: string) => join(work, name)
const job = () => at('jobs/r/t/1/j')
const run = (script: string, input = '') =>
  spawnSync('/bin/sh', ['-c', script], {
    encoding: 'utf8',
    input,
    env: { ...process.env, PATH: `${at('bin')}:${process.env['PATH']}` },
  })
const state = () => parseState(run(stateScript(job(), 0, 0)).stdout.split('\n')[0] ?? '')
beforeEach(() => {
  work = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-job-'))
  mkdirSync(at('bin'))
})
afterEach(() => {
  run(signalScript(job(), 'KILL', false))
  rmSync(work, { recursive: true })
})

test('a job that is cancelled before its command began never begins it, and that ends it at once', async () => {
  // The leader stands still at the last thing that it does before it starts the command.
  writeFileSync(at('bin/rm'), `#!/bin/sh\n: >${at('stands')}\nexec sleep 600\n`, { mode: 0o755 })
  const text = `: >${at('ran')}; exec sleep 600`
  expect(run(startScript(work, 'r/t/1/j', text, { stdin: 'x' }), 'x')).toMatchObject({
    status: 0,
    stderr: '',
  })
  await until(() => existsSync(at('stands')), 'the leader at its last step')
  expect(run(signalScript(job(), 'TERM', true)).stdout).toBe('2')
  await until(() => existsSync(join(job(), 'rc')) || existsSync(at('ran')), 'an end, or the command')
  expect(existsSync(at('ran'))).toBe(false)
  expect(readFileSync(join(job(), 'rc'), 'utf8')).toBe('143\n')
  expect(state()).toEqual({ state: 'ended', code: 143, cancelled: true })
})
test('a job that is cancelled before it said who it is never begins', () => {
  mkdirSync(job(), { recursive: true })
  writeFileSync(join(job(), 'command'), '')
  expect(run(signalScript(job(), 'TERM', true)).stdout).toBe('0')
  expect(state()).toMatchObject({ state: 'starting', cancelled: true })
})
