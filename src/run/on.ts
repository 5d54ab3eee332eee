import { createHash } from 'node:crypto'
import type { On, TaskId } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import type { Account, Connection, ExecResult } from '../model/connection.ts'
import { TaskError, UnknownOutcome } from '../model/errors.ts'
import { sanitize } from '../model/sanitize.ts'
import { type RunContext, tell } from './context.ts'
import { outputOf } from './output.ts'
import { findMachine } from './peer.ts'

/** For which doing of which task a module works: the task's own run keeps its before-images, the doing names its jobs. */
export interface Doing {
  readonly task: TaskId
  /** The run whose directory on the machine holds the before-images. */
  readonly keptBy: string
  /** `1`, `2`, ... for tries of the task; `undo-1`, ... for its undoing. */
  readonly attempt: string
  readonly signal: AbortSignal
  /** Whether its end was told: work that outlives its task (it did not end when it was told to) has no say any more. */
  readonly isOver: () => boolean
  /** As whom it is done, on other machines too. */
  readonly account?: Account
}

/** A task's name as a file name: readable, and never the same for two tasks. */
export function slug(task: TaskId): string {
  const digest = createHash('sha256').update(task).digest('hex').slice(0, 8)
  return `${task.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80)}-${digest}`
}

/** What a module's functions are given: the connection, bound to the task that they work for. */
export function onFor(context: RunContext, connection: Connection, doing: Doing): On {
  const { task, signal } = doing
  const kept = async () => `${await connection.workdir()}/runs/${doing.keptBy}/${slug(task)}`
  const makeKept = async (): Promise<string> => {
    const path = await kept()
    output(sh`mkdir`, await exec(sh`umask 077; mkdir -p ${path}`))
    return path
  }
  let directory: Promise<string> | undefined
  const { heard } = outputOf(context, doing)
  const jobId = (name: string) => `${context.run}/${slug(task)}/${doing.attempt}/${name}`
  const exec: On['exec'] = (command, options) =>
    connection.exec(command, {
      signal,
      ...options,
      // What only reads would fill the log with what it reads.
      ...(!command.reads && { onLine: heard(`$ ${firstLine(command)}`, options?.onLine) }),
    })
  return {
    name: connection.endpoint.name,
    endpoint: connection.endpoint,
    run: doing.keptBy,
    task,
    signal,
    interrupted: context.interrupted,
    say: (line) => {
      if (!doing.isOver()) tell(context, { type: 'task.said', task, line: sanitize(line) })
    },
    progress: (done, total, unit) => {
      if (!doing.isOver()) tell(context, { type: 'task.progress', task, done, total, unit })
    },
    hears: (heading) => heard(heading),
    exec,
    must: async (command, options) => output(command, await exec(command, options)),
    put: (source, path, options) => connection.put(source, path, { signal, ...options }),
    get: (path, sink, options) => connection.get(path, sink, { signal, ...options }),
    begun: async (name) => (await connection.jobs(jobId(name))).length > 0,
    job: async (name, command, options) => {
      if (doing.isOver()) throw new TaskError(`${task} is over: no job of it is begun any more`)
      const job = await connection.job(jobId(name), command, options)
      const heading = `job ${name}, its whole output is in ${job.log} on ${connection.endpoint.name}`
      return { ...job, wait: (how = {}) => job.wait({ ...how, onLine: heard(heading, how.onLine) }) }
    },
    dial: (address, port) => connection.dial(address, port),
    reveal: (text) => connection.reveal(text),
    workdir: () => connection.workdir(),
    needed: async (runs) => (await context.needed?.(runs)) ?? [],
    peer: async (name) => {
      const machine = findMachine(context, name)
      if (machine === undefined) throw new TaskError(`${name} is no machine of this playbook`)
      const connection = await context.connect(machine)
      return doing.account === undefined ? connection : connection.as(doing.account)
    },
    keep: () => {
      const made = directory ?? makeKept()
      directory = made
      // What could not be made now may be made later: its failure is not kept.
      made.catch(() => {
        if (directory === made) directory = undefined
      })
      return made
    },
  }
}

/** Ends the jobs that a task left behind, in this run and in those before. */
export async function endJobs(connection: Connection, runs: readonly string[], task: TaskId): Promise<void> {
  for (const run of runs) for (const job of await connection.jobs(`${run}/${slug(task)}`)) await job.cancel()
}

const firstLine = (command: Command): string =>
  sanitize(command.text.trim().split('\n')[0]?.slice(0, 120) ?? '')

function output(command: Command, result: ExecResult): string {
  const evidence = [...result.stderr.trimEnd().split('\n'), ...result.stdout.trimEnd().split('\n')]
    .filter((line) => line !== '')
    .slice(-12)
    .map(sanitize)
  const what = `"${firstLine(command)}"`
  switch (result.kind) {
    case 'exit':
      if (result.code === 0) return result.stdout
      throw new TaskError(`${what} ended with exit code ${result.code}`, evidence)
    case 'signal':
      throw new TaskError(`${what} was ended by ${result.signal}`, evidence)
    case 'timeout':
      throw new TaskError(`${what} did not end within ${result.seconds} s and was killed`, evidence)
    case 'cancelled':
      throw new TaskError(`${what} was cancelled`, evidence)
    case 'refused':
      throw new TaskError(`${what} was refused: ${result.reason}`)
    case 'lost':
      throw new UnknownOutcome(
        `The connection was lost during ${what} (${result.reason}): nobody knows whether it was done.`,
      )
    default:
      return result satisfies never
  }
}
