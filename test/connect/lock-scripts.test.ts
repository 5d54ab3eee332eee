import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addScript, fenceTest, lookScript, quicker, takeScript } from '../../src/connect/lock-scripts.ts'

const run = (script: string) => spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' })

test('a disk that is full while the lock is taken leaves nothing, and the lock can be taken later', () => {
  const workdir = mkdtempSync(join(tmpdir(), 'lock-'))
  const script = addScript(workdir, 0, 'a note')
  const full = run(`trap '' XFSZ; ulimit -f 0; ( eval ${quoted(script)} )`)
  expect(full.status).toBe(1)
  expect(full.stderr).not.toBe('')
  expect(readdirSync(join(workdir, 'machine-lock'))).toEqual([])
  expect(run(script)).toMatchObject({ status: 0, stderr: '' })
  expect(readdirSync(join(workdir, 'machine-lock'))).toEqual(['1'])
  expect(readFileSync(join(workdir, 'machine-lock/1'), 'utf8')).toBe('a note\n')
  rmSync(workdir, { recursive: true })
})

test('whoever takes it when the disk is full has nothing, and takes it later', () => {
  const workdir = mkdtempSync(join(tmpdir(), 'lock-'))
  const script = takeScript(`w=${workdir}`, '{"held":false,', '{"held":true}')
  const full = run(`trap '' XFSZ; ( ulimit -f 0; eval ${quoted(script)} )`)
  expect(full.status).toBe(1)
  expect(readdirSync(join(workdir, 'machine-lock'))).toEqual([])
  expect(run(script)).toMatchObject({ status: 0, stdout: `${workdir}\ntaken 1\n` })
  expect(run(script)).toMatchObject({ status: 0, stdout: `${workdir}\n1\n{"held":true}\n` })
  rmSync(workdir, { recursive: true })
})

test.each(['', 'no note\n', '{"held":false,', '{"held":false,"holder"'])(
  'a note that cannot be read is in the way: "%s"',
  (note) => {
    const workdir = mkdtempSync(join(tmpdir(), 'lock-'))
    mkdirSync(join(workdir, 'machine-lock'))
    writeFileSync(join(workdir, 'machine-lock/7'), note)
    const script = takeScript(`w=${workdir}`, '{"held":false,', '{"held":true}')
    // A line without its end is not said.
    const line = note.endsWith('\n') ? note : ''
    expect(run(script)).toMatchObject({ status: 0, stdout: `${workdir}\n7\n${line}` })
    expect(run(lookScript(workdir)).stdout).toBe(`7\n${line}`)
    expect(readdirSync(join(workdir, 'machine-lock'))).toEqual(['7'])
    expect(run(addScript(workdir, 7, '{"held":false,}')).status).toBe(0)
    expect(run(script).stdout).toBe(`${workdir}\ntaken 9\n`)
    rmSync(workdir, { recursive: true })
  },
)

test('a state as earlier builds made it is read, stands in the way while it is held, and is followed by one of ours', () => {
  const workdir = mkdtempSync(join(tmpdir(), 'lock-'))
  const at = (name: string) => join(workdir, 'machine-lock', name)
  mkdirSync(at('7'), { recursive: true })
  writeFileSync(at('7/note'), '{"held":true,}\n')
  const script = takeScript(`w=${workdir}`, '{"held":false,', '{"held":true}')
  expect(run(lookScript(workdir)).stdout).toBe('7\n{"held":true,}\n')
  expect(run(script).stdout).toBe(`${workdir}\n7\n{"held":true,}\n`)
  expect(run(addScript(workdir, 6, 'x')).status).toBe(quicker)
  mkdirSync(at('8'))
  writeFileSync(at('8/note'), '{"held":false,}\n')
  expect(run(script).stdout).toBe(`${workdir}\ntaken 9\n`)
  rmSync(workdir, { recursive: true })
})

test('whoever has it is behind the fence, and no number before or after', () => {
  const workdir = mkdtempSync(join(tmpdir(), 'lock-'))
  for (const after of [0, 1]) run(addScript(workdir, after, 'x'))
  const holds = (number: number) => run(`if ${fenceTest(workdir, number)}; then echo y; fi`).stdout
  expect([0, 1, 2, 3].map(holds)).toEqual(['', '', 'y\n', ''])
  rmSync(workdir, { recursive: true })
})

test('fifty states and a few more are kept, and most are added without clearing away', () => {
  const workdir = mkdtempSync(join(tmpdir(), 'lock-'))
  const bin = join(workdir, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'rm'), `#!/bin/sh\necho >>${workdir}/rm\nexec /bin/rm "$@"\n`, { mode: 0o755 })
  const all = Array.from({ length: 80 }, (_, after) => `( ${addScript(workdir, after, 'x')}\n) || exit`)
  expect(run(`PATH=${bin}:$PATH\n${all.join('\n')}`)).toMatchObject({ status: 0, stderr: '' })
  expect(readFileSync(join(workdir, 'rm'), 'utf8')).toHaveLength(2)
  const left = readdirSync(join(workdir, 'machine-lock')).map(Number)
  expect([Math.min(...left), Math.max(...left)]).toEqual([25, 80])
  rmSync(workdir, { recursive: true })
})

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
