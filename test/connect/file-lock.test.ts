import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lockFile } from '../../src/connect/file-lock.ts'
import { fastDirectory } from '../support/fast-directory.ts'

let directory: string
let program: string
const children: ChildProcess[] = []
beforeAll(async () => {
  directory = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-lock-'))
  program = join(directory, 'program.mjs')
  const resolveDir = fileURLToPath(new URL('../..', import.meta.url))
  const contents = `import { lockFile } from './src/connect/file-lock.ts'
await lockFile(process.argv[2])
process.stdout.write('has it')
setInterval(() => {}, 1000)`
  await build({
    stdin: { contents, resolveDir, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
  })
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

let files = 0
const file = () => join(directory, `known_hosts-${files++}`)
/** A process that holds the lock of a file. */
async function holder(of: string): Promise<ChildProcess> {
  const child = spawn('node', [program, of], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return child
}
const killed = (child: ChildProcess) =>
  new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
const beside = (of: string) =>
  readdirSync(directory).filter((name) => join(directory, name).startsWith(`${of}.`))

test('who lives keeps it; what is left of a process that was killed is taken over, by one of many', async () => {
  const known = file()
  const child = await holder(known)
  await expect(lockFile(known, 100)).rejects.toThrow(/another upgrade-fleet writes .*type: rm/)
  await killed(child)
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const unlock = await lockFile(known)
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
      await unlock()
    }),
  )
  expect(most).toBe(1)
  expect(beside(known)).toEqual([])
})

test('one of another machine, or that nobody can read, is no dead one', async () => {
  for (const text of [
    JSON.stringify({ machine: 'elsewhere', pid: 1, started: 'x', token: '0'.repeat(16) }),
    JSON.stringify({ machine: hostname(), pid: 1, started: '', token: '0'.repeat(16) }),
    '',
    '{',
  ]) {
    const known = file()
    writeFileSync(`${known}.upgrade-fleet-lock`, text)
    await expect(lockFile(known, 50)).rejects.toThrow(/another upgrade-fleet/)
    expect(readFileSync(`${known}.upgrade-fleet-lock`, 'utf8')).toBe(text)
  }
})

test('a pid that somebody else has by now is no holder', async () => {
  const known = file()
  const left = { machine: hostname(), pid: 1, started: 'another boot 7', token: 'a'.repeat(16) }
  writeFileSync(`${known}.upgrade-fleet-lock`, JSON.stringify(left))
  const unlock = await lockFile(known, 1000)
  await unlock()
  expect(beside(known)).toEqual([])
})
