import { setMaxListeners } from 'node:events'
import type { Writable } from 'node:stream'
import { ConnectionError } from '../model/errors.ts'
import { anotherBy, type MachineIdentity } from '../model/machine-identity.ts'
import type { Link, Tap } from './channel.ts'
import { type Script, subshell } from './frame.ts'
import { endSession, underWatch } from './kill.ts'
import { openShell, type RunEnd, type Shell } from './shell.ts'
import type { Wire } from './wire.ts'

/** What an order came to; but for `exit` and `signal` nobody saw its end. */
export type OrderEnd =
  | Exclude<RunEnd, { kind: 'unrun' }>
  | { readonly kind: 'timeout'; readonly seconds: number }
  | { readonly kind: 'cancelled' }

/** Opens a shell of one user on a link. Throws when there is no channel left, or {@link ConnectionError} when the user cannot be become. */
export type OpenShell = (link: Link) => Promise<Shell>

/** A script for one of the shells, and what to do with its bytes. */
export interface Order extends Script {
  /** It changes nothing, so it may be sent behind others, and again: if it never had its turn, or once if the connection was lost before it said anything. */
  readonly reads: boolean
  readonly stdout: Tap
  readonly stderr: Tap
  /** Deadline in seconds, counted from its turn. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** Writes what a `last` script reads. It is called at its turn. */
  readonly feed?: (input: Writable) => void
}

/** The shells of one connection: at most four, opened as they are needed; what finds none free waits. */
export interface Shells {
  /** Throws {@link ConnectionError} only when nothing was sent. */
  run(order: Order): Promise<OrderEnd>
  /** Those that another user has beside: they share the four. An idle one makes room for a user who has none. */
  of(open: OpenShell): Shells
  /** Which machine it is: as the latest connection said, undefined before the first answer. */
  readonly who: () => MachineIdentity | undefined
  /** Whether that connection was asked. */
  readonly asked: (link: Link) => boolean
  close(): void
}

/** The shells of one user, and what waits for them. */
interface Lane {
  readonly open: OpenShell
  readonly queue: Queued[]
  readonly idle: Set<Shell>
  readonly living: Set<Shell>
  opening: number
}

interface Queued {
  readonly order: Order
  /** It was sent once, and the connection was lost before it said anything. */
  again: boolean
  readonly resolve: (end: OrderEnd) => void
  readonly reject: (error: unknown) => void
}

const most = 4
const batch = 16
const deadLinks = 5

