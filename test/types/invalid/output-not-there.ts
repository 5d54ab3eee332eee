// error: Property 'fuond' does not exist on type
import { play, playbook } from 'upgrade-fleet'
import { detect, fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .task('found', () => detect({ home: '/' }))
    .task('next', ({ fuond }) => write({ path: fuond.version })),
])
