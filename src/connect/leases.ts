import { sh } from '../model/command.ts'
import type { Connection } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { holderText, type LockHolder, type LockState } from '../model/lock.ts'

/** For whom machines are locked. */
export interface Claim {
  readonly holder: LockHolder
  /**
   * Whether what that run of the same state directory left locked is taken over: this one goes on from it or takes it back,
   * or it has ended. Its process is gone, since the lock of the state directory is ours.
   */
  succeeds(run: string): Promise<boolean>
  /** Throws a ConnectionError `another-machine` where a name does not mean the machine that it should. */
  admits?(connection: Connection): void
}

/** A machine whose lock another run holds. */
export class HeldError extends ConnectionError {
  readonly holder: LockHolder | undefined
  constructor(host: string, holder: LockHolder | undefined) {
    super(host, 'fenced', `${host} is locked by ${holderText(holder)}`)
    this.holder = holder
  }
}

/** The machines' locks that one run holds. They are taken once and never again: who was fenced off stays so. */
export interface Leases {
  /**
   * Takes the locks of machines, `forks` at a time, until the signal. Answers those that cannot be had, or are not who they
   * should be (`another-machine`, `host-key`). A machine that cannot be reached is left for its first change, and is no reason to stop here.
   */
  takeAll(
    machines: readonly (() => Promise<Connection>)[],
    forks: number,
    signal: AbortSignal,
  ): Promise<readonly ConnectionError[]>
  /** The connection for this run: it reads freely, and whatever may change the machine waits for the lock and is fenced. */
  guard(connection: Connection): Connection
  /** Aborted when a machine refused a change of ours because its lock has passed on: nothing more is to be begun. */
  readonly stale: AbortSignal
  /** Who has it now, after `stale`. */
  staleText(): Promise<string>
  /** The machines whose locks were taken and not let go of. */
  readonly held: ReadonlySet<string>
  /** Lets go of all that are still ours. Answers the machines of which nobody knows whether that was done. */
  release(): Promise<readonly string[]>
}

interface Lease {
  readonly number: number
  readonly fenced: Connection
}

const releaseMs = 20_000

/** Leases for a claim, none of them taken yet. */
export function keepLeases(claim: Claim): Leases {
  const leases = new Map<Connection, Promise<Lease>>()
  const taken = new Set<string>()
  const over = new AbortController()
  let why: Promise<string> | undefined
  let closed = false
  const passedOn = (text: () => Promise<string>) => {
    why ??= text()
    over.abort('the lock has passed on')
  }
  const leaseOf = (connection: Connection): Promise<Lease> => {
    const known = leases.get(connection)
    if (known !== undefined) return known
    const taking = take(connection).catch((error: unknown) => {
      leases.delete(connection)
      throw error
    })
    leases.set(connection, taking)
    return taking
  }
  const take = async (connection: Connection): Promise<Lease> => {
    const { name } = connection.endpoint
    if (closed) throw new ConnectionError(name, 'fenced', `${name}: this run has let go of its locks`)
    const number = await acquire(connection, claim)
    taken.add(name)
    const fenced = connection.fenced(number, () => passedOn(() => whoHas(connection)))
    return { number, fenced }
  }
  /** The fenced connection for a change that is about to be made; a lock that another has by now stops the run. */
  const changing = async (connection: Connection): Promise<Connection> => {
    try {
      return (await leaseOf(connection)).fenced
    } catch (error) {
      if (error instanceof ConnectionError && error.fault === 'fenced')
        passedOn(() => Promise.resolve(error.message))
      throw error
    }
  }
  return {
    stale: over.signal,
    held: taken,
    staleText: () => why ?? Promise.resolve(''),
    guard: (connection) => guarded(connection, () => changing(connection)),
    takeAll: async (machines, forks, signal) => {
      const held = new Map<() => Promise<Connection>, ConnectionError>()
      await sideBySide(machines, forks, async (connect) => {
        if (signal.aborted) return
        try {
          await leaseOf(await connect())
        } catch (error) {
          if (!(error instanceof ConnectionError)) throw error
          if (error instanceof HeldError || isAnother(error)) held.set(connect, error)
        }
      })
      return machines.flatMap((connect) => held.get(connect) ?? [])
    },
    release: async () => {
      closed = true
      const unsure: string[] = []
      await sideBySide([...leases], 50, async ([connection, taking]) => {
        const lease = await taking.catch(() => undefined)
        if (lease === undefined) return
        const { holder } = claim
        const done = connection.lock.add(lease.number, { held: false, holder }).then(
          () => true,
          () => false,
        )
        taken.delete(connection.endpoint.name)
        if (!(await within(releaseMs, done))) unsure.push(connection.endpoint.name)
      })
      return unsure
    },
  }
}

