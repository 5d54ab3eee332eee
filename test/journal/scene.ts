import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  approve,
  change,
  cutover,
  observe,
  play,
  restored,
  secret,
  skip,
  TaskError,
  via,
} from '../../src/index.ts'
import { fileJournal } from '../../src/journal/file.ts'
import { newestVersion } from '../../src/journal/line.ts'
import { InputError } from '../../src/model/errors.ts'
import type { Event, Stamped } from '../../src/model/event.ts'
import type { Json } from '../../src/model/json.ts'
import type { Part } from '../../src/model/playbook.ts'
import { hosts, tryBack, tryRun } from '../support/engine.ts'

/** The machines that the fixtures' journals are about, as plain data that can be kept beside them. */
export interface World {
  readonly keys: Record<string, string>
  readonly rows: Record<string, readonly string[]>
  readonly dumps: Record<string, readonly string[]>
  sick: boolean
}

/** The world before the first event. */
export const freshWorld = (): World => ({
  keys: { 'a.conf': 'old', 'b.conf': 'old', 'a.state': 'stopped', 'b.state': 'stopped' },
  rows: { one: ['seed'], two: ['seed'] },
  dumps: {},
  sick: true,
})

/** The playbook of a version's fixture on that world. Journals of old versions name its tasks: what stands here never changes. */
export function partsOf(world: World, version: number): readonly Part[] {
  const [machine] = hosts('m')
  if (machine === undefined) throw new Error('there is no machine')
  const databases = via(machine, [{ name: 'one' }, { name: 'two' }])
  const look = observe('look', async (on): Promise<{ name: string; odd: Json }> => {
    on.say(`looked at ${on.name}`)
    return { name: on.name, odd: { $secret: 'env:OF_THE_MACHINE' } }
  })
  const set = change('set', {
    check: async (_on, { key, to }: { key: string; to: string; password: Json }) =>
      world.keys[key] === to ? to : undefined,
    remember: async (_on, { key }) => world.keys[key] ?? null,
    apply: async (_on, { key, to }) => {
      world.keys[key] = to
      return to
    },
    undo: async (_on, { key }, was) => {
      if (was === null) delete world.keys[key]
      else world.keys[key] = was
    },
  })
  const dump = change('dump', {
    apply: async (_on, name: string) => {
      world.dumps[name] = world.rows[name] ?? []
      return { rows: world.rows[name]?.length ?? 0 }
    },
    undo: async (_on, name) => {
      world.rows[name] = world.dumps[name] ?? ['there is no dump']
    },
  })
  const add = change('add', {
    apply: async (_on, { to, row }: { to: string; row: string }) => {
      world.rows[to] = [...(world.rows[to] ?? []), row]
      return null
    },
    undo: restored,
  })
  const gate = observe('gate', async (_on, _input: null) => {
    if (world.sick) throw new TaskError('the gate is sick')
    return { ok: true }
  })
  const all = hosts('a', 'b')
  const password = secret('env:DB_PASSWORD')
  const dumps = play('dumps', databases).task('dump', ({ host }) => dump(host.name))
  const [balancer] = hosts('lb')
  if (balancer === undefined) throw new Error('there is no balancer')
  const serves = observe('serves', async (on) => {
    if (world.sick && on.name === 'a') throw new TaskError('it does not serve')
    if (world.sick && on.name === 'c') throw new InputError('it was asked for nothing')
    return { ok: true }
  })
  const well = change('well', {
    remember: async (_on, key: string) => world.keys[key] ?? null,
    apply: async (_on, key) => {
      if (world.sick && key.startsWith('c.')) throw new TaskError('it is sick')
      world.keys[key] = 'well'
      return null
    },
    undo: async (_on, key, was) => {
      if (was === null) delete world.keys[key]
      else world.keys[key] = was
    },
  })
  // What version 2 knows, and version 1 did not: handlers, blocks, what is done once and over another machine.
  const site = play('site', hosts('a', 'b', 'c'), { maxFailPercentage: 50 })
    .handler('reload', ({ host }) => well(`${host.name}.loaded`))
    .task('once', () => set({ key: 'shared', to: 'new', password }), {
      runOnce: 'play',
      delegateTo: balancer,
    })
    .block(
      'swap',
      (tasks) =>
        tasks
          .task('site', ({ host }) => set({ key: `${host.name}.site`, to: 'new', password }), {
            notify: 'reload',
          })
          .task('serves', () => serves(null)),
      {
        rescue: (tasks) =>
          tasks.task('mend', ({ host }) => well(`${host.name}.mended`), { retries: 1, delay: '1ms' }),
        always: (tasks) =>
          tasks.task('back', ({ host }) => set({ key: `${host.name}.pool`, to: 'in', password })),
      },
    )
  return [
    play('preflight', all, { collect: true }).task('look', () => look(null)),
    play('configure', all)
      .task('nothing', () => skip('there is nothing to do'))
      .task('conf', ({ host }) => set({ key: `${host.name}.conf`, to: 'new', password })),
    ...(version > 1 ? [site] : []),
    dumps,
    approve('go', ({ from }) => `${from.all(dumps).length} dumps. Go?`),
    play('hop', databases, { restoredBy: [dumps] })
      .each('script', ['s1', 's2'], ({ host, item }) => add({ to: host.name, row: item }))
      .task('gate', () => gate(null)),
    ...(version > 1 ? [cutover('users in')] : []),
    play('start', all, { serial: 1 }).task('state', ({ host }) =>
      set({ key: `${host.name}.state`, to: 'started', password }),
    ),
  ]
}

