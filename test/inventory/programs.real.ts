import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { files, problemsOf } from '../support/site.ts'
import { until } from '../support/until.ts'

async function program(text: string) {
  const cwd = await files({ hosts: `#!/bin/sh\n${text}\n` })
  await chmod(join(cwd, 'hosts'), 0o755)
  return cwd
}
const load = (cwd: string, given: { programDeadline?: number; interrupted?: AbortSignal } = {}) =>
  loadInventory({ sources: ['hosts'], cwd, env: { PATH: '/usr/bin:/bin' }, ...given })

const isAlive = (pid: string): boolean => {
  try {
    process.kill(Number(pid), 0)
    return true
  } catch {
    return false
  }
}
async function pidIn(cwd: string): Promise<string> {
  const read = async () => (await readFile(join(cwd, 'pid'), 'utf8').catch(() => '')).trim()
  await until(async () => (await read()) !== '', 'the program has said its number')
  return read()
}

describe('a program that gives an inventory', () => {
  it('ends at its deadline, and all that it started ends too', async () => {
    const cwd = await program('sh -c \'trap "" TERM; echo $$ > pid; while :; do sleep 600; done\' & wait')
    const problems = await problemsOf(() => load(cwd, { programDeadline: 0.5 }))
    expect(problems[0]).toBe('hosts --list: expected an answer of this program within 0.5 s, got none')
    const pid = await pidIn(cwd)
    await until(() => !isAlive(pid), 'it has ended')
  })

  it('ends with Ctrl-C, which it does not get itself', async () => {
    const cwd = await program('echo $$ > pid; sleep 600')
    const stop = new AbortController()
    const problems = problemsOf(() => load(cwd, { interrupted: stop.signal }))
    const pid = await pidIn(cwd)
    stop.abort()
    expect((await problems)[0]).toBe('hosts --list interrupted')
    await until(() => !isAlive(pid), 'it has ended')
  })

  it('may print 64 MiB and no more', async () => {
    const cwd = await program('yes "[1, 2, 3]" | head -c 80000000')
    expect((await problemsOf(() => load(cwd)))[0]).toBe(
      'hosts --list: expected at most 64 MiB from this program, got more',
    )
  })

  it('is told of with the beginning of what it says on its error stream', async () => {
    const cwd = await program('echo "no \\033[2J credentials" >&2; yes noise | head -c 500000 >&2; exit 7')
    const [problem = ''] = await problemsOf(() => load(cwd))
    expect(problem.slice(0, 111)).toBe(
      'hosts --list: expected exit 0 of this program, got exit 7; it said:\nno \\x1b[2J credentials\nnoise\nnoise\nnoise\nno',
    )
    expect(problem.length).toBeLessThan(70_000)
  })

  it.each([
    ['echo "ERROR: no region"', 'hosts --list:1:1 expected JSON, got "ERROR: no region"'],
    [`echo '{"web": ["a"]'`, 'hosts --list:2:1 expected JSON, got its end'],
    [`printf '{\\n  "web": [a]\\n}'`, 'hosts --list:1:1 expected JSON, got "{\\n  \\"web\\": [a]\\n}"'],
    ['true', 'hosts --list:1:1 expected JSON, got nothing'],
    ['printf "[web]\\nh\\n"', 'hosts --list:1:1 expected JSON, got "[web]\\nh"'],
    [`echo '["a"]'`, 'hosts --list: expected a JSON map, got a list'],
    ['kill -9 $$', 'hosts --list: expected exit 0 of this program, got SIGKILL'],
  ])('%s is no answer', async (text, problem) => {
    expect(await problemsOf(async () => load(await program(text)))).toEqual([problem])
  })

  it('is asked for each host where it says no _meta', async () => {
    const cwd = await program(`case $1 in
--list) echo '{"web": {"hosts": ["a", "b", "c"], "vars": {"x": 1}}}';;
--host) echo "$2" >> asked; [ "$2" = c ] || echo "{\\"name\\": \\"$2\\"}";;
esac`)
    const { hosts } = await load(cwd)
    expect(hosts.map(({ vars }) => vars)).toEqual([{ x: 1, name: 'a' }, { x: 1, name: 'b' }, { x: 1 }])
    expect((await readFile(join(cwd, 'asked'), 'utf8')).trim().split('\n').toSorted()).toEqual([
      'a',
      'b',
      'c',
    ])
  })

  it('is told of with the host that it has no answer for', async () => {
    const cwd = await program(`case $1 in
--list) echo '{"web": ["a", "b"]}';;
--host) [ "$2" = a ] && echo '{}' || { echo gone >&2; exit 1; };;
esac`)
    expect(await problemsOf(() => load(cwd))).toEqual([
      'hosts --host b: expected exit 0 of this program, got exit 1; it said:\ngone',
    ])
  })
})
