// error: Property 'failure' does not exist on type
import { fail, play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .block('configure', (tasks) => tasks.task('site', () => write({ path: '/s' })), {
      rescue: (tasks) => tasks.task('no site', ({ failure }) => fail(failure.message)),
    })
    .task('after', ({ failure }) => fail(failure.message)),
])
