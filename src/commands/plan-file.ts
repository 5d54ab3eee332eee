import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { TypedBecome } from '../inventory/become-vars.ts'
import { plainValue } from '../inventory/plain-secrets.ts'
import type { KnownRun, RunFolder } from '../journal/runs.ts'
import { writeWhole } from '../journal/whole-file.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { stableText } from '../model/json.ts'
import { type PlanDocument, planText, readPlan } from '../plan/document.ts'
import { basisDocument, type PlanBasis, planDocument, refuseSecrets } from '../plan/make-document.ts'
import { movedBasis, movedFacts } from '../plan/moved.ts'
import { hider } from '../plan/secretive.ts'
import { Exit } from './exit.ts'
import { becomeText, becomeTyped, type LoginFlags, type RunFlags, selectionOf } from './flags.ts'
import { type Looked, look } from './look.ts'
import { exitCodeOf } from './outcome.ts'
import type { Prepared } from './prepare.ts'
import { version } from './version.ts'

/** The flags that a plan keeps, so that its run needs none of them. */
export type SelectionFlags = Pick<RunFlags, 'inventory' | 'limit' | 'extraVars'>

/** The plan of what was prepared and looked at, as a value. Throws an InputError when a secret would stand in it. */
export function documentOf(io: Io, prepared: Prepared, flags: SelectionFlags, looked: Looked): PlanDocument {
  refuseSecrets(prepared.record.extraVars, plainNames(prepared))
  const salt = randomBytes(12).toString('hex')
  return planDocument(basisOf(io, prepared, flags), looked, hider(salt, plainValues(prepared)))
}

/** The values of secrets that stand openly in the inventory, as its types know them. */
const plainValues = ({ secrets, inventory }: Prepared): ReadonlySet<string> =>
  new Set(secrets.flatMap((name) => plainValue(inventory, name) ?? []))

/** The variables that such secrets stand in. */
const plainNames = ({ secrets }: Prepared): ReadonlySet<string> =>
  new Set(secrets.flatMap((name) => /^inventory:([^/]+)(?:\/.*)? of group all$/s.exec(name)?.[1] ?? []))

function basisOf(io: Io, { record, schedule }: Prepared, flags: SelectionFlags): PlanBasis {
  return {
    tool: version,
    made: io.now().toISOString(),
    playbook: { name: schedule.playbook, file: record.playbook, digest: record.digest },
    inventory: record.inventory,
    limit: record.limit,
    given: flags.extraVars.map((text) =>
      text.trim().startsWith('@') ? `@${resolve(io.cwd, text.trim().slice(1))}` : text,
    ),
    extraVars: record.extraVars,
    become: becomeTyped(record.login ?? {}),
  }
}

/** Writes a plan's file. */
export async function storePlan(io: Io, file: string, plan: PlanDocument): Promise<void> {
  const path = resolve(io.cwd, file)
  // One level: Node's recursive mkdir never ends where a file system refuses by "no such file" (/proc).
  await mkdir(dirname(path)).catch(() => undefined)
  await writeWhole(path, planText(plan)).catch((error: Error) => {
    throw new InputError(`--out ${file}: ${error.message}`)
  })
}

/** Reads a plan's file. */
export async function loadPlan(io: Io, file: string): Promise<PlanDocument> {
  const text = await readFile(resolve(io.cwd, file), 'utf8').catch((error: Error) => {
    throw new InputError(
      `--plan ${file}: ${error.message}`,
      'Make one: upgrade-fleet plan PLAYBOOK --out FILE',
    )
  })
  return readPlan(file, text)
}

/** The path of the plan that a run holds to, in its folder. */
export const planPath = (folder: { readonly path: string }): string => join(folder.path, 'plan.json')

/** The plan that a run was begun by, or undefined. */
export async function planOfRun(folder: Pick<RunFolder, 'id' | 'path'>): Promise<PlanDocument | undefined> {
  const path = planPath(folder)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  const without = `To go on without it: upgrade-fleet resume ${folder.id} --accept-changed`
  return text === undefined ? undefined : readPlan(path, text, without)
}

/**
 * The playbook and flags that a plan's run is prepared by; nothing that the plan has fixed may be given beside it, but for
 * the same user to become once more.
 */
