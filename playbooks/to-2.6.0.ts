import { playbook } from 'upgrade-fleet'
import { fleet } from '../inventory/fleet.ts'
import { params, upgrade } from './to-3.0.0.ts'

/**
 * As far as 2.6.0, the last version that can use SVN; with `apim_version: "2.6.0"` in the inventory and the homes' new paths,
 * `to-3.0.0.ts` goes on from there another day.
 */
export default playbook('to-2.6.0', { fleet, params, together: () => 'databases' }, (site, { via: last }) =>
  upgrade(site, '2.6.0', { via: last }),
)
