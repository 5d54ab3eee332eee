import fc from 'fast-check'
import { approve, cutover, fail, play, skip, via } from '../../src/index.ts'
import type { PlayOptions } from '../../src/model/play.ts'
import type { Part } from '../../src/model/playbook.ts'
import { hosts } from '../support/engine.ts'
import { modulesOf, type World } from './world.ts'

/** What a generated playbook is made from: small, so that the smallest failing one can be read. */
export type Shape = readonly PlayShape[]

type PlayShape =
  /** Keys set on hosts; `tail` is what comes after them. */
  | {
      readonly kind: 'set'
      readonly hosts: number
      readonly tasks: number
      readonly serial: number
      readonly rollout: 'waves' | 'linear' | 'window'
      readonly tail: 'none' | 'forgiven' | 'reads'
    }
  /** A checkpoint of two databases, steps that rest on it, a key and a gate. */
  | { readonly kind: 'hop'; readonly tasks: number; readonly serial: number }
  /** A configuration with a handler, in a block; on the second host it fails and is mended. */
  | {
      readonly kind: 'site'
      readonly hosts: number
      readonly serial: number
      readonly flush: boolean
      readonly fails: boolean
      readonly rescueNotifies: boolean
    }
  /** Tasks done once, over another machine, with a throttle, forgiven, or tried again. */
  | {
      readonly kind: 'roll'
      readonly hosts: number
      readonly rollout: Rollout
      readonly once: 'play' | 'wave'
      readonly trouble: 'none' | 'retried' | 'forgiven'
    }
  /** A block within a block, one of which fails on the first host and is mended. */
  | { readonly kind: 'nest'; readonly hosts: number; readonly fails: 'none' | 'inner' | 'outer' }
  /** Findings of hosts, which a later play reads. */
  | { readonly kind: 'look'; readonly hosts: number }
  | { readonly kind: 'ask' }
  /** From here on users are served. */
  | { readonly kind: 'cut over' }

type Rollout = (typeof rollouts)[number]
const rollouts = ['waves of 1', 'waves of 2', 'linear', 'window', 'canary', 'mixed'] as const

/** How a play with this rollout goes over its hosts. */
const optionsOf: Readonly<Record<Rollout, PlayOptions>> = {
  'waves of 1': { serial: 1 },
  'waves of 2': { serial: 2 },
  linear: { strategy: 'linear' },
  window: { window: 2 },
  canary: { canary: 1, order: 'reverse_inventory' },
  mixed: { window: 1, order: 'shuffle', spread: ({ name }) => name, maxFailures: { run: 0 } },
}

const small = fc.integer({ min: 1, max: 3 })

/** Playbooks of one to three parts. */
export const shapes: fc.Arbitrary<Shape> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('set' as const),
        hosts: small,
        tasks: small,
        serial: small,
        rollout: fc.constantFrom('waves' as const, 'linear' as const, 'window' as const),
        tail: fc.constantFrom('none' as const, 'forgiven' as const, 'reads' as const),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('hop' as const), tasks: small, serial: small }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('site' as const),
        hosts: small,
        serial: small,
        flush: fc.boolean(),
        fails: fc.boolean(),
        rescueNotifies: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('roll' as const),
        hosts: small,
        rollout: fc.constantFrom(...rollouts),
        once: fc.constantFrom('play' as const, 'wave' as const),
        trouble: fc.constantFrom('none' as const, 'retried' as const, 'forgiven' as const),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('nest' as const),
        hosts: fc.integer({ min: 1, max: 2 }),
        fails: fc.constantFrom('none' as const, 'inner' as const, 'outer' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('look' as const), hosts: small }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('ask' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut over' as const) }) },
  ),
  { minLength: 1, maxLength: 3 },
)

const hostsOf = (many: number) => hosts(...Array.from({ length: many }, (_, n) => `h${n}`))
const [machine] = hosts('m')
const [balancer] = hosts('lb')
const databases = machine === undefined ? [] : via(machine, [{ name: 'one' }, { name: 'two' }])

/** The playbook of a shape, working on this fleet. */
export function partsOf(shape: Shape, world: World): readonly Part[] {
  return shape.flatMap((part, at) => partOf(part, at, world))
}

