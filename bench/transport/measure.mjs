// Times whole processes, with all that they start.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs a command line of bash; seconds of wall and CPU (its own and its children's), and its largest resident set in MB. */
export async function measure(command, { env = {}, cwd } = {}) {
  const log = join(tmpdir(), `upgrade-fleet-bench-${process.pid}.log`)
  const out = openSync(log, 'w')
  const begun = performance.now()
  const child = spawn('bash', ['-c', `${command}\ncode=$?; times >&3; exit $code`], {
    stdio: ['ignore', out, out, 'pipe'],
    env: { ...process.env, ...env },
    cwd,
  })
  let times = ''
  child.stdio[3].setEncoding('utf8').on('data', (text) => {
    times += text
  })
  let largest = 0
  const poll = setInterval(() => {
    for (const pid of descendants(child.pid)) largest = Math.max(largest, peak(pid))
  }, 100)
  const code = await new Promise((resolve) => child.once('close', resolve))
  const wall = (performance.now() - begun) / 1000
  clearInterval(poll)
  closeSync(out)
  const said = readFileSync(log, 'utf8')
  rmSync(log)
  if (code !== 0) throw new Error(`exit ${code}: ${command}\n${said.slice(-2000)}`)
  const [user, system] = times.trim().split('\n').at(-1).split(' ').map(seconds)
  return { wall, cpu: user + system, rss: Math.round(largest / 1024), said }
}

/** `0m1.234s` as bash says it. */
const seconds = (text) => {
  const [, minutes, rest] = /^(\d+)m([\d.]+)s$/.exec(text)
  return Number(minutes) * 60 + Number(rest)
}

function descendants(pid) {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return own.flatMap((child) => [child, ...descendants(child)])
  } catch {
    return []
  }
}

function peak(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** Each contender once a round, in turn; the medians of wall and CPU, the largest resident set. */
export async function alternate(contenders, rounds) {
  const runs = new Map(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1)
    for (const { name, run } of contenders) runs.get(name).push(await run())
  return contenders.map(({ name }) => {
    const all = runs.get(name)
    return {
      name,
      wall: median(all.map((one) => one.wall)),
      cpu: median(all.map((one) => one.cpu)),
      rss: Math.max(...all.map((one) => one.rss)),
    }
  })
}
