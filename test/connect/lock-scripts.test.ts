import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addScript } from '../../src/connect/lock-scripts.ts'

const run = (script: string) => spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' })

test('a disk that is full while the lock is taken leaves nothing, and the lock can be taken later', () => {
  const workdir = mkdtempSync(join(tmpdir(), 'lock-'))
  const script = addScript(workdir, 0, 'a note', 'token')
  const full = run(`trap '' XFSZ; ulimit -f 0; ( eval ${quoted(script)} )`)
  expect(full.status).toBe(1)
  expect(full.stderr).not.toBe('')
  expect(readdirSync(join(workdir, 'machine-lock'))).toEqual([])
  expect(run(script)).toMatchObject({ status: 0, stderr: '' })
  expect(readdirSync(join(workdir, 'machine-lock'))).toEqual(['1'])
  expect(readFileSync(join(workdir, 'machine-lock/1/note'), 'utf8')).toBe('a note\n')
  rmSync(workdir, { recursive: true })
})

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
