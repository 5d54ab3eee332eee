import type { Json } from '../model/json.ts'
import { anotherBy } from '../model/machine-identity.ts'
import { taskParts } from '../model/schedule.ts'
import type { PlanDocument, PlanTask } from './document.ts'
import { differences } from './leaves.ts'
import type { PlanAsked } from './make-document.ts'
import { isHidden } from './secretive.ts'

/** What a plan rests on and that is another now, as lines: for which host, and what. Empty: nothing moved. */
export function movedBasis(plan: PlanDocument, now: Omit<PlanDocument, keyof PlanAsked>): readonly string[] {
  return [
    ...(plan.tool === now.tool
      ? []
      : [`upgrade-fleet: the plan was made by version ${plan.tool}, this is ${now.tool}`]),
    ...(plan.playbook.digest === now.playbook.digest
      ? []
      : [`playbook: ${now.playbook.file} (or a file that it imports) has changed`]),
    ...movedInventory(plan.inventory, now.inventory),
    ...(plan.artifacts.digest === now.artifacts.digest
      ? []
      : movedArtifacts(plan.artifacts.list, now.artifacts.list)),
    ...(plan.selection.digest === now.selection.digest ? [] : movedSelection(plan.selection, now.selection)),
  ]
}

function movedInventory(plan: PlanDocument['inventory'], now: PlanDocument['inventory']): readonly string[] {
  if (plan.digest === now.digest) return []
  const lines: string[] = []
  /** The same change of many hosts is one line. */
  const changes = new Map<string, string[]>()
  const hosts = byName(now.hosts)
  for (const old of plan.hosts) {
    const host = hosts.get(old.name)
    if (host === undefined) lines.push(`${old.name}: it is not in the inventory any more`)
    else
      for (const change of [
        ...listChange('its groups', old.groups, host.groups),
        ...varChanges(old.vars, host.vars),
      ])
        changes.set(change, [...(changes.get(change) ?? []), old.name])
  }
  const known = byName(plan.hosts)
  for (const { name } of now.hosts) if (!known.has(name)) lines.push(`${name}: it is new in the inventory`)
  for (const [change, names] of changes) lines.push(`${names.join(', ')}: ${change}`)
  const groups = byName(now.groups)
  for (const old of plan.groups) {
    const group = groups.get(old.name)
    const found =
      group === undefined
        ? ['it is not there any more']
        : [...listChange('its hosts', old.hosts, group.hosts), ...varChanges(old.vars, group.vars)]
    for (const change of found) if (!changes.has(change)) lines.push(`group ${old.name}: ${change}`)
  }
  const old = byName(plan.groups)
  for (const { name } of now.groups) if (!old.has(name)) lines.push(`group ${name}: it is new`)
  return lines.length > 0 ? lines : ['inventory: its hosts or groups stand in another order']
}

const byName = <T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> =>
  new Map(list.map((one) => [one.name, one]))

function listChange(what: string, old: readonly string[], now: readonly string[]): readonly string[] {
  return old.join(' ') === now.join(' ') ? [] : [`${what}: ${old.join(', ')} -> ${now.join(', ')}`]
}

function varChanges(
  old: Readonly<Record<string, Json>>,
  now: Readonly<Record<string, Json>>,
): readonly string[] {
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((name) => {
    if (isHidden(old[name]) || isHidden(now[name]))
      return differences(old[name], now[name]).length === 0 ? [] : [`var ${name}: it has changed (a secret)`]
    return changed(`var ${name}`, old[name], now[name])
  })
}

/** The differences of two values, each behind what it is of; a hidden value within is not told. */
function changed(what: string, old: Json, now: Json): readonly string[] {
  return differences(old, now).map((line) => {
    if (line.includes('$hidden: '))
      return `${what}: ${line.slice(0, line.indexOf('$hidden: '))}it has changed (a secret)`
    return line.includes(': ') && (typeof old === 'object' || typeof now === 'object')
      ? `${what}.${line}`
      : `${what}: ${line}`
  })
}

function movedArtifacts(old: Json, now: Json): readonly string[] {
  const listed = (list: Json): ReadonlyMap<string, Json> =>
    new Map(
      (Array.isArray(list) ? list : []).map((item: Json) => {
        const name = typeof item === 'object' && item !== null && 'name' in item ? String(item['name']) : ''
        return [name, item]
      }),
    )
  const [before, fresh] = [listed(old), listed(now)]
  const lines = [...new Set([...before.keys(), ...fresh.keys()])].flatMap((name) => {
    if (!fresh.has(name)) return [`artifact ${name}: it is not listed any more`]
    if (!before.has(name)) return [`artifact ${name}: it is new`]
    return changed(`artifact ${name}`, before.get(name), fresh.get(name))
  })
  return lines.length > 0 ? lines : ['artifacts: they are listed in another order']
}

