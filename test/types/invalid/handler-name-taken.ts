// error: \"reload\" already names something here
import { play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .handler('reload', () => write({ path: '/r' }))
    .task('reload', () => write({ path: '/s' }), { notify: 'reload' }),
])
