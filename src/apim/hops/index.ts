import { InputError } from '../../model/errors.ts'
import type { HopSite } from '../site.ts'
import { type Hop, isBuilt } from '../versions.ts'
import { to200 } from './2.0.0.ts'
import { to260 } from './2.6.0.ts'
import { to300 } from './3.0.0.ts'
import type { HopPlays } from './common.ts'

/** The plays of a hop. */
export function hopPlays(hop: Hop, at: HopSite): HopPlays {
  refuseUnbuilt([hop])
  if (hop.to === '2.0.0') return to200(hop, at)
  return hop.to === '2.6.0' ? to260(hop, at) : to300(hop, at)
}

/** Refuses a way with a hop that there are no plays for. */
export function refuseUnbuilt(hops: readonly Hop[]): void {
  const unbuilt = hops.filter((hop) => !isBuilt(hop))
  if (unbuilt.length > 0)
    throw new InputError(
      unbuilt.map(({ from, to }) => `The hop ${from} -> ${to} is known, but not built yet.`),
      'Go by way of 2.6.0: leave via out.',
    )
}