function movedSelection(old: PlanDocument['selection'], now: PlanDocument['selection']): readonly string[] {
  return [
    ...(old.limit === now.limit ? [] : [`--limit: ${old.limit ?? '(none)'} -> ${now.limit ?? '(none)'}`]),
    ...changed('-e', old.extra_vars, now.extra_vars),
    ...changed('whom tasks become', { ...old.become }, { ...now.become }),
  ]
}

/** Something about a task that moved. */
type Moved = readonly [task: string, what: string]

/**
 * What the hosts say that they did not say when the plan was made, and what would be decided otherwise now, as lines: each
 * task once, hosts with the same to be said of the same task together.
 */
export function movedFacts(plan: PlanDocument, now: PlanDocument): readonly string[] {
  const facts = new Map(now.facts.map((fact) => [fact.task, fact]))
  const old = new Set(plan.findings.map(({ task }) => task))
  const found = now.findings.flatMap(({ task, message }): readonly Moved[] =>
    old.has(task) ? [] : [[task, message]],
  )
  const moved = plan.facts.flatMap((before): readonly Moved[] => {
    const fact = facts.get(before.task)
    if (fact === undefined || fact.digest === before.digest) return []
    const what = differences(before.output, fact.output)
    return [[before.task, what.length > 0 ? shortened(what) : 'its output has changed']]
  })
  const others = Object.entries(plan.machines ?? {}).flatMap(([name, before]): readonly string[] => {
    const who = now.machines?.[name]
    const by = who && anotherBy(before, who)
    return by === undefined ? [] : [`${name}: it is another machine: ${by}`]
  })
  const gone = plan.facts.flatMap(({ task }): readonly Moved[] =>
    facts.has(task) ? [] : [[task, 'it was observed, and now it is not']],
  )
  const told = new Set<string>()
  const once = [...found, ...moved, ...movedDecisions(plan, now), ...gone].filter(
    ([task]) => told.size !== told.add(task).size,
  )
  return [...others, ...movedGates(plan, now), ...byHost(once)]
}

/** Gates at which the run would end now, and did not. */
function movedGates(plan: PlanDocument, now: PlanDocument): readonly string[] {
  const ending = (document: PlanDocument) =>
    document.parts.flatMap((part) => ('ends' in part && part.ends ? [part] : []))
  const before = new Set(ending(plan).map(({ name }) => name))
  return ending(now)
    .filter(({ name }) => !before.has(name))
    .map(({ name, text }) => `"${name}" would end the run now: ${text}`)
}

function byHost(moved: readonly Moved[]): readonly string[] {
  const lines = new Map<string, string[]>()
  for (const [id, what] of moved) {
    const { play, host, task } = taskParts(id)
    const line = `${play} > ${task}: ${what}`
    lines.set(line, [...(lines.get(line) ?? []), host])
  }
  return [...lines].map(([line, hosts]) => `${hosts.join(', ')} > ${line}`)
}

/** The tasks of a stored plan, by id. */
export const planTasks = (plan: Pick<PlanDocument, 'parts'>): ReadonlyMap<string, PlanTask> =>
  new Map(
    plan.parts.flatMap((part) =>
      'tasks' in part ? part.tasks.map((task) => [task.task, task] as const) : [],
    ),
  )

function movedDecisions(plan: PlanDocument, now: PlanDocument): readonly Moved[] {
  const [before, fresh] = [planTasks(plan), planTasks(now)]
  return [...new Set([...before.keys(), ...fresh.keys()])].flatMap((id): readonly Moved[] => {
    const [old, task] = [before.get(id), fresh.get(id)]
    if (old === undefined) return [[id, 'it is not in the plan, and would be done now']]
    if (task === undefined) return [[id, 'it is in the plan, and would not be done now']]
    if (old.over !== task.over) return [[id, `${overText(old.over)} -> ${overText(task.over)}`]]
    if (old.as !== task.as)
      return [[id, `as ${old.as ?? 'the host says'} -> as ${task.as ?? 'the host says'}`]]
    if (old.module !== task.module || old.does !== task.does)
      return [[id, `${old.module ?? old.word} -> ${task.module ?? task.word}`]]
    if (old.input_digest !== task.input_digest)
      return [[id, `its input: ${shortened(differences(old.input, task.input))}`]]
    return old.word === task.word ? [] : [[id, `${old.word} -> ${task.word}`]]
  })
}

/** Over which machine a task is done. */
export const overText = (over: string | undefined): string => `over ${over ?? 'its own host'}`

const shortened = (lines: readonly string[]): string =>
  lines.length > 5 ? `${lines.slice(0, 5).join('; ')}; and ${lines.length - 5} more` : lines.join('; ')