const isAnother = ({ fault }: ConnectionError): boolean => fault === 'another-machine' || fault === 'host-key'

/** Takes a machine's lock, or takes it over; answers the number. Throws ConnectionError `fenced` with who holds it. */
async function acquire(connection: Connection, claim: Claim): Promise<number> {
  const { holder } = claim
  const { name } = connection.endpoint
  if (claim.admits !== undefined) {
    // Who it is must be known before anything of ours is left on it.
    const said = await connection.exec(sh.read`true`)
    if (said.kind === 'lost')
      throw new ConnectionError(name, 'lost', `${name}: it cannot be asked who it is: ${said.reason}`)
    claim.admits(connection)
  }
  for (let tries = 1; ; tries += 1) {
    try {
      const state = await connection.lock.take(holder)
      // Just now, or under another name of this machine, or by a script whose answer was lost.
      if (state.holder?.token === holder.token) return state.number
      if (!(await follows(claim, state))) throw new HeldError(name, state.holder)
      const number = await connection.lock.add(state.number, { held: true, holder })
      if (number !== undefined) return number
    } catch (error) {
      if (!(error instanceof ConnectionError && error.fault === 'lost') || tries >= 5) throw error
    }
    if (tries >= 20) throw new HeldError(name, (await connection.lock.look()).holder)
  }
}

const follows = async ({ holder, succeeds }: Claim, { holder: left }: LockState): Promise<boolean> =>
  left !== undefined &&
  left.machine === holder.machine &&
  left.state === holder.state &&
  (await succeeds(left.run))

async function whoHas(connection: Connection): Promise<string> {
  const { name } = connection.endpoint
  const state = await connection.lock.look().catch(() => undefined)
  if (state === undefined || state.number === 0) return `the lock of ${name} is not ours any more`
  if (state.held) return `${name} was taken over by ${holderText(state.holder)}`
  const { holder } = state
  return holder === undefined || holder.by === 'run'
    ? `the lock of ${name} was released by ${holderText(holder)}`
    : `the lock of ${name} was released with unlock by ${holder.user} on ${holder.machine} at ${holder.since}`
}

/** Reads go their way; whatever may change the machine goes over what `changing` gives. */
function guarded(connection: Connection, changing: () => Promise<Connection>): Connection {
  return {
    endpoint: connection.endpoint,
    who: connection.who,
    workdir: async () => (await changing()).workdir(),
    exec: async (command, options) => (command.reads ? connection : await changing()).exec(command, options),
    put: async (source, path, options) => (await changing()).put(source, path, options),
    get: (path, sink, options) => connection.get(path, sink, options),
    job: async (id, command, options) => (await changing()).job(id, command, options),
    jobs: async (prefix) =>
      (await connection.jobs(prefix)).map((job) => ({
        ...job,
        cancel: async () => {
          const same = await (await changing()).jobs(job.id)
          await same.find(({ id }) => id === job.id)?.cancel()
        },
      })),
    // The lease is the machine's: another user changes under the same one.
    as: (account) => guarded(connection.as(account), async () => (await changing()).as(account)),
    lock: connection.lock,
    fenced: (number, stale) => connection.fenced(number, stale),
    dial: (address, port) => connection.dial(address, port),
    reveal: (text) => connection.reveal(text),
    close: () => connection.close(),
  }
}

async function sideBySide<T>(
  all: readonly T[],
  forks: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const next = all[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const one of next) await work(one)
  }
  await Promise.all(Array.from({ length: Math.min(forks, all.length) }, worker))
}

/** What a promise says, or false when it says nothing in time. */
async function within(ms: number, promise: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
