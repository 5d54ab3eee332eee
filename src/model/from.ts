import type { Host } from './host.ts'
import { notYet } from './not-yet.ts'
import type { From, Play, Step } from './play.ts'
import { hostsOf, type Phase, type PlayPhase, playsOf, type Schedule } from './schedule.ts'
import type { Looked } from './state.ts'

/** How a host's outputs of a play are looked at, here by a later play. */
export interface Looks {
  /** The outputs as properties that are read when they are asked for. */
  results(schedule: Schedule, state: Looked, phase: PlayPhase, host: Host): object
  isHad(schedule: Schedule, state: Looked, phase: PlayPhase, host: Host, step: Step): boolean
  /** Whether a host, or the machine that it is reached through, ended a play badly: it is out of it and of what follows. */
  isLost(schedule: Schedule, state: Looked, phase: PlayPhase, host: Host): boolean
}

/** What `from` is for a part of a playbook: outputs of the plays before it. */
export function fromBefore(schedule: Schedule, state: Looked, here: Phase, looks: Looks): From {
  const before = schedule.phases.slice(0, schedule.phases.indexOf(here))
  const find = (play: Play): PlayPhase => {
    const phase = before.find((one): one is PlayPhase => one.kind === 'play' && one.play.name === play.name)
    if (phase !== undefined) return phase
    const later = playsOf(schedule).some((one) => one.play.name === play.name)
    throw new Error(
      later
        ? `the play "${play.name}" is not before this one, so its results cannot be read here`
        : `the play "${play.name}" is not in the list that the playbook returns`,
    )
  }
  const one = (play: Play, host: Host): object => {
    const phase = find(play)
    const { all: everyone, within } = namesOf(phase)
    if (!everyone.has(host.name)) throw new Error(`the host "${host.name}" is not in the play "${play.name}"`)
    if (!within.has(host.name))
      throw new Error(`the host "${host.name}" of the play "${play.name}" is left out by --limit`)
    return seenFrom(schedule, state, phase, host, looks)
  }
  const all = (play: Play): readonly { host: Host; results: object }[] =>
    allOf(schedule, state, find(play), looks)
  return Object.assign(one, { all }) as unknown as From
}

/** The names of a play's hosts, and of those within the limit; a playbook may ask for each host from each host. */
function namesOf(phase: PlayPhase): {
  readonly all: ReadonlySet<string>
  readonly within: ReadonlySet<string>
} {
  const known = names.get(phase)
  if (known !== undefined) return known
  const made = {
    all: new Set(phase.play.hosts.map((host) => host.name)),
    within: new Set(hostsOf(phase).map((host) => host.name)),
  }
  names.set(phase, made)
  return made
}
const names = new WeakMap<PlayPhase, ReturnType<typeof namesOf>>()

type All = readonly { readonly host: Host; readonly results: object }[]
interface Remembered {
  readonly phase: PlayPhase
  readonly revision: number
  /** Undefined: not all of it is there yet. */
  readonly list: All | undefined
}

/** Every host's results of a play. As long as nothing of the play changes, the answer is kept: a thousand hosts may ask. */
function allOf(schedule: Schedule, state: Looked, phase: PlayPhase, looks: Looks): All {
  const { name } = phase.play
  const revision = state.revisions.get(name) ?? 0
  const kept = remembered.get(state) ?? new Map<string, Remembered>()
  remembered.set(state, kept)
  let found = kept.get(name)
  if (found?.phase !== phase || found.revision !== revision) {
    found = { phase, revision, list: listAll(schedule, state, phase, looks) }
    // Items that a function gives may rest on other plays too.
    if (phase.play.steps.every((step) => typeof step.items !== 'function')) kept.set(name, found)
  }
  if (found.list === undefined) throw notYet(name)
  return found.list
}
const remembered = new WeakMap<Looked, Map<string, Remembered>>()

function listAll(schedule: Schedule, state: Looked, phase: PlayPhase, looks: Looks): All | undefined {
  const hosts: Host[] = []
  const before = playsOf(schedule)
  const upTo = before.slice(0, before.indexOf(phase) + 1)
  for (const host of hostsOf(phase)) {
    const complete = phase.play.steps.every((step) => looks.isHad(schedule, state, phase, host, step))
    if (complete) hosts.push(host)
    // Where something failed, nothing more is to come.
    else if (!upTo.some((one) => looks.isLost(schedule, state, one, host))) return undefined
  }
  return hosts.map((host) => ({ host, results: seenFrom(schedule, state, phase, host, looks) }))
}

/** What a later play sees of a host: made once, since its properties read the state when they are asked for. */
function seenFrom(schedule: Schedule, state: Looked, phase: PlayPhase, host: Host, looks: Looks): object {
  const seen = views.get(state) ?? new Map<PlayPhase, Map<string, object>>()
  views.set(state, seen)
  const hosts = seen.get(phase) ?? new Map<string, object>()
  seen.set(phase, hosts)
  const made = hosts.get(host.name) ?? Object.freeze(looks.results(schedule, state, phase, host))
  hosts.set(host.name, made)
  return made
}
const views = new WeakMap<Looked, Map<PlayPhase, Map<string, object>>>()
