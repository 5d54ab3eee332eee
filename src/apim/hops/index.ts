import type { HopSite } from '../site.ts'
import type { Hop } from '../versions.ts'
import { to200 } from './2.0.0.ts'
import { to260 } from './2.6.0.ts'
import { to300 } from './3.0.0.ts'
import type { HopPlays } from './common.ts'

/** The plays of a hop. */
export function hopPlays(hop: Hop, at: HopSite): HopPlays {
  if (hop.to === '2.0.0') return to200(hop, at)
  return hop.to === '2.6.0' ? to260(hop, at) : to300(hop, at)
}
