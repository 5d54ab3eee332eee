import { fail } from '../model/action.ts'
import { play } from '../model/play.ts'
import { works } from './business.ts'
import { isGateway, roleOf } from './roles.ts'
import { runsNow } from './schemas.ts'
import { served } from './served.ts'
import { oldServer } from './server.ts'
import { type ApimSite, checksAt } from './site.ts'

/** The APIs that each gateway serves before anything is changed: what every landing is measured by. */
export function servedBefore(site: ApimSite) {
  const gateways = site.all.filter(runsNow).filter((host) => isGateway(site, host))
  return play('preflight, APIs', gateways, { collect: true }).task('served', ({ host }) =>
    served({ server: oldServer(host, roleOf(site, host) ?? 'gateway-worker', site.vars.apim_version) }),
  )
}

/** What users can do before anything is changed, as far as the inventory says what to try. */
export function worksBefore(site: ApimSite) {
  const { apim_version: version } = site.vars
  const hosts = site.all.filter(runsNow).filter((host) => checksAt(site, host) !== undefined)
  return play('preflight, users', hosts, { collect: true }).task('works', ({ host }) => {
    const checks = checksAt(site, host)
    return checks === undefined
      ? fail('no checks')
      : works({ server: oldServer(host, roleOf(site, host) ?? 'key-manager', version), checks })
  })
}
