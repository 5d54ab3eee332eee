import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Connection, Endpoint, ExecOptions, ExecResult, Job } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { MachineIdentity } from '../model/machine-identity.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import { splitLines } from './capture.ts'
import { type FakeFile, fakeFiles } from './fake-files.ts'
import { fakeJobs } from './fake-jobs.ts'
import { type FakeLock, fakeLock } from './fake-lock.ts'
import { passedOnReason } from './runner.ts'

/** What a command of a fake machine comes to. Without a code or signal it is a success. */
export interface FakeAnswer {
  readonly stdout?: string
  readonly stderr?: string
  readonly code?: number
  readonly signal?: string
}

/** What a responder may look at besides the command's text and input. */
export interface FakeCall {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string | undefined
  /** Aborted when the command is ended: timeout, cancel, loss. */
  readonly signal: AbortSignal
  /** Shows a line of stdout before the answer is there. */
  readonly say: (line: string) => void
}

/** Plays the machine's shell: exact text in, what it printed and its exit code out. */
export type Respond = (text: string, stdin: string, call: FakeCall) => FakeAnswer | Promise<FakeAnswer>

/** Under which state of the lock a connection may change a fake machine. */
interface FakeFence {
  readonly number: number
  readonly stale: () => void
}

/** How a fake machine is made; everything has a default. */
export interface FakeOptions {
  readonly endpoint?: Partial<Endpoint>
  /** Default: every command is a success that prints nothing. */
  readonly respond?: Respond
  /** Files that are there already; their directories exist, as do `/`, `/tmp` and the working directory's parent. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  readonly dial?: (address: string, port: number) => Duplex | Promise<Duplex>
  readonly secrets?: SecretStore
  /** Default: one of its own. */
  readonly who?: MachineIdentity
}

/** A machine in memory that any number of connections share; it outlives them, and so do its jobs. */
export interface FakeMachine {
  readonly files: Map<string, FakeFile>
  readonly directories: Set<string>
  /** The text of every command that was started, in order; jobs too. */
  readonly commands: readonly string[]
  readonly lock: FakeLock
  connect(endpoint?: Partial<Endpoint>): Connection
  /** Breaks all connections: what is under way is lost, the next call finds them connected again. */
  lose(): void
  /** While true, whatever is asked throws `unreachable`, and what is under way is lost. */
  unreachable(yes: boolean): void
  /** The machine starts anew: connections break, and running jobs are gone without an exit status. */
  reboot(): void
}

/** Makes a machine in memory. */
export function fakeMachine(options: FakeOptions = {}): FakeMachine {
  const respond: Respond = options.respond ?? (() => ({}))
  const secrets = options.secrets ?? ((one) => `value of ${one.name}`)
  const commands: string[] = []
  const files = fakeFiles(options.files ?? {})
  const start: Respond = (text, stdin, call) => {
    commands.push(text)
    return respond(text, stdin, call)
  }
  const jobs = fakeJobs(start, secrets)
  const lock = fakeLock()
  const who = options.who ?? { id: randomBytes(16).toString('hex') }
  let away = false
  const unbroken = () => {
    const controller = new AbortController()
    setMaxListeners(0, controller.signal)
    return controller
  }
  let broken = unbroken()
  const lose = () => {
    broken.abort()
    broken = unbroken()
  }
  const connect = (overrides: Partial<Endpoint> = {}): Connection => {
    const endpoint: Endpoint = {
      name: 'fake',
      kind: 'fake',
      address: 'fake',
      port: 22,
      ...options.endpoint,
      ...overrides,
    }
    const workdir = endpoint.workdir ?? '/root/.upgrade-fleet'
    let closed = false
    const reach = () => {
      if (!closed && !away) return
      const why = closed ? 'this connection was closed' : 'it is not reachable'
      throw new ConnectionError(endpoint.name, 'unreachable', `${endpoint.name}: ${why}`)
    }
    const fencedOff = (fence: FakeFence | undefined): boolean => {
      if (fence === undefined || lock.holds(fence.number)) return false
      fence.stale()
      return true
    }
    const pass = (fence: FakeFence | undefined) => {
      if (!fencedOff(fence)) return
      throw new ConnectionError(endpoint.name, 'fenced', `${endpoint.name}: ${passedOnReason}`)
    }
    const guarded = (job: Job, fence: FakeFence | undefined): Job => ({
      ...job,
      cancel: async () => {
        pass(fence)
        return job.cancel()
      },
    })
    const connection = (fence?: FakeFence): Connection => ({
      endpoint,
      who: () => who,
      workdir: async () => {
        reach()
        files.directories.add(workdir)
        return workdir
      },
      exec: async (command, given = {}) => {
        reach()
        if (!command.reads && fencedOff(fence))
          return { kind: 'refused', reason: passedOnReason, stdout: '', stderr: '', truncated: false }
        return execOn(start, secrets, broken.signal, command.text, given)
      },
      put: async (source, path, given) => {
        reach()
        pass(fence)
        return files.put(endpoint.name, secrets, broken.signal, source, path, given, () => pass(fence))
      },
      get: async (path, sink, given) => {
        reach()
        return files.get(endpoint.name, path, sink, given?.from)
      },
      job: async (id, command, given) => {
        reach()
        pass(fence)
        files.directories.add(workdir)
        return guarded(jobs.start(workdir, id, command, given), fence)
      },
      jobs: async (prefix) => {
        reach()
        return jobs.list(prefix).map((job) => guarded(job, fence))
      },
      lock: {
        look: async () => {
          reach()
          return lock.look()
        },
        add: async (after, note) => {
          reach()
          files.directories.add(workdir)
          return lock.add(after, note)
        },
      },
      fenced: (number, stale) => connection({ number, stale }),
      dial: async (address, port) => {
        reach()
        return dialled(endpoint.name, options.dial ?? nobody, address, port)
      },
      close: async () => {
        closed = true
      },
    })
    return connection()
  }
  return {
    files: files.content,
    directories: files.directories,
    commands,
    lock,
    connect,
    lose,
    unreachable: (yes) => {
      away = yes
      if (yes) lose()
    },
    reboot: () => {
      lose()
      jobs.reboot()
    },
  }
}

