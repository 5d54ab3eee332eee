// error: Property 'vai' does not exist on type
import { play, playbook, z } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet, params: z.object({ via: z.string() }) }, (site, params) => [
  play('p', site.web).task('a', () => write({ path: params.vai })),
])
