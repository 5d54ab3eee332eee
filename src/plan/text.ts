import { durationText } from '../model/duration.ts'
import { sanitize } from '../model/sanitize.ts'
import { leafMap, leafText, taskText } from './known-text.ts'
import type { PlannedGate, PlannedPart, PlannedTask, PlannedWave } from './outline.ts'
import { type Past, waveKey } from './past.ts'
import { eachOnce, pointOfNoReturn, tally } from './summary.ts'
import { wrapped } from './wrap.ts'

/** What the text of a plan shows besides the plan: all values of all inputs, and what earlier runs took. */
export interface TextOptions {
  readonly verbose?: boolean
  readonly past?: Past
  /** More to say of a wave. */
  readonly waveNote?: (wave: PlannedWave) => readonly string[]
}

const columns = 110

/** A plan for a person: per play its waves and what would be done, hosts with the same line folded together; sums at the end. */
export function outlineText(parts: readonly PlannedPart[], options: TextOptions = {}): string {
  const end = pointOfNoReturn(parts)
  const texts = byPlay(parts).map((part) => {
    if ('kind' in part) return gateText(part)
    const lines = folded(eachOnce(part.flatMap((wave) => wave.planned))).flatMap((tasks) => [
      ...(end !== undefined && tasks.includes(end)
        ? ['  POINT OF NO RETURN: what follows cannot be taken back']
        : []),
      ...groupText(part, tasks, options.verbose === true),
    ])
    return [...headOf(part, options), ...lines, ''].join('\n')
  })
  return [...texts, sums(parts, options)].join('\n')
}

/** The waves of each play together; gates stay alone. */
function byPlay(parts: readonly PlannedPart[]): readonly (PlannedGate | readonly PlannedWave[])[] {
  const all: (PlannedGate | PlannedWave[])[] = []
  for (const part of parts) {
    const last = all.at(-1)
    if (part.kind !== 'wave') all.push(part)
    else if (last !== undefined && !('kind' in last) && last[0]?.play === part.play) last.push(part)
    else all.push([part])
  }
  return all
}

function gateText(gate: PlannedGate): string {
  const [name, text] = [sanitize(gate.name), sanitize(gate.text)]
  switch (gate.kind) {
    case 'approval':
      return `ASK ${name}: ${text}
`
    case 'cutover':
      return `CUT-OVER ${name}: ${text}
`
    case 'conclusion':
      return gate.ends
        ? `END HERE, ${name}: ${text}; nothing more is done
`
        : `END HERE IF ${name}: ${text}
`
  }
}

function headOf(waves: readonly PlannedWave[], options: TextOptions): readonly string[] {
  const [first] = waves
  if (first === undefined) return []
  const lines = waves.map((wave) => {
    const took = options.past?.waves.get(waveKey(wave.play, wave.wave))?.seconds
    const words = [
      stopText(wave),
      ...wave.rollout,
      ...(took === undefined ? [] : [`took ${durationText(took)} last time`]),
      ...(options.waveNote?.(wave) ?? []),
    ]
    return `${wave.hosts.map(sanitize).join(', ')} (${words.join('; ')})`
  })
  const fitted = (line: string) => wrapped(line.split(' '), ' ', columns).join('\n      ')
  if (waves.length === 1) return [fitted(`PLAY ${sanitize(first.play)}: ${lines[0]}`)]
  return [
    `PLAY ${sanitize(first.play)}, ${waves.length} waves`,
    ...lines.map((line, at) => fitted(`  wave ${at + 1}: ${line}`)),
  ]
}

/** When the wave stops the run, in words. */
function stopText({ stopsAt, hosts }: PlannedWave): string {
  if (stopsAt === undefined) return 'a failure does not stop it'
  if (hosts.length === 1) return 'stops when it fails'
  return `stops when the ${ordinal(stopsAt)} of ${hosts.length} fails`
}

function ordinal(number: number): string {
  const [tens, ones] = [number % 100, number % 10]
  const ending = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][ones] ?? 'th')
  return `${number}${ending}`
}