/** Shells over a wire: the login user's. */
export function keepShells(host: string, wire: Wire): Shells {
  const lanes: Lane[] = []
  let limit = most
  let scheduled = false
  const leaving = new Set<Shell>()
  const living = () => lanes.reduce((sum, lane) => sum + lane.living.size, 0)
  const opening = () => lanes.reduce((sum, lane) => sum + lane.opening, 0)
  let who: MachineIdentity | undefined
  let vouched: Link | undefined

  const dispatch = () => {
    scheduled = false
    for (const lane of lanes) {
      for (const shell of lane.idle) {
        if (lane.queue.length === 0) break
        lane.idle.delete(shell)
        if (shell.usable()) serve(lane, shell, nextGroup(lane.queue))
      }
      const room = Math.max(0, limit - living() - opening())
      const missing = Math.min(groups(lane.queue) - lane.opening, room)
      for (let left = missing; left > 0; left -= 1) void open(lane)
      if (lane.queue.length > 0 && lane.living.size + lane.opening === 0) makeRoom(lane)
    }
  }
  const makeRoom = (starving: Lane) => {
    if (leaving.size > 0) return
    const shell = lanes.flatMap((lane) => (lane === starving ? [] : [...lane.idle]))[0]
    if (shell === undefined) return
    for (const lane of lanes) lane.idle.delete(shell)
    leaving.add(shell)
    shell.close()
  }
  const serve = (lane: Lane, shell: Shell, group: readonly Queued[]) => {
    let left = group.length
    // Before the caller hears of the end: its next order would find the shell busy, and have another one opened.
    const done = () => {
      left -= 1
      if (left === 0 && shell.usable()) lane.idle.add(shell)
      if (lanes.some(({ queue }) => queue.length > 0)) schedule()
    }
    for (const one of group) void send(lane, shell, one, done)
  }
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    queueMicrotask(dispatch)
  }

  // What is sent over the first connection need not wait; a later one may end at another machine of the same name.
  const meet = async (link: Link, shell: Shell): Promise<void> => {
    if (link === vouched) return
    const said = await shell.who
    if (said === undefined) return
    const now = { ...said, ...(link.hostKey !== undefined && { key: link.hostKey }) }
    const by = who && anotherBy(who, now)
    if (by !== undefined) {
      shell.abandon('It is another machine.')
      link.close()
      throw new ConnectionError(
        host,
        'another-machine',
        `${host}: the connection was made anew and ended at another machine: ${by}. One name for several (DNS, a load balancer)?\nGive each machine a name of its own (ansible_host); nothing was done on this one.`,
      )
    }
    who = now
    vouched = link
  }

  const open = async (lane: Lane): Promise<void> => {
    lane.opening += 1
    let link: Link | undefined
    try {
      let shell: Shell | undefined
      for (let tries = 1; shell === undefined; tries += 1) {
        link = await wire.link()
        shell = await lane.open(link).catch((error: unknown) => {
          // It was dead already and nobody knew; nothing was sent.
          if (link?.alive || isFinal(error) || wire.closed() || tries >= deadLinks) throw error
          return undefined
        })
        if (link === undefined || shell === undefined) continue
        const met = meet(link, shell)
        if (who === undefined) met.catch(() => undefined)
        else await met
      }
      const opened = shell
      lane.living.add(opened)
      lane.idle.add(opened)
      void opened.ended.then(() => {
        lane.idle.delete(opened)
        lane.living.delete(opened)
        leaving.delete(opened)
        schedule()
      })
    } catch (error) {
      // The server gives no more channels (MaxSessions): the rest waits for those that there are, or will be in a moment.
      const others = living() + opening() - 1
      if (link?.alive && others > 0 && !isFinal(error)) limit = others
      else for (const one of lane.queue.splice(0)) one.reject(unsent(host, error))
    } finally {
      lane.opening -= 1
      schedule()
    }
  }

  const send = async (lane: Lane, shell: Shell, queued: Queued, done: () => void): Promise<void> => {
    const { order, resolve, reject } = queued
    if (order.signal?.aborted) {
      done()
      return resolve({ kind: 'cancelled' })
    }
    let silent = true
    let halted = false
    const said = (tap: Tap): Tap => {
      return (chunk) => {
        silent = false
        return tap(chunk)
      }
    }
    const watched = { ...order, stdout: said(order.stdout), stderr: said(order.stderr) }
    const end = await underWatch(shell, watched, () => {
      halted = true
      return endSession(wire, lane.open, shell.identity(), meet)
    }).catch((error: unknown) => {
      reject(error)
    })
    done()
    if (end === undefined) return
    const lost = end.kind === 'lost' && silent && !halted && !queued.again && !wire.closed()
    const unrun = end.kind === 'unrun' && shell.identity() !== undefined
    if (order.reads && (lost || unrun)) {
      queued.again ||= lost
      lane.queue.unshift(queued)
      return schedule()
    }
    if (end.kind !== 'unrun') return resolve(end)
    reject(new ConnectionError(host, 'refused', `${host}: ${end.reason}`))
  }

  const shellsOf = (openOne: OpenShell): Shells => {
    const lane: Lane = { open: openOne, queue: [], idle: new Set(), living: new Set(), opening: 0 }
    lanes.push(lane)
    return {
      run: (order) => enqueue(lane, order),
      of: shellsOf,
      who: () => who,
      asked: (link) => link === vouched,
      close: () => {
        for (const { queue, living } of lanes) {
          for (const one of queue.splice(0)) one.reject(unsent(host, undefined))
          for (const shell of living) shell.close()
        }
      },
    }
  }
  const enqueue = ({ queue }: Lane, order: Order): Promise<OrderEnd> =>
    new Promise((resolve, reject) => {
      subshell(order)
      if (order.signal?.aborted) return resolve({ kind: 'cancelled' })
      const leave = () => {
        const at = queue.indexOf(queued)
        if (at < 0) return
        queue.splice(at, 1)
        resolve({ kind: 'cancelled' })
      }
      const over = () => order.signal?.removeEventListener('abort', leave)
      const queued: Queued = {
        order,
        again: false,
        resolve: (end) => {
          over()
          resolve(end)
        },
        reject: (error) => {
          over()
          reject(error)
        },
      }
      queue.push(queued)
      // One signal may stand for a whole run, with hundreds of commands under way.
      if (order.signal !== undefined) setMaxListeners(0, order.signal)
      order.signal?.addEventListener('abort', leave, { once: true })
      schedule()
    })
  return shellsOf(openShell)
}

const isFinal = (error: unknown): boolean =>
  error instanceof ConnectionError && ['become', 'another-machine'].includes(error.fault)

/** The next to be sent. Reads that stand behind a read travel with it in one write; a change goes alone. */
function nextGroup(queue: Queued[]): readonly Queued[] {
  return queue.splice(0, groupSize(queue, 0))
}

function groupSize(queue: readonly Queued[], from: number): number {
  let size = 1
  while (size < batch && queue[from]?.order.reads && queue[from + size]?.order.reads) size += 1
  return size
}

function groups(queue: readonly Queued[]): number {
  let count = 0
  for (let at = 0; at < queue.length; at += groupSize(queue, at)) count += 1
  return count
}

function unsent(host: string, error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error
  const why = error instanceof Error ? error.message : 'the connection was closed'
  return new ConnectionError(host, 'unreachable', `${host}: nothing was sent: ${why}`)
}
