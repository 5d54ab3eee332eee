// error: Type 'void' is not assignable to type 'Skip | Action<unknown>'
import { play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web).task('a', () => {
    write({ path: '/' })
  }),
])
