// error: Property 'wbe' does not exist on type
import { play, playbook } from 'upgrade-fleet'
import { detect, fleet } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.wbe).task('a', () => detect({ home: '/' })),
])
