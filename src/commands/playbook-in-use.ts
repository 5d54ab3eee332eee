import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { KnownRun } from '../journal/runs.ts'
import { findPlaybook, type LoadedPlaybook, loadBundle, loadPlaybook } from '../load/load-playbook.ts'
import { InputError } from '../model/errors.ts'
import type { Accepted, Stamped } from '../model/event.ts'
import type { Io } from '../model/io.ts'
import type { Schedule } from '../model/schedule.ts'
import { fold } from '../model/state.ts'
import { changedPlaybook, changedText } from '../plan/changed.ts'
import { askWhichPlaybook } from './ask.ts'
import { Exit } from './exit.ts'
import { exitCodeOf } from './outcome.ts'
import { bundlePath, packageUrl } from './paths.ts'
import { applied, type Prepared } from './prepare.ts'
import { version } from './version.ts'

/** The playbook that a run goes on with or is taken back by: the newest that was accepted, else the one that it began with. */
export function inUse({ record, events }: Pick<KnownRun, 'record' | 'events'>): Omit<
  Accepted,
  'bundle_digest'
> & {
  readonly bundle_digest: string | undefined
} {
  const accepted = events.flatMap((event) => (event.type === 'run.resumed' ? (event.accepted ?? []) : []))
  return (
    accepted.at(-1) ?? { digest: record.digest, bundle: record.bundle, bundle_digest: record.bundleDigest }
  )
}

const acceptedIn = (events: readonly Stamped[]): readonly Accepted[] =>
  events.flatMap((event) => (event.type === 'run.resumed' ? (event.accepted ?? []) : []))

/** Whether somebody accepted another playbook since the run began, or that what its plan rests on is another. */
export const hasAccepted = (events: readonly Stamped[]): boolean => acceptedIn(events).length > 0

/** What the playbook in use gives. Throws an InputError when its bundle is not what was kept. */
export async function appliedInUse(
  run: KnownRun,
): Promise<Pick<Prepared, 'schedule' | 'inventory' | 'secrets'>> {
  const { bundle, bundle_digest } = inUse(run)
  return applied(await loadBundle(bundlePath(run.folder, { bundle }), bundle_digest), run.record)
}

/** What a resumed run goes on with; `accepted` when that is another playbook than before. */
export type GoingOn = Pick<Prepared, 'schedule' | 'inventory' | 'secrets'> & { readonly accepted?: Accepted }

/**
 * Compares the playbook of the project with the one in use, and goes on with the one that is chosen: by `--accept-changed`,
 * by a person, else an InputError says what differs. Throws an InputError naming begun tasks that the new one has lost.
 */
export async function playbookToGoOn(io: Io, run: KnownRun, acceptChanged: boolean): Promise<GoingOn> {
  const kept = await appliedInUse(run)
  const folder = await mkdtemp(join(tmpdir(), 'upgrade-fleet-'))
  try {
    const found = await rebuilt(io, run, folder)
    if (found === undefined || found.digest === inUse(run).digest)
      return acceptChanged ? { ...kept, ...again(run) } : kept
    const fresh = applied(found.playbook, run.record)
    if (!(await chosen(io, run, [kept.schedule, fresh.schedule], acceptChanged))) return kept
    return { ...fresh, accepted: await stored(run, found.digest) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The playbook in use, accepted once more: with it, the plan that the run was begun by is left. */
function again(run: KnownRun): Pick<GoingOn, 'accepted'> {
  const { bundle_digest, ...used } = inUse(run)
  return bundle_digest === undefined ? {} : { accepted: { ...used, bundle_digest } }
}

/** The project's playbook as it is now; undefined when its file is gone, which is said. */
async function rebuilt(io: Io, { record }: KnownRun, folder: string): Promise<LoadedPlaybook | undefined> {
  const cwd = dirname(record.playbook)
  const there = await findPlaybook(record.playbook, cwd).catch(() => undefined)
  if (there === undefined) {
    io.err(`${record.playbook} is not there any more: going on with what the run kept.\n`)
    return undefined
  }
  try {
    return await loadPlaybook(there, { cwd, runDir: folder, packageUrl: packageUrl() })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(
      [`${record.playbook} is not what this run began with, and cannot be loaded:`, ...error.problems],
      'Correct it, or put back what the run began with; then resume again.',
    )
  }
}

async function chosen(
  io: Io,
  { folder, record, events }: KnownRun,
  [old, fresh]: readonly [Schedule, Schedule],
  acceptChanged: boolean,
): Promise<boolean> {
  const changed = changedPlaybook(old, fresh, fold(events))
  const text = changedText(record.playbook, changed)
  if (changed.lost.length > 0 && (acceptChanged || !io.answers))
    throw new InputError(
      [...text.trimEnd().split('\n'), ...changed.lost],
      `Put these tasks back, so that they can be undone; or roll back: upgrade-fleet rollback ${folder.id}`,
    )
  if (acceptChanged) {
    io.err(text)
    return true
  }
  if (!io.answers)
    throw new InputError(
      text.trimEnd().split('\n'),
      `To go on with the new one: upgrade-fleet resume ${folder.id} --accept-changed; with the old one: put it back.`,
    )
  io.err(text)
  const answer = await askWhichPlaybook(changed.lost)
  if (answer === 'stop') throw new Exit(exitCodeOf('interrupted'))
  return answer === 'new'
}

/** Keeps the project's playbook in the run's folder, beside the one before. */
async function stored({ folder, record }: KnownRun, digest: string): Promise<Accepted> {
  const options = { cwd: dirname(record.playbook), runDir: folder.path, packageUrl: packageUrl() }
  const loaded = await loadPlaybook(record.playbook, options)
  if (loaded.digest !== digest)
    throw new InputError(`${record.playbook} changed while it was read: resume again.`)
  return { digest, bundle: basename(loaded.bundle), bundle_digest: loaded.bundleDigest }
}

/** A line when another version of this tool goes on with a run than the one that worked on it last. */
export function otherTool(events: readonly Stamped[]): string | undefined {
  const tools = events.flatMap((event) =>
    event.type === 'run.started' || event.type === 'run.resumed' ? (event.tool ?? []) : [],
  )
  const last = tools.at(-1)
  if (last === undefined || last === version) return undefined
  return `This run was last worked on by upgrade-fleet ${last}; this is ${version}.\n`
}
