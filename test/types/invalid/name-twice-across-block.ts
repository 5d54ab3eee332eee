// error: \"site\" already names something here
import { play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .block('configure', (tasks) => tasks.task('site', () => write({ path: '/s' })), {
      rescue: (tasks) => tasks.task('no site', () => write({ path: '/n' })),
    })
    .task('site', () => write({ path: '/s' })),
])