/** A connection to a fake machine of its own. */
export function fakeConnection(options: FakeOptions = {}): Connection & { readonly machine: FakeMachine } {
  const machine = fakeMachine(options)
  return Object.assign(machine.connect(), { machine })
}

async function execOn(
  start: Respond,
  secrets: SecretStore,
  broken: AbortSignal,
  text: string,
  options: ExecOptions,
): Promise<ExecResult> {
  const { stdin = '', env = {}, cwd, timeout = 120, signal, onLine } = options
  let stdout = ''
  const nothing = { stderr: '', truncated: false }
  if (signal?.aborted) return { kind: 'cancelled', stdout, ...nothing }
  const stop = new AbortController()
  const say = (line: string) => {
    stdout += `${line}\n`
    onLine?.(line, 'stdout')
  }
  const given = start(text, reveal(stdin, secrets), { env, cwd, signal: stop.signal, say })
  const finish = (answer: FakeAnswer): ExecResult => {
    if (onLine !== undefined) {
      eachLine(answer.stdout, (line) => onLine(line, 'stdout'))
      eachLine(answer.stderr, (line) => onLine(line, 'stderr'))
    }
    const captured = { stdout: stdout + (answer.stdout ?? ''), stderr: answer.stderr ?? '', truncated: false }
    if (answer.signal !== undefined) return { kind: 'signal', signal: answer.signal, ...captured }
    return { kind: 'exit', code: answer.code ?? 0, ...captured }
  }
  if (!(given instanceof Promise)) return finish(given)
  return new Promise((resolve, reject) => {
    const over = (how: Extract<ExecResult, { kind: 'lost' | 'timeout' | 'cancelled' }>) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      broken.removeEventListener('abort', lose)
      resolve(how)
      stop.abort()
    }
    const lose = () => over({ kind: 'lost', reason: 'The connection was lost.', stdout, ...nothing })
    const cancel = () => over({ kind: 'cancelled', stdout, ...nothing })
    const expire = () => over({ kind: 'timeout', seconds: timeout, stdout, ...nothing })
    const timer = setTimeout(expire, Math.min(timeout * 1000, 2 ** 31 - 1))
    signal?.addEventListener('abort', cancel, { once: true })
    broken.addEventListener('abort', lose, { once: true })
    given
      .then((answer) => {
        if (!stop.signal.aborted) resolve(finish(answer))
      }, reject)
      .finally(() => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', cancel)
        broken.removeEventListener('abort', lose)
      })
  })
}

function nobody(): never {
  throw new Error('nothing listens')
}

async function dialled(
  host: string,
  dial: NonNullable<FakeOptions['dial']>,
  address: string,
  port: number,
): Promise<Duplex> {
  try {
    return await dial(address, port)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConnectionError(host, 'refused', `${host}: no way from there to ${address}:${port}: ${why}`)
  }
}

/** Hands on the lines of a text. */
export function eachLine(text: string | undefined, onLine: (line: string) => void): void {
  if (text === undefined || text === '') return
  const lines = splitLines(onLine)
  lines.write(Buffer.from(text))
  lines.end()
}
