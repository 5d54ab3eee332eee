import { apim, approve, conclude, play, playbook, z } from 'upgrade-fleet'
import { fleet } from '../inventory/fleet.ts'

/** `-e at=3.0.0`: the version that serves now. `-e old_home=true`: the homes from before the upgrade go too, and with them the quick way back. */
const params = z.object({
  at: z.enum(apim.versions).default('3.0.0'),
  old_home: z.stringbool().or(z.boolean()).default(false),
})

/** Days after an upgrade: removes what it needed and nobody needs any more. Backups stay. It asks first, and cannot be taken back. */
export default playbook('clean-up', { fleet, params }, (site, { at, old_home: oldHome }) => {
  // Only a fleet that serves has nothing to go back for.
  const serving = apim.serving(site, at)
  const look = play('look', site.all, { collect: true }).task('leftovers', ({ host }) =>
    apim.leftovers({ places: apim.leftoversOf(host, at, { oldHome }) }),
  )
  const none = conclude('nothing left', ({ from }) =>
    from.all(look).every(({ results }) => results.leftovers.found.length === 0)
      ? 'there is nothing left of an upgrade'
      : undefined,
  )
  const sure = approve('clean up', ({ from }) => {
    const found = from
      .all(look)
      .flatMap(({ host, results }) =>
        results.leftovers.found.map(({ path, kib }) => ({ host: host.name, path, kib })),
      )
    const gib = found.reduce((sum, { kib }) => sum + kib, 0) / 1024 / 1024
    const paths = [...new Set(found.map(({ path }) => path))].join(', ')
    return `Remove ${found.length} directories (${gib.toFixed(1)} GiB) for good: ${paths}?`
  })
  const removal = play('remove', site.all).each(
    'directory',
    ({ host, from }) => from(look, host).leftovers.found,
    ({ item }) => apim.discard({ path: item.path }),
  )
  return [...serving, look, none, sure, removal]
})