function partOf(part: PlayShape, at: number, world: World): readonly Part[] {
  const { set, dump, migrate, gate, broken, look } = modulesOf(world)
  const items = (many: number) => Array.from({ length: many }, (_, n) => `t${n}`)
  switch (part.kind) {
    case 'set': {
      const options = {
        waves: { serial: part.serial },
        linear: { serial: part.serial, strategy: 'linear' as const },
        window: { window: part.serial },
      }
      const written = play(`p${at}`, hostsOf(part.hosts), options[part.rollout]).each(
        'set',
        items(part.tasks),
        ({ item }) => set({ key: `k${at % 2}`, to: `${at}.${item}` }),
      )
      if (part.tail === 'none') return [written]
      if (part.tail === 'forgiven')
        return [
          written
            .task('broken', () => broken(null), { ignoreErrors: true })
            .task('spare', ({ broken: word }) => set({ key: 's', to: word ?? 'no word' })),
        ]
      return [
        written.task('copy', ({ host, set: made }) =>
          host.name === 'h1' ? skip('not here') : set({ key: 'c', to: `${made['t0']} again` }),
        ),
      ]
    }
    case 'hop': {
      const point = play(`p${at}: checkpoint`, databases, { serial: part.serial }).task('dump', () =>
        dump(null),
      )
      return [
        point,
        play(`p${at}`, databases, { restoredBy: [point] })
          .each('step', items(part.tasks), ({ item }) => migrate(`${at}.${item}`))
          .task('set', ({ host }) => set({ key: `${host.name}.c`, to: `${at}` }))
          .task('gate', () => gate(null)),
      ]
    }
    case 'site':
      return [sitePlay(part, `p${at}`, world)]
    case 'look': {
      const seen = play(`p${at}`, hostsOf(part.hosts), { collect: true }).task('look', () => look('k0'))
      return [
        seen,
        play(`p${at}: report`, hostsOf(1)).task('note', ({ from }) =>
          set({
            key: 'n',
            to: from
              .all(seen)
              .map(({ results }) => results.look ?? '-')
              .join(),
          }),
        ),
      ]
    }
    case 'roll':
      return [rollPlay(part, `p${at}`, world)]
    case 'nest':
      return [nestPlay(part, `p${at}`, world)]
    case 'ask':
      return [approve(`p${at}`, () => 'Go on?')]
    case 'cut over':
      return [cutover(`p${at}`)]
  }
}

type SiteShape = Extract<PlayShape, { kind: 'site' }>

function sitePlay(
  { hosts: many, serial, flush, fails, rescueNotifies }: SiteShape,
  name: string,
  world: World,
) {
  const { set, look, load } = modulesOf(world)
  return play(name, hostsOf(many), { serial })
    .handler('load', () => load(null))
    .block(
      'site',
      (tasks) => {
        const set_ = tasks.task('conf', () => set({ key: 'conf', to: name }), { notify: 'load' })
        return (flush ? set_.flush() : set_).task('serves', ({ host }) =>
          // No gate: what is rescued has not the same end as what never was sick.
          fails && host.name === 'h1' ? fail('sick') : look('conf'),
        )
      },
      {
        rescue: (tasks) =>
          tasks.task(
            'mend',
            () => set({ key: 'mended', to: name }),
            rescueNotifies ? { notify: 'load' } : {},
          ),
        always: (tasks) => tasks.task('in service', () => set({ key: 'in', to: name })),
      },
    )
    .task('after', () => set({ key: 'after', to: name }), { notify: 'load' })
}

type RollShape = Extract<PlayShape, { kind: 'roll' }>

/** Which wave a host is in, so that what is done once for each is told apart. */
function waveOf(shape: RollShape, host: string): string {
  const at = Number(host.slice(1))
  if (shape.once === 'play') return 'all'
  if (shape.rollout === 'canary') return at === shape.hosts - 1 ? 'canary' : 'rest'
  return shape.rollout === 'waves of 1' ? `${at}` : shape.rollout === 'waves of 2' ? `${at >> 1}` : 'all'
}

