import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Duplex } from 'node:stream'
import { actsAs, becomeOf } from '../model/account.ts'
import type { Connection, Endpoint, Job } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { MachineIdentity } from '../model/machine-identity.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import { execOn } from './fake-exec.ts'
import { type FakeFile, fakeFiles } from './fake-files.ts'
import { type FakeJobs, fakeJobs } from './fake-jobs.ts'
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
  /** The user who was become, if any. */
  readonly user?: string
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
  const jobsOf = new Map<string | undefined, FakeJobs>()
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
    const given: Endpoint = {
      name: 'fake',
      kind: 'fake',
      address: 'fake',
      port: 22,
      ...options.endpoint,
      ...overrides,
    }
    let closed = false
    return connectionFor(
      given,
      given,
      () => closed,
      () => {
        closed = true
      },
    )
  }
  const connectionFor = (
    endpoint: Endpoint,
    first: Endpoint,
    isClosed: () => boolean,
    close: () => void,
  ): Connection => {
    const user = actsAs(endpoint)
    const home = user === undefined || user === 'root' ? '/root' : `/home/${user}`
    const workdir = endpoint.workdir ?? `${home}/.upgrade-fleet`
    const begin: Respond = (text, stdin, call) =>
      start(text, stdin, user === undefined ? call : { ...call, user })
    const jobs = jobsOf.get(user) ?? fakeJobs(begin, secrets)
    jobsOf.set(user, jobs)
    const reach = () => {
      if (!isClosed() && !away) return
      const why = isClosed() ? 'this connection was closed' : 'it is not reachable'
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
        return execOn(start, secrets, broken.signal, command.text, given, user)
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
      as: (account) => {
        const become = becomeOf(first, account, first.user)
        const { become: _whom, workdir: _own, ...rest } = first
        const same = become?.user === actsAs(first)
        const next = same ? first : { ...rest, ...(become !== undefined && { become }) }
        const other = connectionFor(next, first, isClosed, close)
        return fence === undefined ? other : other.fenced(fence.number, fence.stale)
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
        take: async (holder) => {
          reach()
          files.directories.add(workdir)
          return lock.take(holder)
        },
      },
      fenced: (number, stale) => connection({ number, stale }),
      dial: async (address, port) => {
        reach()
        return dialled(endpoint.name, options.dial ?? nobody, address, port)
      },
      reveal: (text) => reveal(text, secrets),
      close: async () => close(),
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
      for (const jobs of jobsOf.values()) jobs.reboot()
    },
  }
}

/** A connection to a fake machine of its own. */
export function fakeConnection(options: FakeOptions = {}): Connection & { readonly machine: FakeMachine } {
  const machine = fakeMachine(options)
  return Object.assign(machine.connect(), { machine })
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
