// error: Type '"reload"' is not assignable to type '"no handler stands before this task"'
import { play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .task('site', () => write({ path: '/s' }), { notify: 'reload' })
    .handler('reload', () => write({ path: '/r' })),
])
