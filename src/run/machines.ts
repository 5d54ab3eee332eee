import type { RunContext } from './context.ts'

interface Waiting {
  readonly name: string
  readonly go: () => void
}
interface Shared {
  /** Under which name changes are under way, and how many. */
  name: string
  busy: number
  readonly waiting: Waiting[]
}
const machines = new WeakMap<RunContext, Map<string, Shared>>()

/** The machine that a name means: names of one machine have one answer. */
export const machineNamed = (context: Pick<RunContext, 'machine'>, name: string): string =>
  context.machine?.(name) ?? name

/**
 * Does a change while none is under way on its machine under another name: two homes of one machine share its tables of
 * services, its /etc, its room. What is done under one name goes side by side as ever (the databases of one host).
 */
export async function aloneUnder<T>(context: RunContext, name: string, work: () => Promise<T>): Promise<T> {
  const all = machines.get(context) ?? new Map<string, Shared>()
  machines.set(context, all)
  const key = machineNamed(context, name)
  const own = all.get(key) ?? { name, busy: 0, waiting: [] }
  all.set(key, own)
  if (own.busy === 0 || (own.name === name && own.waiting.length === 0)) {
    own.name = name
    own.busy += 1
  } else await new Promise<void>((go) => own.waiting.push({ name, go }))
  try {
    return await work()
  } finally {
    own.busy -= 1
    if (own.busy === 0) letNext(own)
  }
}

/** The first that waits goes on, and with it those right behind it that come under the same name. */
function letNext(own: Shared): void {
  for (let next = own.waiting[0]; next !== undefined; next = own.waiting[0]) {
    if (own.busy > 0 && next.name !== own.name) return
    own.waiting.shift()
    own.name = next.name
    own.busy += 1
    next.go()
  }
}

/**
 * Hosts in the groups in which they must go one after the other: those of a machine that is worked on under several names.
 * Things of one name need not wait for each other.
 */
export function byMachine<H extends { readonly name: string }>(
  context: Pick<RunContext, 'machine'>,
  hosts: readonly H[],
  nameOf: (host: H) => string,
): readonly (readonly H[])[] {
  const names = new Map<string, Set<string>>()
  for (const host of hosts) {
    const machine = machineNamed(context, nameOf(host))
    names.set(machine, (names.get(machine) ?? new Set()).add(nameOf(host)))
  }
  const shared = new Map<string, H[]>()
  const alone: H[][] = []
  for (const host of hosts) {
    const machine = machineNamed(context, nameOf(host))
    if (names.get(machine)?.size === 1) alone.push([host])
    else shared.set(machine, [...(shared.get(machine) ?? []), host])
  }
  return [...alone, ...shared.values()]
}
