import { Command } from 'commander'
import { listRuns } from '../journal/runs.ts'
import type { Io } from '../model/io.ts'
import { sanitize } from '../model/sanitize.ts'
import { fold } from '../model/state.ts'
import { linesReporter } from '../report/lines.ts'
import { stateOption } from './flags.ts'
import { findHistory } from './known.ts'
import { stateDirectory } from './world.ts'

/** `upgrade-fleet runs`: what was run, the oldest first. */
export function runsCommand(io: Io): Command {
  return new Command('runs')
    .description('list the runs')
    .addOption(stateOption())
    .action(async (flags: { readonly state?: string }) => {
      const state = stateDirectory(io, flags.state)
      const runs = await listRuns(state)
      if (runs.length === 0) io.err(`There is no run in ${state}.\n`)
      for (const { folder, record, events } of runs) {
        const what = record.of === undefined ? sanitize(record.playbook) : `rollback of ${record.of}`
        const ended = events.findLast((event) => event.type === 'run.ended')
        const outcome = ended?.type === 'run.ended' ? ended.outcome : 'not ended'
        io.out(`${folder.id}  ${outcome.padEnd(14)}  ${what}\n`)
      }
    })
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
