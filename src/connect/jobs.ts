import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from '../model/command.ts'
import type { Job, JobId, JobOptions, JobResult } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import { splitLines } from './capture.ts'
import {
  type JobState,
  jobPath,
  listScript,
  parseState,
  signalScript,
  startScript,
  stateScript,
} from './job-scripts.ts'
import { judged, must, ownFence, type Runner } from './runner.ts'

const chunk = 256 * 1024
const shortest = 50
const longest = 1000
const graceMs = 10_000
const unreachableMs = 600_000

/** Starts a job or attaches to it. A connection lost meanwhile is no harm: the same id is only ever started once. */
export async function startJob(
  runner: Runner,
  secrets: SecretStore,
  workdir: string,
  id: JobId,
  command: Command,
  options: JobOptions,
): Promise<Job> {
  const text = startScript(workdir, id, command.text, options, await ownFence(runner))
  const stdin = options.stdin === undefined ? undefined : Buffer.from(reveal(options.stdin, secrets))
  for (let attempt = 1; ; attempt += 1) {
    const input = stdin === undefined ? {} : { stdin }
    const answer = judged(runner, await runner.script(text, { timeout: 60, ...input }))
    if (answer.end.kind === 'lost' && attempt < 3) continue
    must(runner.host, answer, `the job ${id} could not be started`)
    return handle(runner, `${workdir}/jobs/${id}`, id)
  }
}

/** The jobs below a prefix of ids. */
export async function listJobs(runner: Runner, workdir: string, prefix: string): Promise<readonly Job[]> {
  const answer = await runner.script(listScript(`${workdir}/jobs`, prefix), { reads: true, timeout: 60 })
  const paths = must(runner.host, answer, 'the jobs could not be listed').stdout.toString().split('\n')
  return paths
    .filter((path) => path !== '')
    .map((path) => handle(runner, path, jobPath(path.slice(`${workdir}/jobs/`.length))))
}

function handle(runner: Runner, directory: string, id: JobId): Job {
  let startingSince: number | undefined
  const look = async (from: number, most: number) => {
    const answer = await runner.script(stateScript(directory, from, most), { reads: true, timeout: 60 })
    if (answer.end.kind === 'lost' || answer.end.kind === 'timeout') return undefined
    const { stdout } = must(runner.host, answer, `the job ${id} could not be looked at`)
    const newline = stdout.indexOf(10)
    const now = parseState(stdout.toString('latin1', 0, newline))
    // A machine that went down between the directory and the leader leaves a job that starts for ever.
    startingSince = now.state === 'starting' ? (startingSince ?? performance.now()) : undefined
    const unborn = startingSince !== undefined && performance.now() - startingSince >= graceMs
    return { ...now, unborn, log: stdout.subarray(newline + 1) }
  }
  const signal = async (name: 'TERM' | 'KILL' | '0', first = false): Promise<number> => {
    const answer = await runner.script(signalScript(directory, name, first), { timeout: 60 })
    return Number(must(runner.host, answer, `the job ${id} could not be ended`).stdout.toString())
  }
  return {
    id,
    log: `${directory}/log`,
    running: async () => {
      const now = await look(0, 0)
      if (now === undefined)
        throw new ConnectionError(runner.host, 'lost', `${runner.host}: the connection was lost.`)
      return now.state === 'running' || (now.state === 'starting' && !now.unborn)
    },
    cancel: async () => {
      const begun = performance.now()
      let left = await signal('TERM', true)
      for (let pause = shortest; left > 0; pause = Math.min(500, pause * 1.5)) {
        await sleep(pause)
        const waited = performance.now() - begun
        left = await signal(waited > graceMs ? 'KILL' : '0')
        if (waited > 3 * graceMs && left > 0)
          throw new ConnectionError(
            runner.host,
            'io',
            `${runner.host}: ${left} processes of the job ${id} cannot be ended`,
          )
      }
    },
    wait: (options = {}) => wait(runner.host, id, look, options),
  }
}

type Look = (from: number, most: number) => Promise<Seen | undefined>

/** A job's state and a part of its log; unborn: its start has taken longer than any start does. */
interface Seen extends JobState {
  readonly unborn: boolean
  readonly log: Buffer
}

async function wait(
  host: string,
  id: JobId,
  look: Look,
  { timeout, signal, onLine }: NonNullable<Parameters<Job['wait']>[0]>,
): Promise<JobResult> {
  const begun = performance.now()
  const lines = onLine === undefined ? undefined : splitLines(onLine)
  const most = onLine === undefined ? 0 : chunk
  let offset = 0
  let pause = shortest
  let awaySince: number | undefined
  for (;;) {
    if (signal?.aborted) return { kind: 'cancelled' }
    const waited = performance.now() - begun
    if (timeout !== undefined && waited >= timeout * 1000) return { kind: 'timeout', seconds: timeout }
    const rest = timeout === undefined ? undefined : timeout * 1000 - waited
    const now = await unlessOver(attempt(look, offset, most), rest, signal)
    if (now === 'over') continue
    if (now instanceof ConnectionError) {
      awaySince ??= performance.now()
      if (now.fault !== 'unreachable' || performance.now() - awaySince > unreachableMs)
        return { kind: 'lost', reason: now.message }
    } else if (now !== undefined) {
      awaySince = undefined
      lines?.write(now.log)
      offset += now.log.length
      if (most > 0 && now.log.length === most) continue
      const result = verdict(now)
      if (result !== undefined) {
        lines?.end()
        return result
      }
      pause = now.log.length > 0 ? Math.max(shortest, pause / 2) : Math.min(longest, pause * 1.5)
    }
    const left = rest === undefined ? pause : Math.min(pause, rest)
    await sleep(Math.max(1, left), undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }

  function verdict(now: Seen): JobResult | undefined {
    if (now.cancelled && now.state !== 'running') return { kind: 'cancelled' }
    switch (now.state) {
      case 'running':
        return undefined
      case 'ended':
        if (now.code !== undefined) return { kind: 'exit', code: now.code }
        return { kind: 'unknown', reason: `${host}: the job ${id} left an exit status that cannot be read.` }
      case 'starting':
        if (!now.unborn) return undefined
        return { kind: 'unknown', reason: `${host}: the job ${id} was to be started, and never said so.` }
      case 'dead':
        return { kind: 'unknown', reason: `${host}: the job ${id} is gone and left no exit status.` }
      case 'rebooted':
        return { kind: 'unknown', reason: `${host}: the machine was started anew while the job ${id} ran.` }
      case 'absent':
        return { kind: 'unknown', reason: `${host}: the directory of the job ${id} is gone.` }
      default:
        return now.state satisfies never
    }
  }
}

async function attempt(look: Look, offset: number, most: number) {
  try {
    return await look(offset, most)
  } catch (error) {
    if (error instanceof ConnectionError) return error
    throw error
  }
}

/** What a promise comes to, unless the caller no longer wants to wait: an answer may take a reconnect's time. */
function unlessOver<T>(
  promise: Promise<T>,
  milliseconds: number | undefined,
  signal: AbortSignal | undefined,
): Promise<T | 'over'> {
  return new Promise((resolve, reject) => {
    const over = () => resolve('over')
    const timer =
      milliseconds === undefined ? undefined : setTimeout(over, Math.min(milliseconds, 2 ** 31 - 1))
    signal?.addEventListener('abort', over, { once: true })
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', over)
    })
  })
}
