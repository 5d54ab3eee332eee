import { Command } from 'commander'
import { inspectJournal } from '../journal/file.ts'
import type { ParsedJournal } from '../journal/parse.ts'
import { type KeptRun, listRecords } from '../journal/runs.ts'
import type { Io } from '../model/io.ts'
import { sanitize } from '../model/sanitize.ts'
import { plural } from '../report/text.ts'
import { Exit } from './exit.ts'
import { stateOption } from './flags.ts'
import { keptRun, rollbacksOf } from './known.ts'
import { exitCodeOf } from './outcome.ts'
import { stateDirectory } from './paths.ts'

/** `upgrade-fleet verify-journal [RUN]`: whether a run's journals, and those of its rollbacks, can be trusted; changes nothing. */
export function verifyJournalCommand(io: Io): Command {
  return new Command('verify-journal')
    .argument('[run]', 'the id of the run (default: the latest)')
    .description("check a run's journals")
    .addOption(stateOption())
    .action(async (id: string | undefined, flags: { readonly state?: string }) => {
      const state = stateDirectory(io, flags.state)
      const kept = await listRecords(state)
      const run = keptRun(state, kept, id)
      let damaged = false
      for (const one of [run, ...rollbacksOf(kept, run)]) {
        const { lines, good } = await verified(one)
        io.out(lines.map((line, at) => `${at === 0 ? '' : '  '}${line}\n`).join(''))
        damaged ||= !good
      }
      if (damaged) throw new Exit(exitCodeOf('needs-operator'))
    })
}

async function verified({ folder }: KeptRun): Promise<{ lines: readonly string[]; good: boolean }> {
  const head = `${folder.id}: ${folder.journal}`
  const read = await inspectJournal(folder.journal).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (read === undefined) return { lines: [head, 'there is no journal: nothing was begun'], good: true }
  const wrong = problemOf(read, folder.id)
  return {
    lines: [head, contents(read), ...(wrong === undefined ? good(read) : [`DAMAGED: ${wrong}`])],
    good: wrong === undefined,
  }
}

function contents({ events, version }: ParsedJournal): string {
  const [first, last] = [events[0], events.at(-1)]
  const times = first && last ? `, from ${sanitize(first.at)} to ${sanitize(last.at)}` : ''
  return `${plural(events.length, 'event')}${times}; format version ${version}`
}

function problemOf({ damage, tooNew, version, events }: ParsedJournal, id: string): string | undefined {
  const [first] = events
  if (tooNew)
    return `it was made by a newer upgrade-fleet (version ${version} of the format): check it with that`
  if (damage !== undefined) return `line ${damage.line}: ${sanitize(damage.why)}`
  if (first?.type === 'run.started' && first.run !== id)
    return `it is the journal of the run ${sanitize(first.run)}`
  return undefined
}

function good({ version, torn }: ParsedJournal): readonly string[] {
  const chain =
    version === 1
      ? 'good: all numbers and checksums fit (version 1 has no chain)'
      : 'good: every line follows on the one before it'
  const tail = `after it a torn tail of ${plural(torn, 'byte')}, as a crash leaves it: resume and rollback go on without it`
  return torn === 0 ? [chain] : [chain, tail]
}
