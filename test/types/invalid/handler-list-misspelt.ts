// error: Type '"relaod"' is not assignable to type '"re
import { play, playbook } from 'upgrade-fleet'
import { fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .handler('reload', () => write({ path: '/r' }))
    .handler('restart', () => write({ path: '/r' }))
    .task('site', () => write({ path: '/s' }), { notify: ['restart', 'relaod'] }),
])
