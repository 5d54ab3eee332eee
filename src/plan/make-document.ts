import { InputError } from '../model/errors.ts'
import type { Inventory } from '../model/inventory.ts'
import { type Json, stableText } from '../model/json.ts'
import type { MachineIdentity } from '../model/machine-identity.ts'
import { redactDeep, redactor } from '../model/redact.ts'
import type { State } from '../model/state.ts'
import { isTelling } from '../model/telling.ts'
import { digestOf } from './digest.ts'
import {
  type PlanBecome,
  type PlanDocument,
  type PlanFact,
  type PlanPart,
  type PlanTask,
  sealed,
} from './document.ts'
import type { PlannedPart, PlannedTask } from './outline.ts'
import type { Hider } from './secretive.ts'
import { plannedTasks, pointOfNoReturn } from './summary.ts'

/** What a plan rests on, as it was read before any host was asked. */
export interface PlanBasis {
  readonly tool: string
  readonly made: string
  readonly playbook: PlanDocument['playbook']
  /** As the files say it, without extra vars. */
  readonly inventory: Inventory
  readonly limit: string | undefined
  readonly given: readonly string[]
  readonly extraVars: Readonly<Record<string, Json>>
  /** `-b` and its companions. */
  readonly become?: PlanBecome | undefined
}

/** What asking the hosts came to; without it, nobody was asked. */
export interface PlanOutcome {
  readonly parts: readonly PlannedPart[]
  readonly state: State | undefined
  readonly findings: PlanDocument['findings']
  /** The machines that were asked, by name. */
  readonly machines?: ReadonlyMap<string, MachineIdentity>
}

/** The part of a plan that is known without asking anybody: all its digests but those of facts and tasks. */
export function basisDocument(basis: PlanBasis, hider: Hider): Omit<PlanDocument, keyof PlanAsked> {
  const { inventory, limit, given } = basis
  const list = inventory.groups.find(({ name }) => name === 'all')?.vars['artifacts'] ?? []
  // Every host has the list of artifacts from `all`: it is kept once.
  const vars = (owner: { readonly vars: Readonly<Record<string, Json>> }) => {
    const { artifacts, ...own } = owner.vars
    const others = stableText(artifacts) === stableText(list) ? own : owner.vars
    return hider.hide(others) as Readonly<Record<string, Json>>
  }
  const hosts = inventory.hosts.map((host) => ({ name: host.name, groups: host.groups, vars: vars(host) }))
  const groups = inventory.groups.map((group) => ({
    name: group.name,
    hosts: group.hosts,
    vars: vars(group),
  }))
  const selection = {
    limit: limit ?? null,
    extra_vars: basis.extraVars,
    ...(basis.become && { become: basis.become }),
  }
  return {
    format: 1,
    tool: basis.tool,
    made: basis.made,
    salt: hider.salt,
    playbook: basis.playbook,
    inventory: { sources: inventory.sources, digest: digestOf({ hosts, groups }), hosts, groups },
    artifacts: { digest: digestOf(list), list },
    selection: { digest: digestOf(selection), ...selection, given },
  }
}

/** The fields of a plan that asking the hosts fills. */
export type PlanAsked = Pick<
  PlanDocument,
  'digest' | 'offline' | 'facts' | 'machines' | 'parts' | 'point_of_no_return' | 'findings'
>

/**
 * A whole plan. What was hidden in the variables is hidden in inputs, outputs and texts too. Names stay: tasks are found
 * again by them, and a password may be a word of one.
 */
export function planDocument(basis: PlanBasis, outcome: PlanOutcome, hider: Hider): PlanDocument {
  const known = basisDocument(basis, hider)
  const { parts, state, findings, machines = new Map() } = outcome
  const redact = redactor(() => hider.values)
  const asked: Omit<PlanAsked, 'digest'> = {
    offline: state === undefined,
    facts: state === undefined ? [] : factsOf(parts, state).map((fact) => shown(fact, redact)),
    ...(machines.size > 0 && { machines: Object.fromEntries(machines) }),
    parts: parts.map(partOf).map((part) => shownPart(part, redact)),
    point_of_no_return: pointOfNoReturn(parts)?.id ?? null,
    findings: findings.map((finding) => shown(finding, redact)),
  }
  return sealed({ ...known, ...asked })
}

type Redact = (text: string) => string

/** What people, machines and variables said; all else of a plan is names and digests. */
const said: ReadonlySet<string> = new Set(['input', 'output', 'why', 'text', 'message'])

const shown = <T extends object>(one: T, redact: Redact): T =>
  Object.fromEntries(
    Object.entries(one).map(([key, value]) => [key, said.has(key) ? redactDeep(value, redact) : value]),
  ) as T

const shownPart = (part: PlanPart, redact: Redact): PlanPart =>
  'tasks' in part ? { ...part, tasks: part.tasks.map((task) => shown(task, redact)) } : shown(part, redact)

/** Refuses extra vars that would put a secret into a plan: by their names, or as the fleet declares them. Throws an InputError. */
export function refuseSecrets(
  extraVars: Readonly<Record<string, Json>>,
  declared: ReadonlySet<string> = new Set(),
): void {
  const names = Object.entries(extraVars).flatMap(([name, value]) =>
    (isTelling(name) || declared.has(name)) && (typeof value === 'string' || typeof value === 'number')
      ? [name]
      : [],
  )
  if (names.length === 0) return
  throw new InputError(
    names.map(
      (name) =>
        `-e ${name}: a plan that is stored keeps no secrets, and this ${declared.has(name) ? 'is one' : 'name sounds like one'}`,
    ),
    `Give it by name: -e '{"${names[0]}": {"env": "NAME"}}'`,
  )
}

function factsOf(parts: readonly PlannedPart[], state: State): readonly PlanFact[] {
  return plannedTasks(parts).flatMap(({ id, once, known }) => {
    if (!('expected' in known) || !['observed', 'no-change'].includes(known.expected.kind)) return []
    const { output } = state.tasks.get(once?.asked ?? id) ?? {}
    const rested = known.steady === undefined ? output : known.steady(output)
    return [{ task: id, digest: digestOf(rested), output }]
  })
}

function partOf(part: PlannedPart): PlanPart {
  if (part.kind !== 'wave') return { kind: part.kind, name: part.name, text: part.text, ends: part.ends }
  const { play, wave, of, hosts, stopsAt } = part
  return { kind: 'wave', play, wave, of, hosts, stops_at: stopsAt ?? null, tasks: part.planned.map(taskOf) }
}

const words = {
  observed: 'observed',
  'would-change': 'would change',
  'no-change': 'no change',
  unknown: 'unknown',
} as const

function taskOf({ id, known, once, over, as }: PlannedTask): PlanTask {
  const at = {
    task: id,
    ...(once && { once: once.scope }),
    ...(over !== undefined && { over }),
    ...(as !== undefined && { as }),
  }
  switch (known.kind) {
    case 'skip':
      return { ...at, does: 'skip', word: 'skipped', why: known.why }
    case 'later':
      return { ...at, does: 'later', word: 'unknown', until: known.after }
    default: {
      const { kind, module, input, expected, back } = known
      return {
        ...at,
        does: kind,
        word: words[expected.kind],
        ...(expected.kind === 'unknown' && { until: expected.until }),
        module,
        input_digest: digestOf(input),
        input,
        ...(back !== undefined && { back: back.kind }),
        ...(back?.kind === 'restored' && { restored_by: back.by }),
        ...(back?.kind === 'never' && { why: back.why }),
      }
    }
  }
}