export function flagsOfPlan(
  io: Io,
  plan: PlanDocument,
  playbook: string | undefined,
  flags: RunFlags,
): { readonly playbook: string; readonly flags: RunFlags } {
  const { become } = plan.selection
  const typed = becomeTyped(flags)
  const given = [
    ...(typed === undefined || sameBecome(typed, become)
      ? []
      : [`${becomeText(typed)} (the plan was made with ${becomeText(become) || 'nothing of that'})`]),
    ...(playbook === undefined || resolve(io.cwd, playbook) === plan.playbook.file
      ? []
      : ['another playbook']),
    ...(flags.inventory.length > 0 ? ['--inventory'] : []),
    ...(flags.limit === undefined ? [] : ['--limit']),
    ...(flags.where === undefined ? [] : ['--where']),
    ...(flags.extraVars.length > 0 ? ['--extra-vars'] : []),
    ...(selectionOf(flags) === undefined ? [] : ['--tags, --skip-tags or --start-at-task']),
  ]
  if (given.length > 0)
    throw new InputError(
      `--plan: expected nothing that the plan has fixed, got ${given.join(', ')} beside it`,
      'Run the plan as it is, or make another: upgrade-fleet plan PLAYBOOK --out FILE',
    )
  if (plan.findings.length > 0)
    throw new InputError(
      [
        'This plan cannot be run: what it found was wrong when it was made.',
        ...plan.findings.map(({ task, message }) => `${task}: ${message}`),
      ],
      'Mend it, and plan anew.',
    )
  const { sources } = plan.inventory
  const { limit, given: extraVars } = plan.selection
  return {
    playbook: plan.playbook.file,
    flags: { ...flags, inventory: sources, extraVars, ...(limit !== null && { limit }), ...become },
  }
}

const sameBecome = (one: TypedBecome | undefined, other: TypedBecome | undefined): boolean =>
  stableText({ ...one }) === stableText({ ...other })

/** Refuses to go on with a run of a plan as other users than it was begun as. Throws an InputError. */
export function refuseOtherUsers(
  { folder, record }: Pick<KnownRun, 'folder' | 'record'>,
  flags: LoginFlags,
): void {
  const before = becomeTyped(record.login ?? {})
  const now = becomeTyped(flags)
  if (sameBecome(before, now)) return
  throw new InputError(
    `resume: expected the users that the plan of this run becomes (${becomeText(before) || 'none was typed'}), got ${becomeText(now)}`,
    `Leave it out; or leave the plan: upgrade-fleet resume ${folder.id} --accept-changed ${becomeText(now)}`,
  )
}

/** Refuses a plan of which anything moved that is known without asking the hosts. Throws an InputError with all of it. */
export function refuseMovedBasis(
  io: Io,
  plan: PlanDocument,
  prepared: Prepared,
  flags: SelectionFlags,
): void {
  refuse(
    movedBasis(plan, basisDocument(basisOf(io, prepared, flags), hider(plan.salt, plainValues(prepared)))),
  )
}

/** Asks the hosts again, and refuses a plan of which a fact or a decision moved. Throws an InputError with all of it. */
export async function refuseMovedFacts(
  io: Io,
  plan: PlanDocument,
  prepared: Prepared,
  flags: SelectionFlags & LoginFlags & Pick<RunFlags, 'forks'>,
): Promise<void> {
  const looked = await look(io, prepared, { ...flags, offline: plan.offline })
  if (looked.interrupted) throw new Exit(exitCodeOf('interrupted'))
  refuse(
    movedFacts(
      plan,
      planDocument(basisOf(io, prepared, flags), looked, hider(plan.salt, plainValues(prepared))),
    ),
  )
}

const most = 60

function refuse(moved: readonly string[]): void {
  if (moved.length === 0) return
  const more = moved.length > most ? [`and ${moved.length - most} more`] : []
  throw new InputError(
    ['The plan does not hold any more; nothing was changed. What moved since it was made:'].concat(
      moved.slice(0, most).map((line) => `  ${line}`),
      more,
    ),
    'Look at the difference, and plan anew: upgrade-fleet plan PLAYBOOK --out FILE',
  )
}
