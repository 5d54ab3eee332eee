// error: \"a/b\" has a slash in it
import { play, playbook } from 'upgrade-fleet'
import { detect, fleet } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web).task('a/b', () => detect({ home: '/' })),
])
