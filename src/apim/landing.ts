import { skip } from '../model/action.ts'
import { InputError } from '../model/errors.ts'
import { type From, type Play, play } from '../model/play.ts'
import type { Part } from '../model/playbook.ts'
import * as archive from '../modules/archive.ts'
import { carry } from '../modules/carry.ts'
import { pointTo } from '../modules/service.ts'
import * as svn from '../modules/svn/index.ts'
import { stillWorks } from './business.ts'
import { configuration } from './config.ts'
import { halt, start } from './control.ts'
import { together } from './custom.ts'
import { type Environment, environmentOf, ownOfEnvironments } from './environments.ts'
import { after } from './fence.ts'
import { healthy } from './health.ts'
import { configure } from './home.ts'
import { named } from './hops/common.ts'
import { gatewayPartOf, isGateway, roleOf, startOrder } from './roles.ts'
import { stillServed } from './served.ts'
import { homeOf, newServer } from './server.ts'
import { sharing } from './sharing.ts'
import {
  type ApimSite,
  checksAt,
  gatewaysOf,
  type HopSite,
  jarsFor,
  peersOf,
  placeOf,
  staged,
  tokensOf,
} from './site.ts'
import { startThrough, takeOver } from './supervised.ts'
import { copyRoots, synchronized } from './synchronizer.ts'
import { carried, overlay } from './trees.ts'
import type { Version } from './versions.ts'

/** What the whole fleet goes through at a version at which it is started. */
export type Landing = {
  /** Homes, trees, configuration. */
  readonly homes: readonly Part[]
  /** Servers started in order, each group behind its health gate. */
  readonly starts: readonly Part[]
  /** Servers stopped again, in reverse order; the working copies of a synchronizer that ends here are removed. */
  readonly leaving: readonly Part[]
  /** Reads outputs that say that these servers are down again. */
  readonly down: (from: From) => unknown
}

type Bundled = Play<{ readonly bundle: { readonly path: string; readonly sha256: string } }>

/** The plays that put a version's migrated artefacts into files on the migration host: all of them, and what the other environments have of their own. */
export type Trees = {
  readonly bundled: Bundled
  readonly ofOthers: readonly { readonly environment: Environment; readonly made: Bundled }[]
}

/** The landing at a version: fresh homes on all hosts from the migrated trees, then the servers.  */
export function landing(
  site: ApimSite,
  version: Version,
  trees: Trees,
  {
    served: before,
    works: could,
    supervisors,
    looked,
  }: Pick<HopSite, 'served' | 'works' | 'supervisors' | 'looked'>,
  last: boolean,
): Landing {
  refuseKeystores(site, version)
  const ranks = startOrder(site, version)
  const stops = ranks
    .toReversed()
    .map(({ role, hosts }) =>
      play(`${version}: stop ${role}`, hosts).task('stop', ({ host }) =>
        halt({ server: newServer(host, role, version) }),
      ),
    )
  const down = (from: From) => stops.flatMap((each) => each.hosts.map((host) => from(each, host).stop))
  return {
    homes: homes(site, version, trees, looked),
    starts: ranks.map(({ role, hosts }) => {
      const started = play(`${version}: start ${role}`, hosts, {
        serial: role === 'gateway-worker' || role === 'all-in-one' ? 1 : hosts.length,
        anyErrorsFatal: true,
      })
        .task(
          'unit pointed',
          ({ host, from }) => {
            if (!last) return skip('the fleet goes on from here')
            const { unit } = supervisors.of(from, host)
            return unit === null
              ? skip('no unit starts it')
              : pointTo(takeOver(unit, newServer(host, role, version)))
          },
          { become: true },
        )
        .task(
          'by its unit',
          ({ host, 'unit pointed': pointed, from }) => {
            if (!last) return skip('the fleet goes on from here')
            const { unit } = supervisors.of(from, host)
            return pointed === undefined || unit === null
              ? skip('no unit starts it')
              : startThrough({
                  server: newServer(host, role, version),
                  manager: { kind: 'systemd', unit },
                })
          },
          { become: true },
        )
        .task('start', ({ host }) => start({ server: newServer(host, role, version) }))
        .task(
          'healthy',
          ({ host, start }) => healthy({ server: newServer(host, role, version), since: start.since }),
          {
            timeout: '2h',
          },
        )
        .task('APIs', ({ host, from, healthy: up }) =>
          before.hosts.some(({ name }) => name === host.name)
            ? after(
                up,
                stillServed({
                  server: newServer(host, role, version),
                  paths: from(before, host).served.paths,
                }),
              )
            : skip('it was no gateway before'),
        )
        .task('users', ({ host, from, healthy: up }) => {
          const checks = checksAt(site, host)
          const server = newServer(host, role, version)
          if (checks === undefined) return skip('nothing is to be tried here')
          const before = could.hosts.some(({ name }) => name === host.name)
            ? Object.keys(from(could, host).works.tried)
            : []
          return after(up, stillWorks({ server, checks, before }))
        })
      const repository = usesSvn(site, version) ? site.vars.svn : undefined
      if (repository === undefined || !hosts.some((host) => isGateway(site, host))) return started
      // The one that writes commits first, and is proved before a worker starts; each worker is proved before the next.
      return started.task(
        'synchronized',
        ({ host, APIs }) =>
          isGateway(site, host)
            ? after(
                APIs,
                synchronized({
                  repository,
                  gateway: host.name,
                  home: homeOf(host.vars.apim_base, version),
                  seconds: host.vars.apim_health.answer,
                }),
              )
            : skip('it is no gateway'),
        { delegateTo: site.migration, timeout: '2h' },
      )
    }),
    leaving: [...stops, ...(usesSvn(site, version) ? [withoutCopies(site, version, down)] : [])],
    down,
  }
}

