import { createHash } from 'node:crypto'
import type { Host } from '../model/host.ts'
import type { Play, Serial } from '../model/play.ts'
import { shareOf } from '../model/stop-rule.ts'

/**
 * The waves of a play, from those of its hosts that are worked on: put into its order, spread over zones, then cut, the
 * canary first. The same for the same play and hosts, so that plan, run and resume agree.
 */
export function wavesOfPlay(play: Play, hosts: readonly Host[]): readonly (readonly Host[])[] {
  const { canary, serial, spread } = play.options
  const inOrder = ordered(play, hosts)
  const row = spread === undefined ? inOrder : spreadOver(inOrder, (host) => zoneOf(play, host))
  const first = canary === undefined ? 0 : Math.min(row.length, shareOf(canary, row.length))
  const rest = wavesOf(row.slice(first), serial, row.length)
  return first > 0 ? [row.slice(0, first), ...rest] : rest
}

/** Cuts a list into waves as Ansible does: items of a `serial` list are used in turn, the last repeats; percentages are of `total`; nothing or less is all that is left. */
export function wavesOf<T>(
  hosts: readonly T[],
  serial: Serial | undefined,
  total = hosts.length,
): readonly (readonly T[])[] {
  const steps = serial === undefined ? [0] : typeof serial === 'object' ? serial : [serial]
  const waves: T[][] = []
  let at = 0
  while (at < hosts.length) {
    const size = shareOf(steps[Math.min(waves.length, steps.length - 1)] ?? 0, total)
    waves.push(hosts.slice(at, size <= 0 ? undefined : at + size))
    at += size <= 0 ? hosts.length : size
  }
  return waves
}

/** A `spread` that throws is told of by the plan. */
function zoneOf(play: Play, host: Host): string {
  try {
    return play.options.spread?.(host) ?? ''
  } catch {
    return ''
  }
}

/**
 * Mixes a list so that every beginning of it has of each zone its share, give or take less than one; within a zone the
 * order stays. The nth of k hosts of a zone has its turn in the nth of k equal parts of the list; who must come soonest
 * is taken first.
 */
export function spreadOver<T>(list: readonly T[], zone: (item: T) => string): readonly T[] {
  const zones = new Map<string, { readonly items: T[]; taken: number }>()
  for (const item of list) {
    const known = zones.get(zone(item))
    if (known === undefined) zones.set(zone(item), { items: [item], taken: 0 })
    else known.items.push(item)
  }
  return list.flatMap((_, at) => {
    let next: { readonly items: T[]; taken: number } | undefined
    let soonest = Number.POSITIVE_INFINITY
    for (const one of zones.values()) {
      const { items, taken } = one
      const isDue = taken < items.length && taken * list.length < (at + 1) * items.length
      const latest = Math.ceil(((taken + 1) * list.length) / items.length)
      if (isDue && latest < soonest) [next, soonest] = [one, latest]
    }
    if (next === undefined) return []
    next.taken += 1
    return next.items.slice(next.taken - 1, next.taken)
  })
}

function ordered(play: Play, hosts: readonly Host[]): readonly Host[] {
  const by = (key: (host: Host) => string) =>
    hosts
      .map((host) => ({ host, key: key(host) }))
      .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ host }) => host)
  switch (play.options.order) {
    case 'sorted':
      return by(({ name }) => name)
    case 'reverse_sorted':
      return by(({ name }) => name).toReversed()
    case 'reverse_inventory':
      return hosts.toReversed()
    case 'shuffle':
      return by(({ name }) => createHash('sha256').update(`${play.name}/${name}`).digest('hex'))
    default:
      return hosts
  }
}
