// error: 'found' is possibly 'undefined'
import { play, playbook, skip } from 'upgrade-fleet'
import { detect, fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .task('found', ({ host }) => (host.vars.port > 80 ? detect({ home: '/' }) : skip('privileged')))
    .task('next', ({ found }) => write({ path: found.version })),
])