// Up to 2.6.0 the password stands in Tomcat's and Axis2's files too, which are not redone here.
function refuseKeystores({ vars: { keystores } }: ApimSite, version: Version): void {
  if (version !== '3.0.0' && keystores.password !== undefined)
    throw new InputError(
      `A landing at ${version} with keystores of another password is not built yet.`,
      'Change the password of the keystores to that of the packs for the time of the upgrade.',
    )
}

const usesSvn = (site: ApimSite, version: Version): boolean =>
  version !== '3.0.0' && site.vars.svn !== undefined

/** The way goes on without SVN: a copy left behind would commit to the repository if its server were ever started. */
function withoutCopies(site: ApimSite, version: Version, down: Landing['down']): Part {
  return play(`${version}: working copies removed`, site.all).task('purged', ({ host, from }) =>
    after(down(from), svn.purge({ trees: copyRoots(homeOf(host.vars.apim_base, version)) })),
  )
}

function homes(
  site: ApimSite,
  version: Version,
  { bundled, ofOthers }: Trees,
  looked: HopSite['looked'],
): readonly Part[] {
  const { migration, vars } = site
  const isVault = vars.secure_vault === true && version === '3.0.0'
  const own = ofOthers.map(({ environment, made }) => ({
    name: environment.name,
    brought: play(
      `${version}: trees brought${named(environment)}`,
      site.all.filter((host) => environmentOf(site, host).name === environment.name),
    ).task('brought', ({ host, from }) =>
      carry({
        ...from(made, migration).bundle,
        from: migration.name,
        to: `${host.vars.apim_base}/migration/landing-${version}${environment.suffix}.tar`,
      }),
    ),
  }))

  const made = play(`${version}: homes`, site.all)
    .task('unpacked', ({ host }) => {
      const pack = staged(site, host, `wso2am-${version}`)
      return archive.unpack({
        zip: pack.path,
        sha256: pack.sha256,
        top: `wso2am-${version}`,
        to: homeOf(host.vars.apim_base, version),
      })
    })
    .task('trees brought', ({ host, from }) =>
      carry({
        ...from(bundled, migration).bundle,
        from: migration.name,
        to: `${host.vars.apim_base}/migration/landing-${version}.tar`,
      }),
    )
    .task('trees laid over', ({ host, from, 'trees brought': brought }) => {
      const mine = own.find(({ name }) => name === environmentOf(site, host).name)
      return overlay({
        home: homeOf(host.vars.apim_base, version),
        file: brought.path,
        ...(mine && { without: ownOfEnvironments, more: [from(mine.brought, host).brought.path] }),
        rules: { keep: [], refresh: [] },
      })
    })
    .task('trees proved', ({ 'trees laid over': laid }) => carried({ home: laid.home }))
    .task('configured', ({ host, from }) =>
      configure({
        home: homeOf(host.vars.apim_base, version),
        configuration: configuration({
          version,
          ...placeOf(host),
          role: gatewayPartOf(site, host) ?? roleOf(site, host) ?? 'migration',
          databases: vars.databases,
          svn: usesSvn(site, version) ? vars.svn : undefined,
          peers: peersOf(site),
          environments: gatewaysOf(site),
          admin: vars.admin,
          keystores: vars.keystores,
          tokens: tokensOf({ site, looked }, from),
          levels: from(looked, host).found.levels,
          toml:
            version === '3.0.0' ? together(from(looked, host).found.carried, host.vars.apim_toml) : undefined,
          xml: host.vars.apim_xml,
          vault: isVault,
        }),
        jars: jarsFor(site, host, version),
        keystoresFrom: host.vars.apim_home,
        ...(isVault && {
          encryption: { password: host.vars.apim_vault_password, javaHome: host.vars.java_home },
        }),
      }),
    )

  return [
    ...own.map(({ brought }) => brought),
    made,
    ...(usesSvn(site, version) ? withoutSvn(site, version) : []),
    ...(version === '3.0.0' ? sharing(site, version) : []),
  ]
}

/** No `.svn` at any level of a new home, before anything starts from it; and the clean repository taken. */
function withoutSvn(site: ApimSite, version: Version): readonly Part[] {
  const purge = play(`${version}: no .svn`, site.all)
    .task('purged', ({ host }) => svn.purge({ trees: copyRoots(homeOf(host.vars.apim_base, version)) }))
    .task('none left', ({ host, purged }) =>
      after(purged, svn.none({ trees: copyRoots(homeOf(host.vars.apim_base, version)) })),
    )
  const repoint = play(`${version}: clean SVN repository`, site.migration).task('claimed', () =>
    site.vars.svn === undefined ? skip('no SVN') : svn.claim({ repository: site.vars.svn }),
  )
  return [purge, repoint]
}
