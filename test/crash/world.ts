import { change, observe, restored, TaskError } from '../../src/index.ts'

/** A fleet of keys and two databases; steps of a database are not idempotent, so a step done twice shows. */
export interface World {
  readonly keys: Map<string, string>
  readonly rows: Map<string, readonly string[]>
  readonly dumps: Map<string, readonly string[]>
  /** Which calls of a gate fail, the first first; then none does. */
  readonly sick: boolean[]
}

/** The fleet before anything is done to it. */
export const fresh = (sick: readonly boolean[] = []): World => ({
  keys: new Map([['h0.k0', 'old']]),
  rows: new Map([
    ['one', ['seed']],
    ['two', ['seed']],
  ]),
  dumps: new Map(),
  sick: [...sick],
})

/** What users would see of the fleet: the dumps are ours. */
export const seenOf = (world: World): string =>
  JSON.stringify([[...world.keys].sort(), [...world.rows].sort()])

/** Remembers how the fleet is; the answer brings it back. */
export function marked(world: World): () => void {
  const { keys, rows, dumps, sick } = structuredClone(world)
  const put = <K, V>(map: Map<K, V>, kept: ReadonlyMap<K, V>) => {
    map.clear()
    for (const [key, value] of kept) map.set(key, value)
  }
  return () => {
    put(world.keys, keys)
    put(world.rows, rows)
    put(world.dumps, dumps)
    world.sick.splice(0, world.sick.length, ...sick)
  }
}

const databaseOf = (task: string) => task.split('/')[1] ?? ''

function loaded({ keys }: World, host: string): void {
  const set = ['conf', 'mended'].map((key) => keys.get(`${host}.${key}`))
  if (set.every((value) => value === undefined)) keys.delete(`${host}.loaded`)
  else keys.set(`${host}.loaded`, set.join())
}

/** The modules that work on it. */
export function modulesOf(world: World) {
  return {
    /** Idempotent, with an undo of its own. */
    set: change('set', {
      check: async (on, { key, to }: { key: string; to: string }) =>
        world.keys.get(`${on.name}.${key}`) === to ? to : undefined,
      remember: async (on, { key }) => world.keys.get(`${on.name}.${key}`) ?? null,
      apply: async (on, { key, to }) => {
        world.keys.set(`${on.name}.${key}`, to)
        return to
      },
      undo: async (on, { key }, was) => {
        if (was === null) world.keys.delete(`${on.name}.${key}`)
        else world.keys.set(`${on.name}.${key}`, String(was))
      },
    }),
    /** A restore point of a database. */
    dump: change('dump', {
      apply: async (on, _input: null) => {
        world.dumps.set(on.task, world.rows.get(databaseOf(on.task)) ?? [])
        return null
      },
      undo: async (on) => {
        world.rows.set(databaseOf(on.task), world.dumps.get(on.task) ?? ['no dump'])
      },
    }),
    /** A step that shows when it is done twice, and that only the restore point brings back. */
    migrate: change('migrate', {
      apply: async (on, row: string) => {
        const database = databaseOf(on.task)
        world.rows.set(database, [...(world.rows.get(database) ?? []), row])
        return row
      },
      undo: restored,
    }),
    /** A handler: loads what is set, and when it is undone, what is set by then. */
    load: change('load', {
      apply: async (on, _input: null) => loaded(world, on.name),
      undo: async (on) => loaded(world, on.name),
    }),
    /** Done by whichever host, and then by no other; undone there. */
    push: change('push', {
      check: async (on, row: string) =>
        world.dumps.get(`pushed.${row}`)?.[0] === on.name && world.keys.has(`pushed.${row}`)
          ? row
          : undefined,
      apply: async (on, row) => {
        const by = world.dumps.get(`pushed.${row}`)?.[0] ?? on.name
        if (by !== on.name) throw new Error(`${by} began it, and ${on.name} does it`)
        world.dumps.set(`pushed.${row}`, [on.name])
        world.keys.set(`pushed.${row}`, 'yes')
        return row
      },
      undo: async (on, row) => {
        const by = world.dumps.get(`pushed.${row}`)?.[0] ?? on.name
        if (by !== on.name) throw new Error(`${by} began it, and ${on.name} undoes it`)
        world.dumps.delete(`pushed.${row}`)
        world.keys.delete(`pushed.${row}`)
      },
    }),
    /** Fails the first time on each host, half done, and then goes well. */
    stumble: change('stumble', {
      apply: async (on, row: string) => {
        const key = `${on.name}.stumbled.${row}`
        if (!world.keys.has(key)) {
          world.keys.set(key, 'half')
          throw new TaskError('half done')
        }
        world.keys.set(key, 'whole')
        return row
      },
      undo: async (on, row) => {
        world.keys.delete(`${on.name}.stumbled.${row}`)
      },
    }),
    /** Fails always, and is half done. */
    stuck: change('stuck', {
      apply: async (on, row: string): Promise<string> => {
        world.keys.set(`${on.name}.stuck.${row}`, 'half')
        throw new TaskError('stuck')
      },
      undo: async (on, row) => {
        world.keys.delete(`${on.name}.stuck.${row}`)
      },
    }),
    gate: observe('gate', async () => {
      if (world.sick.shift() === true) throw new TaskError('sick')
      return null
    }),
    /** Fails always. */
    broken: observe('broken', async (): Promise<string> => {
      throw new TaskError('broken')
    }),
    look: observe('look', async (on, key: string) => world.keys.get(`${on.name}.${key}`) ?? null),
  }
}
