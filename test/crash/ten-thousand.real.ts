import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { bundled } from '../support/bundle.ts'
import type { Counted } from './points.ts'

test('killed at each of ten thousand appends, a playbook goes on and goes back', async () => {
  const program = await bundled(fileURLToPath(new URL('program.ts', import.meta.url)))
  const began = performance.now()
  // Two programs, each with playbooks of its own; a smallest failing one is what such a program dies with.
  const found = await Promise.all(
    [5000, 5000].map(async (points): Promise<Counted> => {
      const { stdout } = await promisify(execFile)(process.execPath, [program, String(points)])
      return JSON.parse(stdout)
    }),
  )
  const sum = (what: keyof Counted) => found.reduce((total, counted) => total + counted[what], 0)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  process.stdout.write(
    `${sum('runs')} crash points of runs, ${sum('rollbacks')} of rollbacks, in ${seconds} s\n`,
  )
  expect(sum('runs')).toBeGreaterThanOrEqual(10_000)
}, 300_000)