/** The tasks of a wave by their names, those of one name that read the same together; in the order of the first host. */
function folded(planned: readonly PlannedTask[]): readonly (readonly PlannedTask[])[] {
  const byName = new Map<string, Map<string, PlannedTask[]>>()
  for (const task of planned) {
    const groups = byName.get(task.name) ?? new Map<string, PlannedTask[]>()
    byName.set(task.name, groups)
    const key = taskText(task)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [task])
    else group.push(task)
  }
  return [...byName.values()].flatMap((groups) => [...groups.values()])
}

function groupText(
  waves: readonly PlannedWave[],
  tasks: readonly PlannedTask[],
  verbose: boolean,
): readonly string[] {
  const [first] = tasks
  if (first === undefined) return []
  const everyone = tasks.length === waves.flatMap((wave) => wave.hosts).length && tasks.length > 6
  const hosts = first.once
    ? onceText(first.once.scope, waves.length)
    : everyone
      ? `all ${tasks.length}`
      : tasks.map((task) => sanitize(task.host)).join(', ')
  const [line = '', ...rest] = wrapped(
    `${hosts} > ${sanitize(first.name)}${first.as === undefined ? '' : `, as ${sanitize(first.as)}`}: ${taskText(first)}`.split(
      ' ',
    ),
    ' ',
    columns,
  )
  return [`  ${line}`, ...rest.map((more) => `      ${more}`), ...inputText(tasks, verbose)]
}

/** For whom a task is done that is not done for each host. */
const onceText = (scope: 'play' | 'wave', waves: number): string =>
  scope === 'play' ? 'once for the play' : waves > 1 ? 'once for each wave' : 'once for the wave'

/** The inputs of tasks that are folded together: what they have in common, then what each host has of its own. */
function inputText(tasks: readonly PlannedTask[], verbose: boolean): readonly string[] {
  const inputs = tasks.flatMap(({ host, known }) =>
    'input' in known ? [{ host, leaves: leafMap(known.input) }] : [],
  )
  const paths = [...new Set(inputs.flatMap(({ leaves }) => [...leaves.keys()]))]
  const own = paths.filter((path) => new Set(inputs.map(({ leaves }) => leaves.get(path))).size > 1)
  const shared = paths.filter((path) => !own.includes(path))
  const texts = shared.map((path) => leafText(path, inputs[0]?.leaves.get(path) ?? '', verbose))
  const indent = (line: string) => `      ${line}`
  if (verbose)
    return [
      ...texts,
      ...inputs.flatMap(({ host, leaves }) =>
        own.flatMap((path) =>
          leaves.has(path) ? [`${host}: ${leafText(path, leaves.get(path) ?? '', true)}`] : [],
        ),
      ),
    ].map(indent)
  const lines = wrapped(texts, '; ', columns)
  const kept = lines.slice(0, 2)
  const left = shared.length - wrappedCount(texts, kept.length)
  const rest = [
    ...(left > 0 ? [`and ${left} more ${left === 1 ? 'value' : 'values'} (-v shows them)`] : []),
    ...(own.length > 0 ? wrapped([`by host: ${own[0]}`, ...own.slice(1)], ', ', columns) : []),
  ]
  return [...kept, ...rest].map(indent)
}

/** How many of the parts stand in the first lines of {@link wrapped}. */
function wrappedCount(parts: readonly string[], lines: number): number {
  return parts.findLastIndex((_, at) => wrapped(parts.slice(0, at + 1), '; ', columns).length <= lines) + 1
}

function sums(parts: readonly PlannedPart[], { past }: TextOptions): string {
  const { hosts, changes, same, unknown, observed, skipped, later } = tally(parts)
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`
  const end = pointOfNoReturn(parts)
  const last = past?.latest
  return [
    [
      `${hosts}:`,
      `${changes} would change, ${same} no change, ${unknown} unknown until the run knows more,`,
      `${count(observed, 'observation')}, ${skipped} skipped`,
    ].join(' '),
    end === undefined
      ? `point of no return: none${later > 0 ? ` among what is known (${later} known later)` : ': every change can be brought back'}`
      : `point of no return: ${end.id}`,
    ...(past === undefined
      ? []
      : [
          last === undefined
            ? 'last time: no earlier run'
            : `last time: ${last.seconds === undefined ? 'it did not end' : `${durationText(last.seconds)} in all`} (${last.run})`,
        ]),
    '',
  ].join('\n')
}
