import { Command } from 'commander'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { sanitize } from '../model/sanitize.ts'
import { type PlanDocument, planText } from '../plan/document.ts'
import { momentOf, timePlan, timeText } from '../plan/not-after.ts'
import type { PlannedWave } from '../plan/outline.ts'
import { waveKey } from '../plan/past.ts'
import { outlineText } from '../plan/text.ts'
import { Exit } from './exit.ts'
import {
  listingOptions,
  notAfterOption,
  type RunFlags,
  selectionOf,
  withForks,
  withLogin,
  withOutput,
  withSelection,
} from './flags.ts'
import { listing, listsOnly } from './listing.ts'
import { typedLogin } from './login.ts'
import { type Looked, look } from './look.ts'
import { exitCodeOf } from './outcome.ts'
import { pastRuns } from './past-runs.ts'
import { documentOf, storePlan } from './plan-file.ts'
import { type Prepared, prepare } from './prepare.ts'
import { readyFor } from './ready.ts'
import { refuseUnknownHosts } from './unknown-hosts.ts'

type PlanFlags = RunFlags & { readonly offline: boolean; readonly out?: string }

/** `upgrade-fleet plan <playbook.ts>`: what would be done, per wave, host and task. */
export function planCommand(io: Io): Command {
  const command = new Command('plan')
    .argument('<playbook>', 'the playbook, a .ts file')
    .description('print what would be done')
    .option('--offline', 'without a connection: what is observed is then known later', false)
    .option('--out <file>', 'store the plan, for run --plan')
    .addOption(notAfterOption())
    .action(async (file: string, flags: PlanFlags) => {
      throw new Exit(await plan(io, file, flags))
    })
  return withOutput(withLogin(withForks(withSelection(listingOptions(command)))))
}

async function plan(io: Io, file: string, given: PlanFlags): Promise<number> {
  const flags = given.offline || listsOnly(given) ? given : await typedLogin(io, given)
  const moment = flags.notAfter === undefined ? undefined : momentOf(flags.notAfter, io.now())
  if (flags.out !== undefined && selectionOf(flags) !== undefined)
    throw new InputError(
      'plan --out: a stored plan is of all tasks of a playbook, so it goes with no --tags, --skip-tags or --start-at-task',
      'Leave them out, or leave out --out.',
    )
  const prepared = await prepare(io, file, flags, false)
  try {
    if (listsOnly(flags)) {
      io.out(listing(prepared.schedule, flags))
      return 0
    }
    if (!flags.offline) {
      await readyFor(io, prepared, flags.typed)
      await refuseUnknownHosts(io, prepared, flags)
    }
    const looked = await look(io, prepared, flags)
    if (looked.interrupted) return exitCodeOf('interrupted')
    const asValue = flags.out !== undefined || flags.output === 'json'
    const document = asValue ? documentOf(io, prepared, flags, looked) : undefined
    if (document !== undefined && flags.out !== undefined) await storePlan(io, flags.out, document)
    io.out(await shown(io, { prepared, flags, moment }, looked, document))
    if (looked.findings.length === 0) return 0
    return exitCodeOf(looked.unreachable ? 'unreachable' : 'blocked')
  } finally {
    await prepared.discard()
  }
}

async function shown(
  io: Io,
  { prepared, flags, moment }: { prepared: Prepared; flags: PlanFlags; moment: Date | undefined },
  looked: Looked,
  document: PlanDocument | undefined,
): Promise<string> {
  if (flags.output === 'json' && document !== undefined) return planText(document)
  const past = await pastRuns(prepared.state, prepared.schedule.playbook)
  const waves = looked.parts.filter((part) => part.kind === 'wave')
  const times = moment && timePlan(waves, past, moment, io.now())
  const waveNote = ({ play, wave }: PlannedWave) => {
    const latest = times?.latest.get(waveKey(play, wave))
    return latest === undefined ? [] : [`must start by ${timeText(latest)}`]
  }
  return [
    outlineText(looked.parts, { verbose: flags.verbose, past, waveNote }),
    ...(times?.lines.map((line) => `${line}\n`) ?? []),
    ...looked.findings.map(({ task, message }) => `FOUND ${sanitize(`${task}: ${message}`)}\n`),
    ...(flags.out === undefined ? [] : [`\n${nextText(flags.out, looked)}\n`]),
  ].join('')
}

const nextText = (file: string, { findings }: Looked): string =>
  findings.length === 0
    ? `To do exactly this: upgrade-fleet run --plan ${file}`
    : `${file} holds this plan; it cannot be run before what was found is mended, and planned anew.`
