import fc from 'fast-check'
import { approve, fail, play, skip, via } from '../../src/index.ts'
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
  /** Findings of hosts, which a later play reads. */
  | { readonly kind: 'look'; readonly hosts: number }
  | { readonly kind: 'ask' }

const small = fc.integer({ min: 1, max: 3 })

/** Playbooks of one to four parts. */
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
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('look' as const), hosts: small }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('ask' as const) }) },
  ),
  { minLength: 1, maxLength: 4 },
)

const hostsOf = (many: number) => hosts(...Array.from({ length: many }, (_, n) => `h${n}`))
const [machine] = hosts('m')
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
    case 'ask':
      return [approve(`p${at}`, () => 'Go on?')]
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
    case 'ask':
      return 'asks'
  }
}
