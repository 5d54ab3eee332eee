import { Command } from 'commander'
import { inspectJournal } from '../journal/file.ts'
import { listRecords, type RunFolder } from '../journal/runs.ts'
import type { Io } from '../model/io.ts'
import { sanitize } from '../model/sanitize.ts'
import { fold } from '../model/state.ts'
import { linesReporter } from '../report/lines.ts'
import { stateOption } from './flags.ts'
import { findHistory } from './known.ts'
import { stateDirectory } from './paths.ts'

/** `upgrade-fleet runs`: what was run, the oldest first. */
export function runsCommand(io: Io): Command {
  return new Command('runs')
    .description('list the runs')
    .addOption(stateOption())
    .action(async (flags: { readonly state?: string }) => {
      const state = stateDirectory(io, flags.state)
      const runs = await listRecords(state)
      if (runs.length === 0) io.err(`There is no run in ${state}.\n`)
      for (const { folder, record } of runs) {
        const what = record.of === undefined ? sanitize(record.playbook) : `rollback of ${record.of}`
        io.out(`${folder.id}  ${(await howItEnded(folder)).padEnd(14)}  ${what}\n`)
      }
    })
}

/** One damaged journal must not hide the list of the others. */
async function howItEnded({ journal }: RunFolder): Promise<string> {
  const read = await inspectJournal(journal).catch(() => undefined)
  if (read === undefined) return 'not begun'
  if (read.tooNew) return 'newer'
  if (read.damage !== undefined) return 'damaged'
  return fold(read.events).outcome ?? 'not ended'
}

/** `upgrade-fleet show RUN`: what happened in a run, from its journal. */
export function showCommand(io: Io): Command {
  return new Command('show')
    .argument('[run]', 'the id of the run (default: the latest)')
    .description('tell what happened in a run')
    .addOption(stateOption())
    .action(async (id: string | undefined, flags: { readonly state?: string }) => {
      const { run, rollbacks } = await findHistory(stateDirectory(io, flags.state), id)
      for (const one of [run, ...rollbacks]) {
        const lines = linesReporter(io.out)
        for (const event of one.events) lines.event(event)
        lines.end()
      }
      const state = fold(run.events)
      io.out(`${run.folder.id}: ${state.outcome ?? 'not ended'}; journal: ${run.folder.journal}\n`)
    })
}
