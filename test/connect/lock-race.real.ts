import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addScript, lookScript, quicker, takeScript } from '../../src/connect/lock-scripts.ts'
import { fastDirectory } from '../support/fast-directory.ts'

// The shells that /bin/sh is somewhere; what they must have in common is that `set -C` makes a file for one of many.
const shells = [['dash'], ['bash', '--posix'], ['busybox', 'sh']] as const
const free = '{"held":false,'
const note = (who: string) => `{"held":true,"who":"${who}"}`

let workdir: string
beforeEach(() => {
  workdir = mkdtempSync(join(fastDirectory(), 'lock-race-'))
})
afterEach(() => rmSync(workdir, { recursive: true }))
const run = (script: string, [shell, ...args]: readonly string[] = ['sh']) =>
  spawnSync(shell ?? '', [...args, '-c', script], { encoding: 'utf8' })

interface Said {
  readonly code: number | null
  readonly text: string
}
/** Runs scripts at once, each in another shell than the one before it; they begin when all of them are there. */
async function atOnce(scripts: readonly string[], among: readonly (readonly string[])[]): Promise<Said[]> {
  const gate = join(workdir, 'gate')
  const running = scripts.map((script, at) => {
    const [shell = '', ...args] = among[at % among.length] ?? []
    const wait = `echo ready; until [ -e ${gate} ]; do :; done\n`
    const child = spawn(shell, [...args, '-c', wait + script], { stdio: ['ignore', 'pipe', 'ignore'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      text += data
    })
    const ready = new Promise((resolve) => child.stdout.once('data', resolve))
    const ended = new Promise<Said>((resolve) =>
      child.once('close', (code) => resolve({ code, text: text.replace('ready\n', '') })),
    )
    return { ready, ended }
  })
  await Promise.all(running.map(({ ready }) => ready))
  writeFileSync(gate, '')
  const said = await Promise.all(running.map(({ ended }) => ended))
  rmSync(gate)
  return said
}

test.each([
  ...shells.map((shell) => ({ name: shell[0], among: [shell] })),
  { name: 'all of them', among: shells },
])('of many processes that take it one has it, and one releases it: $name', async ({ among }) => {
  for (let round = 0; round < 8; round += 1) {
    const names = Array.from({ length: 12 }, (_, at) => `r${round}-${at}`)
    const scripts = names.map((name) => takeScript(`w=${workdir}`, free, note(name)))
    const said = await atOnce(scripts, among)
    const number = round * 2 + 1
    const winners = names.filter((_, at) => said[at]?.text === `${workdir}\ntaken ${number}\n`)
    expect(winners).toHaveLength(1)
    const look = `${number}\n${note(winners[0] ?? '')}\n`
    expect(run(lookScript(workdir)).stdout).toBe(look)
    for (const [at, { code, text }] of said.entries()) {
      if (names[at] === winners[0]) expect(code).toBe(0)
      // It was overtaken, or it saw who has it, maybe before his note was in the file.
      else if (code !== quicker) expect([`${workdir}\n${look}`, `${workdir}\n${number}\n`]).toContain(text)
    }
    const releases = names.map((name) => addScript(workdir, number, `${free}"who":"${name}"}`))
    const codes = (await atOnce(releases, among)).map(({ code }) => code)
    expect(codes.toSorted()).toEqual([0, ...names.slice(1).map(() => quicker)])
  }
  expect(readdirSync(join(workdir, 'machine-lock'))).toHaveLength(16)
})

const each = shells.map((shell) => ({ name: shell[0], shell }))
test.each(each)('a full disk leaves nothing, and the lock can be taken later: $name', ({ shell }) => {
  const script = takeScript(`w=${workdir}`, free, note('a'))
  const full = run(`trap '' XFSZ; ulimit -f 0\n${script}`, shell)
  expect(full).toMatchObject({
    status: 1,
    stdout: `${workdir}\n`,
    stderr: expect.stringContaining(`${workdir}/machine-lock/1 cannot be written\n`),
  })
  expect(readdirSync(join(workdir, 'machine-lock'))).toEqual([])
  expect(run(script, shell).stdout).toBe(`${workdir}\ntaken 1\n`)
})
test.each(each)(
  'killed at any of its system calls it leaves no state, one with its whole note, or one that counts as held: $name',
  ({ shell }) => {
    const seen = new Set<string>()
    const script = takeScript(`w=${workdir}`, free, note('a'))
    for (const call of ['openat', 'dup2', 'write', 'close', 'wait4'])
      for (let time = 1; ; time += 1) {
        rmSync(join(workdir, 'machine-lock'), { recursive: true, force: true })
        const kill = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${time}`]
        const ended = run(script, ['strace', '-qq', '-o', '/dev/null', ...kill, ...shell])
        const state = run(lookScript(workdir)).stdout
        seen.add(state)
        if (state !== '0\n') {
          expect(run(script, shell).stdout).toBe(`${workdir}\n${state}`)
          expect(run(addScript(workdir, 1, `${free}}`), shell).status).toBe(0)
        }
        expect(run(script, shell).stdout).toBe(`${workdir}\ntaken ${state === '0\n' ? 1 : 3}\n`)
        if (ended.status === 0) break
      }
    expect([...seen].toSorted()).toEqual(['0\n', '1\n', `1\n${note('a')}\n`])
  },
)
