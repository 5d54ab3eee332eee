// error: 'found' is possibly 'undefined'
import { play, playbook } from 'upgrade-fleet'
import { detect, fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .task('found', () => detect({ home: '/' }), { ignoreErrors: true })
    .task('next', ({ found }) => write({ path: found.version })),
])
