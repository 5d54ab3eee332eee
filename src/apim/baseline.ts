import { skip } from '../model/action.ts'
import type { Host } from '../model/host.ts'
import { play } from '../model/play.ts'
import * as database from '../modules/database/index.ts'
import { checkedTenants } from './business.ts'
import { backupsOf } from './machines.ts'
import { databaseServer, strangers } from './preflight/databases.ts'
import { documents, permissions, tiers, tokens } from './preflight/rows.ts'
import { tokenFormFindings } from './preflight/tokens.ts'
import { countedTables, probeNames, schemaIs } from './probes.ts'
import { isRehearsed } from './rehearsal.ts'
import type { DatabaseVars } from './schemas.ts'
import { type ApimSite, type HopSite, tokensOf } from './site.ts'
import { tenants } from './tenants.ts'
import { tokenForms } from './token-proof.ts'

/** The databases before anything is changed: whole schemas of the version that the inventory says, their rows, what their users may do, and what is known to end the clients in their middle. */
export function baseline(
  site: ApimSite,
  databases: readonly Host<DatabaseVars>[],
  looked: HopSite['looked'],
) {
  return play('preflight, databases', databases, { collect: true })
    .task('counts', ({ host }) => database.counts({ db: host.vars, tables: countedTables }))
    .task('probe', ({ host }) => database.schema({ db: host.vars, names: probeNames }))
    .task('rights', ({ host: { vars: db } }) =>
      database.privileged({
        db,
        to: db.backup === undefined ? ['dump', 'restore', 'migrate'] : ['migrate'],
        // The scripts of 3.0.0 make it.
        extensions: db.engine === 'postgresql' && db.holds.includes('apim') ? ['uuid-ossp'] : [],
      }),
    )
    .task('rehearsal', ({ host: { vars: db } }) =>
      isRehearsed(site) && db.backup === undefined
        ? database.privileged({
            db,
            to: ['rehearse'],
            otherwise: 'leave the rehearsal out, in the inventory: rehearsal: false',
          })
        : skip('it is not rehearsed'),
    )
    .task('time', ({ host: { vars: db } }) =>
      db.backup === undefined
        ? database.estimate({ db, to: backupsOf(site, site.migration) })
        : skip("its backup is the operator's own command"),
    )
    .task('schedules', ({ host: { vars: db } }) => database.pausable({ db }))
    .task('is whole', ({ host, probe }) =>
      host.vars.holds.includes('apim')
        ? schemaIs({ version: site.vars.apim_version, present: probe.present })
        : skip('no API Manager tables'),
    )
    .task('server', ({ host }) =>
      databaseServer({ db: host.vars, accepted: site.vars.preflight_accepted ?? [] }),
    )
    .task('sessions', ({ host }) =>
      strangers({
        db: host.vars,
        hosts: site.all.flatMap(({ name, vars }) => [name, vars.apim_address]),
      }),
    )
    .task('tokens', ({ host }) =>
      keeps(host, 'apim', 'identity')
        ? tokens({ db: host.vars, accepted: site.vars.preflight_accepted ?? [] })
        : skip('no tokens'),
    )
    .task('token forms', ({ host }) =>
      keeps(host, 'apim')
        ? tokenForms({ db: host.vars, version: site.vars.apim_version })
        : skip('no tokens'),
    )
    .task('tokens kept', ({ from, 'token forms': forms }) =>
      forms === undefined
        ? skip('no tokens')
        : tokenFormFindings({
            version: site.vars.apim_version,
            keeping: tokensOf({ site, looked }, from),
            forms,
          }),
    )
    .task('tenants', ({ host }) =>
      keeps(host, 'users')
        ? tenants({
            db: host.vars,
            inactive: site.vars.inactive_tenants,
            checked: site.vars.checks === undefined ? [] : checkedTenants(site.vars.checks),
            accepted: site.vars.preflight_accepted ?? [],
          })
        : skip('no tenants'),
    )
    .task('tiers', ({ host }) =>
      keeps(host, 'apim') && site.vars.apim_version.startsWith('1.')
        ? tiers({ db: host.vars })
        : skip('no tiers that become policies'),
    )
    .task('permissions', ({ host }) =>
      keeps(host, 'users') || !site.vars.databases.some(({ holds }) => holds.includes('users'))
        ? permissions({ db: host.vars })
        : skip('no users'),
    )
    .task('documents', ({ host }) =>
      keeps(host, 'registry') && site.vars.apim_version.startsWith('1.')
        ? documents({ db: host.vars })
        : skip('no documents of 1.x'),
    )
}

const keeps = ({ vars }: Host<DatabaseVars>, ...what: readonly DatabaseVars['holds'][number][]): boolean =>
  what.some((each) => vars.holds.includes(each))
