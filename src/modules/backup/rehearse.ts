import { type Action, change } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { shortDigest } from '../archives/mark.ts'
import { type RehearsedDatabase, rehearse as rehearseDatabase } from '../database/rehearse.ts'
import type { Database, Dump } from '../database/types.ts'
import { absolute } from '../files/look.ts'
import { room } from '../room.ts'
import { type Dumped, loading, provenDump } from '../svn/dump.ts'
import { clock, runJob } from '../target.ts'
import type { TreeBackup } from './tree.ts'
import { neededBy, proveSame, unpacking } from './tree-restore.ts'

/** What is rehearsed: a tree or a repository in a directory of its own, a dump in a schema of its own. */
export type RehearseInput =
  | {
      readonly artefact: TreeBackup | Dumped
      /** Where it is unpacked: beside the backup unless told. */
      readonly scratch?: string | undefined
    }
  | { readonly artefact: Dump; readonly db: Database }

/** What a rehearsal came to: it is whole, and takes about so many seconds. */
export type Rehearsed =
  | RehearsedDatabase
  | {
      readonly kind: 'tree' | 'svn'
      readonly file: string
      readonly entries: number
      readonly seconds: number
    }

/**
 * Restores an artefact into scratch as a restore would, compares it with what was recorded, times it, and removes it again, also
 * when it fails. What is live is never touched.
 */
export function rehearse(input: RehearseInput): Action<Rehearsed> {
  return 'db' in input
    ? rehearseDatabase({ db: input.db, dump: input.artefact })
    : inDirectory({ artefact: input.artefact, scratch: input.scratch })
}

type InDirectory = { readonly artefact: TreeBackup | Dumped; readonly scratch?: string | undefined }

const inDirectory = change<InDirectory, Rehearsed, { readonly at: string }>('backup.rehearse', {
  async remember(on, { artefact: { file }, scratch }) {
    const dir = scratch ?? file.slice(0, file.lastIndexOf('/'))
    absolute(dir)
    return { at: `${dir}/.upgrade-fleet-rehearsal-${shortDigest({ run: on.run, task: on.task, file })}` }
  },
  async apply(on, { artefact }, { at }) {
    const { kind, file } = artefact
    const began = clock()
    if (artefact.kind === 'tree') {
      await proveSame(on, artefact)
      await runJob(on, 'rehearsal', unpacking(artefact, at), {
        before: () => room(on, at, neededBy(artefact), `a rehearsal of ${file}`),
        grows: { tree: at, bytes: Math.max(1, artefact.size) },
      })
    } else {
      await provenDump(on, file)
      await runJob(
        on,
        'rehearsal',
        sh`( set -e; umask 077; s=${at}; rm -rf -- "$s"; mkdir -- "$s"
trap 'rm -rf -- "$s"' EXIT; trap 'exit 143' HUP INT TERM; t=$s/repository
${loading(artefact)} )`,
        { before: () => room(on, at, artefact.plain * 2.2, `a rehearsal of ${file}`) },
      )
    }
    const seconds = Math.ceil(clock() - began)
    const entries = artefact.kind === 'tree' ? artefact.listed : artefact.entries
    on.say(`${file} was restored into scratch in ${seconds} s, and is whole`)
    return { kind, file, entries, seconds }
  },
  async undo(on, _input, { at }) {
    await on.must(sh`[ ! -d ${at} ] || chmod -R u+rwX -- ${at}; rm -rf -- ${at} ${`${at}.scratch`}`, {
      timeout: 24 * 3600,
    })
  },
})