function rollPlay(shape: RollShape, name: string, world: World) {
  const { set, gate, push, stumble, stuck, load } = modulesOf(world)
  const { once, trouble } = shape
  const served = (host: string, to: string) => set({ key: `served.${host}`, to })
  const at = balancer && { delegateTo: balancer }
  return play(name, hostsOf(shape.hosts), optionsOf[shape.rollout])
    .handler('load', () => load(null), { throttle: 1 })
    .task('out', ({ host }) => served(host.name, 'no'), { ...at })
    .task('conf', () => set({ key: 'conf', to: name }), { notify: 'load', throttle: 1 })
    .task('once', ({ host }) => push(`${name} ${waveOf(shape, host.name)}`), {
      runOnce: once,
      notify: 'load',
    })
    .task(
      'trouble',
      () => (trouble === 'none' ? skip('none') : trouble === 'retried' ? stumble(name) : stuck(name)),
      { retries: 1, delay: 0, ignoreErrors: true },
    )
    .task('told', ({ once: pushed, trouble: word }) => set({ key: 'told', to: `${pushed} ${word ?? '-'}` }))
    .task('gate', () => gate(null), { runOnce: once })
    .task('in', ({ host }) => served(host.name, name), { ...at })
}

type NestShape = Extract<PlayShape, { kind: 'nest' }>

/** Gates stand where the end is the same however often they were sick: in a rescue that is needed anyway. */
function nestPlay({ hosts: many, fails }: NestShape, name: string, world: World) {
  const { set, gate, stuck, look, load } = modulesOf(world)
  const gone = (where: 'inner' | 'outer', host: string) => fails === where && host === 'h0'
  return play(name, hostsOf(many))
    .handler('load', () => load(null))
    .task('items', () => look('k0'))
    .block(
      'outer',
      (outer) =>
        outer
          .block(
            'inner',
            (inner) =>
              inner
                .task('conf', () => set({ key: 'conf', to: name }), { notify: 'load' })
                .each(
                  'made',
                  ({ items, conf }) => [`${items}`, conf],
                  ({ item }) => set({ key: `made.${item}`, to: name }),
                )
                .task('inner gate', ({ host }) => (gone('inner', host.name) ? fail('sick') : look('conf'))),
            {
              rescue: (inner) =>
                inner
                  .task('forgiven', () => stuck(`${name} rescue`), { ignoreErrors: true })
                  .task('mend', ({ failure }) => set({ key: 'mended', to: failure.task }), {
                    notify: 'load',
                  }),
            },
          )
          .task('outer gate', ({ host }) => (gone('outer', host.name) ? fail('sick') : look('conf'))),
      {
        rescue: (outer) =>
          outer
            .task('why', ({ failure }) => set({ key: 'why', to: failure.task }))
            .task('gate', () => gate(null)),
        always: (outer) => outer.task('in', () => set({ key: 'in', to: name })),
      },
    )
}

/** A playbook as a person would tell it. */
export const shapeText = (shape: Shape): string =>
  shape.map((part, at) => `p${at}: ${playText(part)}`).join('\n')

function playText(part: PlayShape): string {
  switch (part.kind) {
    case 'set':
      return `${part.tasks} keys on ${part.hosts} hosts, ${part.rollout} of ${part.serial}, tail ${part.tail}`
    case 'hop':
      return `checkpoint of 2 databases (serial ${part.serial}), ${part.tasks} steps, a key, a gate`
    case 'site':
      return `a block on ${part.hosts} hosts, serial ${part.serial}: conf${part.flush ? ', flush' : ''}, ${
        part.fails ? `fails on h1, mended${part.rescueNotifies ? ' and loaded' : ''}` : 'serves'
      }; then one more that loads`
    case 'look':
      return `looks at ${part.hosts} hosts, and notes it`
    case 'roll':
      return `a roll-out on ${part.hosts} hosts, ${part.rollout}, once for each ${part.once}, trouble ${part.trouble}`
    case 'nest':
      return `a block in a block on ${part.hosts} hosts, fails ${part.fails}`
    case 'ask':
      return 'asks'
    case 'cut over':
      return 'cuts over'
  }
}
