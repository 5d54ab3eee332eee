import type { Command } from '../model/command.ts'
import type { Job, JobId, JobOptions, JobResult } from '../model/connection.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import type { FakeAnswer, Respond } from './fake.ts'
import { eachLine } from './fake-exec.ts'
import { jobPath } from './job-scripts.ts'

/** The jobs of a fake machine. */
export interface FakeJobs {
  start(workdir: string, id: JobId, command: Command, options?: JobOptions): Job
  list(prefix: string): readonly Job[]
  reboot(): void
}

interface Kept {
  readonly job: Job
  readonly lose: () => void
}

/** Jobs in memory: each id is started once. */
export function fakeJobs(respond: Respond, secrets: SecretStore): FakeJobs {
  const records = new Map<JobId, Kept>()
  return {
    start: (workdir, id, command, options = {}) => {
      const known = records.get(jobPath(id))
      if (known !== undefined) return known.job
      const record = begin(respond, secrets, `${workdir}/jobs/${id}/log`, id, command.text, options)
      records.set(id, record)
      return record.job
    },
    list: (prefix) =>
      [...records]
        .filter(([id]) => prefix === '' || id === prefix || id.startsWith(`${prefix}/`))
        .map(([, { job }]) => job),
    reboot: () => {
      for (const record of records.values()) record.lose()
    },
  }
}

function begin(
  respond: Respond,
  secrets: SecretStore,
  log: string,
  id: JobId,
  text: string,
  { stdin = '', env = {}, cwd }: JobOptions,
): Kept {
  const stop = new AbortController()
  const lines: string[] = []
  const listeners = new Set<() => void>()
  let result: JobResult | undefined
  const changed = () => {
    for (const listener of [...listeners]) listener()
  }
  const say = (line: string) => {
    lines.push(line)
    changed()
  }
  const end = (how: JobResult) => {
    if (result !== undefined) return
    result = how
    stop.abort()
    changed()
  }
  const finish = (answer: FakeAnswer) => {
    if (result !== undefined) return
    eachLine(answer.stdout, (line) => lines.push(line))
    eachLine(answer.stderr, (line) => lines.push(line))
    const killed = { kind: 'unknown', reason: `The job ${id} was killed by ${answer.signal}.` } as const
    end(answer.signal === undefined ? { kind: 'exit', code: answer.code ?? 0 } : killed)
  }
  const given = respond(text, reveal(stdin, secrets), { env, cwd, signal: stop.signal, say })
  if (given instanceof Promise)
    given.then(finish, (error: unknown) => end({ kind: 'unknown', reason: String(error) }))
  else finish(given)
  const job: Job = {
    id,
    log,
    running: async () => result === undefined,
    cancel: async () => end({ kind: 'cancelled' }),
    wait: ({ timeout, signal, onLine } = {}) =>
      new Promise((resolve) => {
        let told = 0
        let timer: NodeJS.Timeout | undefined
        const over = (how: JobResult) => {
          clearTimeout(timer)
          listeners.delete(look)
          signal?.removeEventListener('abort', cancel)
          resolve(how)
        }
        const cancel = () => over({ kind: 'cancelled' })
        const look = () => {
          for (; told < lines.length; told += 1) onLine?.(lines[told] ?? '')
          if (result !== undefined) over(result)
        }
        if (signal?.aborted) return cancel()
        listeners.add(look)
        signal?.addEventListener('abort', cancel, { once: true })
        if (timeout !== undefined)
          timer = setTimeout(() => over({ kind: 'timeout', seconds: timeout }), timeout * 1000)
        look()
      }),
  }
  return {
    job,
    lose: () => end({ kind: 'unknown', reason: 'The machine was started anew while the job ran.' }),
  }
}
