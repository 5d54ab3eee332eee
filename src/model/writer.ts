import type { Block, Entry, Play, Section, Step } from './play.ts'
import type { BlockOptions } from './task-options.ts'

/** What `block` is given beside its name and its tasks. */
type BlockParts = BlockOptions & Partial<Record<Exclude<Section, 'body'>, Fill>>
type Fill = (tasks: unknown) => Play

/** The methods that add to a play; each gives a new one. Typed by `PlayWriter`, which knows what names and outputs are there. */
export function writer(data: Play, within: Step['within'] = []): unknown {
  const add = (step: Step) => writer({ ...data, ...grown(data, step) }, within)
  return {
    ...data,
    task: (name: string, make: Step['make'], options: Step['options'] = {}) =>
      add({ kind: 'task', name, make, options, within, place: callerPlace() }),
    each: (name: string, items: Step['items'], make: Step['make'], options: Step['options'] = {}) =>
      add({ kind: 'each', name, make, options, within, place: callerPlace(), ...(items && { items }) }),
    handler: (name: string, make: Step['make'], options: Step['options'] = {}) => {
      const handler: Step = { kind: 'handler', name, make, options, within: [], place: callerPlace() }
      return writer({ ...data, handlers: [...data.handlers, handler] }, within)
    },
    flush: () => writer({ ...data, entries: [...data.entries, { kind: 'flush' }] }, within),
    block: (name: string, tasks: Fill, { rescue, always, ...common }: BlockParts = {}) => {
      const place = callerPlace()
      const section = (fill: Fill | undefined, kind: Section): Play | undefined =>
        fill?.(
          writer({ ...data, entries: [], steps: [], handlers: [], blocks: [] }, [
            ...within,
            { block: name, section: kind },
          ]),
        )
      const parts = [section(tasks, 'body'), section(rescue, 'rescue'), section(always, 'always')]
      const [body, rescued, after] = parts.map((part) => part?.entries.map((entry) => shared(entry, common)))
      const block: Block = {
        kind: 'block',
        name,
        body: body ?? [],
        rescue: rescued,
        always: after ?? [],
        within,
        place,
      }
      const all = parts.filter((part) => part !== undefined)
      return writer(
        {
          ...data,
          entries: [...data.entries, block],
          steps: [...data.steps, ...stepsIn([block])],
          handlers: [...data.handlers, ...all.flatMap((part) => part.handlers)],
          blocks: [...data.blocks, ...blocksIn([block])],
        },
        within,
      )
    },
  }
}

const grown = (data: Play, step: Step): Pick<Play, 'entries' | 'steps'> => ({
  entries: [...data.entries, step],
  steps: [...data.steps, step],
})

/** An entry of a block, with what the block says for all of its tasks. */
function shared(entry: Entry, common: BlockOptions): Entry {
  if (entry.kind === 'flush') return entry
  if (entry.kind !== 'block') {
    const tags = [common.tags ?? [], entry.options.tags ?? []].flat()
    return { ...entry, options: { ...common, ...entry.options, ...(tags.length > 0 && { tags }) } }
  }
  const all = (entries: readonly Entry[]) => entries.map((one) => shared(one, common))
  const { body, rescue, always } = entry
  return { ...entry, body: all(body), rescue: rescue && all(rescue), always: all(always) }
}

/** The tasks of entries, those of blocks among them, in the order of the text. */
export function stepsIn(entries: readonly Entry[]): readonly Step[] {
  return entries.flatMap((entry): readonly Step[] => {
    if (entry.kind === 'flush') return []
    if (entry.kind !== 'block') return [entry]
    return stepsIn([...entry.body, ...(entry.rescue ?? []), ...entry.always])
  })
}

/** The blocks of entries, those within them among them, the outer ones first. */
export function blocksIn(entries: readonly Entry[]): readonly Block[] {
  return entries.flatMap((entry): readonly Block[] =>
    entry.kind === 'block'
      ? [entry, ...blocksIn([...entry.body, ...(entry.rescue ?? []), ...entry.always])]
      : [],
  )
}

/** Where frames are ours: the directory of the built package, or, from sources, this one. */
const own = new URL('.', import.meta.url).pathname

/** The author's line that led to a task; a play of ours (`apim.verify`) stands where the playbook asked for it. */
function callerPlace(): string | undefined {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 20
  const lines = new Error().stack?.split('\n') ?? []
  Error.stackTraceLimit = stackTraceLimit
  return lines
    .map((line) => line.match(/\(?((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/)?.[1]?.replace('file://', ''))
    .find((place) => place !== undefined && !place.startsWith(own))
}