/** Makes the fixture of the version that the code writes now: a run that failed, was resumed and crashed; a rollback that crashed. */
export async function makeFixture(folder: string): Promise<void> {
  const parts = (world: World) => partsOf(world, newestVersion)
  const failed = freshWorld()
  const first = await tryRun(parts(failed), { before: [] })
  const now = { ...failed, sick: false }
  const last = (events: readonly Stamped[]) => events.at(-1)
  const crashed = await firstCrash(now, async (world, n) => {
    const tried = await tryRun(parts(world), { before: first.events, crashAt: { n, after: false } })
    const end = last(tried.events)
    return end?.type === 'task.started' && end.task === 'start/b/state' && world.keys['b.state'] === 'started'
      ? tried.events
      : undefined
  })
  const run: readonly Event[] = [
    started('r1', 'run'),
    ...first.events,
    { type: 'run.ended', outcome: 'failed', seconds: 0 },
    {
      ...{ type: 'run.resumed', run: 'r1', playbook: 'test', changed: true, waves: [], tool: '0.1.0' },
      accepted: { digest: 'e'.repeat(64), bundle: 'playbook-e.mjs', bundle_digest: 'f'.repeat(64) },
    },
    ...crashed.events.slice(first.events.length),
  ]
  const undone = await firstCrash(crashed.world, async (world, n) => {
    const tried = await tryBack(parts(world), { before: crashed.events, crashAt: { n, after: true } })
    const end = last(tried.events)
    return end?.type === 'undo.ended' && end.task.startsWith('dumps/') ? tried.events : undefined
  })
  const back: readonly Event[] = [
    { ...started('r2', 'rollback'), of: 'r1' } as Event,
    ...undone.events.slice(crashed.events.length),
  ]
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const [name, events, world] of [
    ['run', run, crashed.world],
    ['rollback', back, undone.world],
  ] as const) {
    await writeJournal(join(folder, `${name}.jsonl`), events)
    await writeFile(join(folder, `${name}.world.json`), `${JSON.stringify(world, null, 2)}\n`)
  }
}

/** Writes events as a journal of now. */
export async function writeJournal(path: string, events: readonly Event[]): Promise<void> {
  let seconds = 0
  const { journal } = await fileJournal(path, () => new Date(Date.UTC(2026, 10, 22, 10, 0, seconds++)))
  for (const event of events) {
    const { seq: _seq, at: _at, ...bare } = event as Stamped
    journal.append(withoutPlace(bare as Event))
  }
  await journal.close()
}

/** Where the playbook lies is not to stand in what is kept. */
function withoutPlace(event: Event): Event {
  const bare = (text: string) => text.replace(/\n {2}at .*/s, '')
  if (event.type === 'block.failed')
    return { ...event, failure: { ...event.failure, message: bare(event.failure.message) } }
  if ((event.type === 'task.ended' || event.type === 'task.retried') && event.message !== undefined)
    return { ...event, message: bare(event.message) }
  return event
}

async function firstCrash(
  before: World,
  attempt: (world: World, n: number) => Promise<readonly Stamped[] | undefined>,
): Promise<{ readonly world: World; readonly events: readonly Stamped[] }> {
  for (let n = 1; n < 200; n++) {
    const world = structuredClone(before)
    const events = await attempt(world, n)
    if (events !== undefined) return { world, events }
  }
  throw new Error('it never crashed there')
}

const started = (run: string, kind: 'run' | 'rollback'): Event => ({
  type: 'run.started',
  run,
  kind,
  playbook: 'test',
  inventory: ['hosts.yml'],
  digest: 'd'.repeat(64),
  tool: '0.1.0',
  check: false,
  changes: true,
  waves: [{ play: 'start', wave: 1, of: 2, hosts: ['a'], things: ['one'], tasks: ['state'] }],
})
