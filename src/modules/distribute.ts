import type { Connection } from '../model/connection.ts'
import { type Address, pull } from './pull.ts'

/** A host that a file goes to. */
export interface Target {
  readonly machine: Pick<Connection, 'endpoint' | 'exec' | 'put' | 'workdir'>
  readonly path: string
  /** Hosts of one group may fetch from one another; one without a group is sent its file from here. */
  readonly group?: string
  /** How the others of its group call it; default: as it is called from here. */
  readonly address?: Address
}

export interface DistributeOptions {
  readonly mode?: number
  readonly owner?: string
  readonly group?: string
  readonly signal?: AbortSignal
  /** How many hosts fetch from one host at the same time; default 2. */
  readonly perHost?: number
  /** How many files leave here at the same time; default 4. */
  readonly fromHere?: number
  /** Called with each line that a person may want to know: why a host was sent its file from here after all. */
  readonly say?: (host: string, line: string) => void
  /** Called with the bytes that a host has and the size, when it is sent them from here; once at its end otherwise. */
  readonly onProgress?: (host: string, done: number, total: number) => void
}

/** How a host came by the file: from whom, or why not. */
export type Delivered =
  | { readonly host: string; readonly from: string | undefined }
  | { readonly host: string; readonly error: Error }

/**
 * Brings one file to many hosts: once over the way from here to each group, and from host to host inside it, where each
 * host that has it serves others. Every host proves the SHA-256 before the name appears; whatever goes wrong between two
 * hosts, the file is sent from here. `from` is undefined for what was. It throws nothing: each host has its own end.
 */
export async function distribute(
  source: { readonly file: string; readonly sha256: string },
  targets: readonly Target[],
  options: DistributeOptions = {},
): Promise<readonly Delivered[]> {
  const { perHost = 2, fromHere = 4, signal, mode, owner, group } = options
  const here = gate(fromHere)
  const name = ({ machine }: Target) => machine.endpoint.name
  const place = (target: Target) =>
    target.machine.put({ file: source.file }, target.path, {
      sha256: source.sha256,
      cache: target.group !== undefined,
      ...(mode !== undefined && { mode }),
      ...(owner !== undefined && { owner }),
      ...(group !== undefined && { group }),
      ...(signal && { signal }),
      onProgress: (done, total) => options.onProgress?.(name(target), done, total),
    })
  const settle = async (target: Target, from: string | undefined): Promise<Delivered> => {
    try {
      await (from === undefined ? here(() => place(target)) : place(target))
      return { host: name(target), from }
    } catch (error) {
      return { host: name(target), error: error instanceof Error ? error : new Error(String(error)) }
    }
  }
  const inGroup = async (members: readonly Target[]): Promise<readonly Delivered[]> => {
    const delivered: Delivered[] = []
    const servers: Server[] = []
    const left = [...members]
    // Whoever gets it first serves; one that cannot be sent it leaves the task to the next.
    while (servers.length === 0) {
      const first = left.shift()
      if (first === undefined) return delivered
      const end = await settle(first, undefined)
      delivered.push(end)
      if (!('error' in end)) servers.push({ target: first, busy: 0, bad: false })
    }
    let wake: () => void = () => undefined
    const one = async (target: Target, server: Server): Promise<void> => {
      const from = server.target.address ?? server.target.machine.endpoint
      const got = await pull(target.machine, from, server.target.path, source.sha256, {
        ...(signal && { signal }),
      }).catch((error: Error) => ({ done: false as const, why: error.message, wrong: false }))
      server.busy -= 1
      if (!got.done) {
        // It may be the fault of either: others ask it no more only when what it gave was wrong.
        server.bad ||= got.wrong === true
        options.say?.(name(target), `sent from here: ${got.why}`)
      }
      wake()
      const end = await settle(target, got.done ? server.target.machine.endpoint.name : undefined)
      delivered.push(end)
      if (!('error' in end)) servers.push({ target, busy: 0, bad: false })
    }
    const running = new Set<Promise<void>>()
    for (let target = left.shift(); target !== undefined; target = left.shift()) {
      let server: Server | undefined
      for (;;) {
        server = servers
          .filter((each) => !each.bad && each.busy < perHost)
          .toSorted((a, b) => a.busy - b.busy)[0]
        if (server !== undefined || running.size === 0) break
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (server === undefined) {
        options.say?.(name(target), 'sent from here: no host of its group has it')
        const end = await settle(target, undefined)
        delivered.push(end)
        if (!('error' in end)) servers.push({ target, busy: 0, bad: false })
        continue
      }
      server.busy += 1
      const doing: Promise<void> = one(target, server).finally(() => {
        // Before it is told: who waits would count it as one who may bring another server.
        running.delete(doing)
        wake()
      })
      running.add(doing)
    }
    await Promise.all(running)
    return delivered
  }
  const all = await Promise.all(
    [...grouped(targets)].map(([key, members]) =>
      key === undefined ? Promise.all(members.map((target) => settle(target, undefined))) : inGroup(members),
    ),
  )
  const ends = new Map(all.flat().map((end) => [end.host, end]))
  return targets.flatMap((target) => ends.get(name(target)) ?? [])
}

interface Server {
  readonly target: Target
  busy: number
  bad: boolean
}

function grouped(targets: readonly Target[]): Map<string | undefined, Target[]> {
  const groups = new Map<string | undefined, Target[]>()
  for (const target of targets) {
    const members = groups.get(target.group) ?? []
    members.push(target)
    groups.set(target.group, members)
  }
  return groups
}

/** Lets so many through at a time. */
function gate(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
