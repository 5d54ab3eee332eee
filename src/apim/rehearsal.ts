import type { Host } from '../model/host.ts'
import { type From, type Play, play } from '../model/play.ts'
import type { Part } from '../model/playbook.ts'
import * as backup from '../modules/backup/index.ts'
import type { Dump } from '../modules/database/index.ts'
import type { Dumped } from '../modules/svn/index.ts'
import { type DatabaseVars, runsNow } from './schemas.ts'
import type { ApimSite } from './site.ts'

/** The way back, tried: its plays, and what it came to as a person is told of it before the first irreversible step. */
export type Rehearsal = { readonly plays: readonly Part[]; readonly said: (from: From) => string }

/** Whether the way back is tried before anything irreversible; so it is, unless the inventory says `rehearsal: false`. */
export const isRehearsed = ({ vars }: ApimSite): boolean => vars.rehearsal ?? true

/**
 * Restores each backup of the run into scratch, as a rollback would, compares it and times it, while the servers are down:
 * a backup that cannot be restored is found while the old fleet can simply be started again. A database whose backup is the
 * operator's own command is not tried, which is said.
 */
export function rehearsal(
  site: ApimSite,
  made: {
    readonly databases: readonly Host<DatabaseVars>[]
    readonly dumps: Play<{ readonly dump: Dump }>
    readonly homes: Play<{ readonly home: backup.TreeBackup }>
    readonly repository: Play<{ readonly dump: Dumped }> | undefined
  },
): Rehearsal {
  const own = made.databases.filter(({ vars }) => vars.backup !== undefined).map(({ name }) => name)
  const untried = own.length === 0 ? '' : `, but for ${own.join(', ')}, which only your own command restores`
  if (!isRehearsed(site))
    return { plays: [], said: () => 'Nobody has tried to restore them (rehearsal: false).' }
  const tried = made.databases.filter(({ vars }) => vars.backup === undefined)
  const databases = play('rehearse databases', tried).task('restored', ({ host, from }) =>
    backup.rehearse({ artefact: from(made.dumps, host).dump, db: host.vars }),
  )
  const homes = play('rehearse homes', site.all.filter(runsNow)).task('restored', ({ host, from }) =>
    backup.rehearse({ artefact: from(made.homes, host).home }),
  )
  const { repository } = made
  const svn =
    repository &&
    play('rehearse SVN', site.migration).task('restored', ({ host, from }) =>
      backup.rehearse({ artefact: from(repository, host).dump }),
    )
  return {
    plays: [...(tried.length === 0 ? [] : [databases]), homes, ...(svn === undefined ? [] : [svn])],
    said: (from) => {
      const most = (done: readonly { readonly restored: backup.Rehearsed }[]) =>
        `${Math.max(0, ...done.map(({ restored }) => restored.seconds))} s`
      const parts = [
        ...(tried.length === 0 ? [] : [`databases ${most(tried.map((db) => from(databases, db)))}`]),
        `homes ${most(from.all(homes).map(({ results }) => results))}`,
        ...(svn === undefined ? [] : [`SVN ${most([from(svn, site.migration)])}`]),
      ]
      return `All were restored into scratch and compared${untried}; it took at most: ${parts.join(', ')}.`
    },
  }
}
