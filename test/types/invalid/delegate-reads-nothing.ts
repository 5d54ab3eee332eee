// error: Property 'nobody' does not exist on type
import { play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web).task('site', () => write({ path: '/s' }), { delegateTo: (seen) => seen.nobody }),
])
