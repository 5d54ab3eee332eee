// error: Property 'dmup' does not exist on type
import { play, playbook, via } from 'upgrade-fleet'
import { detect, fleet, write } from '../world.ts'

export const book = playbook('x', { fleet }, (site) => {
  const databases = via(site.migration, site.vars.databases)
  const dumps = play('dumps', databases).task('dump', () => detect({ home: '/' }))
  return [
    dumps,
    play('p', databases).task('a', ({ host, from }) => write({ path: from(dumps, host).dmup.version })),
  ]
})
