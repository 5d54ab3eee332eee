// error: Type 'string | undefined' is not assignable to type 'string'
import { play, playbook } from 'upgrade-fleet'
import { detect, fleet } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web).task('a', ({ host }) => detect({ home: host.vars.home })),
])
