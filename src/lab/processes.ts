import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { shell } from './shell.ts'

/** A process as we know it again: its number, and when it started in ticks since boot. */
export interface Proc {
  readonly pid: number
  readonly start: string
}

/** Starts a program that outlives us, its output going to a file, and says how to know it again. */
export async function spawnDaemon(
  command: string,
  args: readonly string[],
  options: { readonly log: string; readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Proc> {
  const log = await open(options.log, 'a', 0o600)
  try {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...options.env },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.unref()
    const pid = child.pid
    const start = pid === undefined ? undefined : (await statOf(pid))?.start
    if (pid === undefined || start === undefined) {
      throw new Error(`${command} ended at once: ${(await readFile(options.log, 'utf8')).slice(-600)}`)
    }
    return { pid, start }
  } finally {
    await log.close()
  }
}

/** Whether that very process still runs; a zombie does not. */
export async function alive(proc: Proc): Promise<boolean> {
  const stat = await statOf(proc.pid)
  return stat !== undefined && stat.start === proc.start && stat.state !== 'Z'
}

/** The processes whose parent is that one. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.split(' ').filter(Boolean).map(Number)
}

/** Signals that very process, and none that took its number, and waits until it is gone. */
export async function end(
  proc: Proc,
  signal: 'SIGTERM' | 'SIGQUIT' | 'SIGKILL',
  seconds = 20,
): Promise<void> {
  if (!(await alive(proc))) return
  await send(proc.pid, signal)
  const gone = await until(async () => !(await alive(proc)), seconds)
  if (gone) return
  if (signal === 'SIGKILL') throw new Error(`Process ${proc.pid} does not end.`)
  await end(proc, 'SIGKILL', seconds)
}

/** Polls a condition until it holds or the deadline passes; says which. */
export async function until(
  holds: () => Promise<boolean> | boolean,
  seconds: number,
  everyMs = 10,
): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    if (await holds()) return true
    if (performance.now() > deadline) return false
    await pause(everyMs)
  }
}

async function send(pid: number, signal: 'SIGTERM' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
  const $ = await shell()
  await $({ nothrow: true })`kill -s ${signal.slice(3)} ${pid}`
}

async function statOf(pid: number): Promise<{ start: string; state: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', start: fields[19] ?? '' }
}
