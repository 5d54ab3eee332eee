// error: Property 'prot' does not exist on type
import { play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web).task('a', ({ host }) => write({ path: `/etc/${host.vars.prot}` })),
])
