import { Command } from 'commander'
import { listRecords, readRuns } from '../journal/runs.ts'
import type { Io } from '../model/io.ts'
import { type PlanDocument, planText } from '../plan/document.ts'
import { type Past, pastOf } from '../plan/past.ts'
import { outlineText } from '../plan/text.ts'
import { Exit } from './exit.ts'
import { listingOptions, type RunFlags, withForks, withOutput, withSelection } from './flags.ts'
import { listing, listsOnly } from './listing.ts'
import { type Looked, look } from './look.ts'
import { exitCodeOf } from './outcome.ts'
import { documentOf, storePlan } from './plan-file.ts'
import { type Prepared, prepare } from './prepare.ts'

type PlanFlags = RunFlags & { readonly offline: boolean; readonly out?: string }

/** `upgrade-fleet plan <playbook.ts>`: what would be done, per wave, host and task. */
export function planCommand(io: Io): Command {
  const command = new Command('plan')
    .argument('<playbook>', 'the playbook, a .ts file')
    .description('print what would be done')
    .option('--offline', 'without a connection: what is observed is then known later', false)
    .option('--out <file>', 'store the plan, for run --plan')
    .action(async (file: string, flags: PlanFlags) => {
      throw new Exit(await plan(io, file, flags))
    })
  return withOutput(withForks(withSelection(listingOptions(command))))
}

async function plan(io: Io, file: string, flags: PlanFlags): Promise<number> {
  const prepared = await prepare(io, file, flags, false)
  try {
    if (listsOnly(flags)) {
      io.out(listing(prepared.schedule, flags))
      return 0
    }
    const looked = await look(io, prepared, flags)
    if (looked.interrupted) return exitCodeOf('interrupted')
    const asValue = flags.out !== undefined || flags.output === 'json'
    const document = asValue ? documentOf(io, prepared, flags, looked) : undefined
    if (document !== undefined && flags.out !== undefined) await storePlan(io, flags.out, document)
    io.out(await shown(prepared, flags, looked, document))
    if (looked.findings.length === 0) return 0
    return exitCodeOf(looked.unreachable ? 'unreachable' : 'blocked')
  } finally {
    await prepared.discard()
  }
}

async function shown(
  prepared: Prepared,
  flags: PlanFlags,
  looked: Looked,
  document: PlanDocument | undefined,
): Promise<string> {
  if (flags.output === 'json' && document !== undefined) return planText(document)
  const past = await pastRuns(prepared.state, prepared.schedule.playbook)
  return [
    outlineText(looked.parts, { verbose: flags.verbose, past }),
    ...looked.findings.map(({ task, message }) => `FOUND ${task}: ${message}\n`),
    ...(flags.out === undefined ? [] : [`\nTo do exactly this: upgrade-fleet run --plan ${flags.out}\n`]),
  ].join('')
}

/** What earlier runs of a playbook took, by the journals in the state directory. One that is damaged hinders nobody. */
export async function pastRuns(state: string, playbook: string): Promise<Past> {
  const kept = await listRecords(state).catch(() => [])
  const runs = await Promise.all(kept.map((run) => readRuns([run]).catch(() => [])))
  return pastOf(
    playbook,
    runs.flat().map((run) => run.events),
  )
}
