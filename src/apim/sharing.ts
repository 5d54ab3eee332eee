import { skip } from '../model/action.ts'
import { play } from '../model/play.ts'
import type { Part } from '../model/playbook.ts'
import { environmentOf, environmentsOf } from './environments.ts'
import { named } from './hops/common.ts'
import { type Role, roleOf } from './roles.ts'
import { homeOf } from './server.ts'
import { fillShare, linkShare } from './share.ts'
import type { ApimSite } from './site.ts'
import type { Version } from './versions.ts'

/** The one writer of an environment fills its shared directory; then every home of it links to it. */
export function sharing(site: ApimSite, version: Version): readonly Part[] {
  const home = (host: { readonly vars: { readonly apim_base: string } }) =>
    homeOf(host.vars.apim_base, version)
  const fills = environmentsOf(site).flatMap((environment, at) => {
    const { shared: dir, writer } = environment
    return dir === undefined
      ? []
      : [
          play(`${version}: shared directory${at === 0 ? '' : named(environment)}`, writer).task(
            'filled',
            ({ host }) => fillShare({ dir, home: home(host) }),
          ),
        ]
  })
  const linking = site.all.filter(
    (host) => roleOf(site, host) !== undefined && environmentOf(site, host).shared !== undefined,
  )
  if (linking.length === 0) return fills
  const link = play(`${version}: shared directory linked`, linking).task('linked', ({ host }) => {
    const { shared: dir } = environmentOf(site, host)
    return dir === undefined
      ? skip('its environment shares none')
      : linkShare({ dir, home: home(host), role: roleOf(site, host) ?? ('gateway-worker' satisfies Role) })
  })
  return [...fills, link]
}
