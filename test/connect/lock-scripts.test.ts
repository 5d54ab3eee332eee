import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addScript, takeScript } from '../../src/connect/lock-scripts.ts'

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

test('whoever takes it when the disk is full has nothing, and takes it later', () => {
  const workdir = mkdtempSync(join(tmpdir(), 'lock-'))
  const script = takeScript(`w=${workdir}`, '{"held":false,', '{"held":true}', 'token')
  const full = run(`trap '' XFSZ; ( ulimit -f 0; eval ${quoted(script)} )`)
  expect(full.status).toBe(1)
  expect(readdirSync(join(workdir, 'machine-lock'))).toEqual([])
  expect(run(script)).toMatchObject({ status: 0, stdout: `${workdir}\ntaken 1\n` })
  expect(run(script)).toMatchObject({ status: 0, stdout: `${workdir}\n1\n{"held":true}\n` })
  rmSync(workdir, { recursive: true })
})

test.each(['', 'no note', '{"held":false'])('a note that cannot be read is in the way: "%s"', (note) => {
  const workdir = mkdtempSync(join(tmpdir(), 'lock-'))
  mkdirSync(join(workdir, 'machine-lock/7'), { recursive: true })
  writeFileSync(join(workdir, 'machine-lock/7/note'), note)
  const script = takeScript(`w=${workdir}`, '{"held":false,', '{"held":true}', 'token')
  expect(run(script).stdout).toMatch(new RegExp(`^${workdir}\\n7\\n`))
  expect(readdirSync(join(workdir, 'machine-lock'))).toEqual(['7'])
  rmSync(workdir, { recursive: true })
})

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
