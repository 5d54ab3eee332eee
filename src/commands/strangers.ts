import type { ScannedHost } from '../connect/scan-keys.ts'
import { quote } from '../model/command.ts'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { Exit } from './exit.ts'
import type { World } from './world.ts'

/** What came of asking a machine for its keys. */
export type Scanned = ScannedHost | ConnectionError

/** Scans machines `forks` at a time; the answers are in the order that they are given. */
export async function scanAll(
  { interrupted }: Pick<Io, 'interrupted'>,
  { scan }: Pick<World, 'scan'>,
  endpoints: readonly Endpoint[],
  forks: number,
): Promise<readonly Scanned[]> {
  const found = new Map<Endpoint, Scanned>()
  const next = endpoints[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const endpoint of next) {
      if (interrupted.aborted) throw new Exit(130)
      found.set(
        endpoint,
        await scan(endpoint).catch((error: unknown) => {
          if (error instanceof ConnectionError) return error
          throw error
        }),
      )
    }
  }
  await Promise.all(Array.from({ length: Math.min(forks, endpoints.length) }, worker))
  return endpoints.flatMap((endpoint) => found.get(endpoint) ?? [])
}

/**
 * Machines and all that they are behind, each once, in an order in which each comes after those that it is behind: rows of
 * machines that can be asked once the rows before are known.
 */
export function inRows(endpoints: readonly Endpoint[]): readonly (readonly Endpoint[])[] {
  const rows: Map<string, Endpoint>[] = []
  const place = (endpoint: Endpoint): number => {
    const row = endpoint.jump === undefined ? 0 : place(endpoint.jump) + 1
    const machines = rows[row] ?? new Map<string, Endpoint>()
    rows[row] = machines
    const key = JSON.stringify(endpoint)
    if (!machines.has(key)) machines.set(key, endpoint)
    return row
  }
  for (const endpoint of endpoints) place(endpoint)
  return rows.map((machines) => [...machines.values()])
}

/** Whether nothing is known of a machine, neither for nor against the keys that it shows. */
export const isUnknown = ({ keys }: ScannedHost): boolean =>
  keys.every(({ verdict }) => verdict.kind === 'unknown')

/** Machines of which no host key is known. */
export interface Strangers {
  /** What they showed. */
  readonly shown: readonly ScannedHost[]
  /** Hosts that cannot be asked before the machine that they are behind is known, by name, with that machine's. */
  readonly behind: ReadonlyMap<string, string>
}

/** Finds those of which no key is known, and asks them; known ones are not asked, and who does not answer is left out. */
export async function findStrangers(
  io: Pick<Io, 'interrupted'>,
  world: Pick<World, 'scan' | 'isKnown'>,
  endpoints: readonly Endpoint[],
  forks: number,
): Promise<Strangers> {
  const shown: ScannedHost[] = []
  const behind = new Map<string, string>()
  const strange = new Map<string, string>()
  for (const row of inRows(endpoints)) {
    const asked: Endpoint[] = []
    for (const endpoint of row) {
      const { jump } = endpoint
      const way = jump && strange.get(JSON.stringify(jump))
      if (way !== undefined) strange.set(JSON.stringify(endpoint), way)
      // A file that cannot be read is told of by each machine's own connection.
      if (await world.isKnown(endpoint).catch(() => true)) continue
      if (way === undefined) asked.push(endpoint)
      else behind.set(endpoint.name, way)
    }
    for (const one of await scanAll(io, world, asked, forks)) {
      if (one instanceof ConnectionError || !isUnknown(one)) continue
      shown.push(one)
      strange.set(JSON.stringify(one.endpoint), one.endpoint.name)
    }
  }
  return { shown, behind }
}

/** Strangers as lines, and what to type; `names` are the hosts of the inventory that it is about. */
export function strangersText(
  { shown, behind }: Strangers,
  names: readonly string[],
  sources: readonly string[],
): { readonly lines: readonly string[]; readonly next: string } {
  const from = sources.map((source) => ` -i ${quote(source)}`).join('')
  return {
    lines: [
      ...shown.flatMap(({ endpoint, host, keys }) =>
        keys.map((key) => `  ${endpoint.name} ${host} ${key.type} ${key.fingerprint}`),
      ),
      ...[...behind].map(([name, way]) => `  ${name}: not asked yet, it is behind ${way}`),
    ],
    next: `Compare them with the machines' own (there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then type: upgrade-fleet hostkeys trust ${quote(names.join(','))}${from}`,
  }
}

/** Of some hosts, those that strangers keep from being reached: they are ones, or behind one. */
export function hindered(endpoints: readonly Endpoint[], { shown, behind }: Strangers): readonly string[] {
  const strange = new Set(shown.map(({ endpoint }) => JSON.stringify(endpoint)))
  const isStrange = (endpoint: Endpoint): boolean =>
    strange.has(JSON.stringify(endpoint)) || (endpoint.jump !== undefined && isStrange(endpoint.jump))
  return endpoints.flatMap((endpoint) =>
    isStrange(endpoint) || behind.has(endpoint.name) ? [endpoint.name] : [],
  )
}
