// error: \"found\" already names something here
import { play, playbook } from 'upgrade-fleet'
import { detect, fleet } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .task('found', () => detect({ home: '/' }))
    .task('found', () => detect({ home: '/' })),
])
