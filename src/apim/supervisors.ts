import { skip } from '../model/action.ts'
import type { Host } from '../model/host.ts'
import { type From, type Play, play } from '../model/play.ts'
import { type Held, hold, release } from '../modules/service.ts'
import { homesBeside } from './machines.ts'
import { type OldNode, runsNow } from './schemas.ts'
import type { ApimSite } from './site.ts'
import { mayHold, type Supervision, serviceOf, supervised } from './supervised.ts'

/** Who starts the servers, found before anything is changed, and held while the run lasts. */
export type Supervisors = {
  /** Reads only: what cannot be held is told with all else that preflight finds. */
  readonly look: Play<{ readonly found: Supervision }>
  readonly hold: Play<{ readonly held: Held | undefined }>
  /** What was found on a host: nothing where it had no server. */
  readonly of: (from: From, host: Host) => Supervision
}

const nobody: Supervision = { awake: [], manager: null, unit: null }

/** Finds and holds whoever would start the old servers by himself: disabled units, links and lines come back on rollback. */
export function supervisors(site: ApimSite): Supervisors {
  const hosts: readonly Host<OldNode>[] = site.all.filter(runsNow)
  const look = play('preflight, supervisors', hosts, { collect: true })
    .task('found', ({ host }) => supervised({ home: host.vars.apim_home, others: homesBeside(site, host) }))
    .task(
      'may be held',
      ({ found }) =>
        found.awake.length > 0 ? mayHold({ awake: found.awake }) : skip('nothing starts it by itself'),
      { become: true },
    )
  const held = play('hold supervisors', hosts).task(
    'held',
    ({ host, from }) =>
      from(look, host).found.awake.length > 0
        ? hold(serviceOf(host.vars.apim_home))
        : skip('nothing starts it by itself'),
    { become: true },
  )
  const has = (host: Host) => hosts.some(({ name }) => name === host.name)
  return { look, hold: held, of: (from, host) => (has(host) ? from(look, host).found : nobody) }
}

/**
 * What was held, given back. `pointed`: only units, which lead to the new homes by now; scripts of init.d and lines of tables
 * name the old ones, and stay held until a person has changed them.
 */
export function releases(name: string, { hold: held }: Supervisors, what: 'all' | 'pointed') {
  return play(name, held.hosts as readonly Host<OldNode>[]).task(
    'released',
    ({ host, from }) => {
      const { held: was } = from(held, host)
      if (was === undefined) return skip('nothing was held')
      if (what === 'all') return release(was)
      const units = was.units.map(({ unit }) => unit)
      return was.units.length === 0
        ? skip(`still held, since it names the old home: ${was.held.join(', ')}`)
        : release({ held: units, units: was.units, links: [], files: [] })
    },
    { become: true },
  )
}
