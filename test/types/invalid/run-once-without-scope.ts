// error: Type 'true' is not assignable to type '"play" | "wave" | undefined'
import { play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web).task('site', () => write({ path: '/s' }), { runOnce: true }),
])
