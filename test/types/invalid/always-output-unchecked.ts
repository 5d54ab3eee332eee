// error: 'site' is possibly 'undefined'
import { play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web).block('configure', (tasks) => tasks.task('site', () => write({ path: '/s' })), {
    always: (tasks) => tasks.task('next', ({ site }) => write({ path: site.path })),
  }),
])
