import { change, file, type Play, play, restored, sh } from '../../src/index.ts'
import type { Host } from '../../src/model/host.ts'
import { holds, runJob } from '../../src/modules/target.ts'

/** A host of the crash suite: the file on it that has a line for each effect. */
export type Vars = { readonly effects: string; readonly config: string }

type Effect = { readonly effects: string; readonly word: string }

const added = ({ effects, word }: Effect) => sh`printf '%s\n' ${word} >> ${effects}`
const taken = ({ effects, word }: Effect) =>
  sh`{ grep -vxF -e ${word} -- ${effects} || :; } > ${`${effects}.new`}; mv -- ${`${effects}.new`} ${effects}`

/** Done twice, it shows twice; a job is begun once under its name, so it is not. */
const long = change('long', {
  async apply(on, effect: Effect) {
    await runJob(on, 'effect', added(effect))
    return effect.word
  },
  undo: async (on, effect) => void (await on.must(taken(effect))),
})

/** A plain command whose check tells that it was done. */
const short = change('short', {
  check: async (on, { effects, word }: Effect) =>
    (await holds(on, sh.read`grep -qxF -e ${word} -- ${effects}`)) ? word : undefined,
  async apply(on, effect) {
    await on.must(added(effect))
    return effect.word
  },
  undo: async (on, effect) => void (await on.must(taken(effect))),
})

/** What the steps that rest on it go back to. */
const point = change('point', {
  async apply(on, effects: string) {
    const copy = `${await on.keep()}/effects`
    await on.must(sh`cp -- ${effects} ${copy}`)
    return { copy }
  },
  async undo(on, effects) {
    await on.must(sh`cp -- ${`${await on.keep()}/effects`} ${effects}`)
  },
})

const step = change('step', {
  async apply(on, effect: Effect) {
    await runJob(on, 'step', added(effect))
    return effect.word
  },
  undo: restored,
})

/** Every effect that the playbook has on a host, in order. */
export const effects = ['long', 'short', 'step']

/** A playbook of two hosts, each of whose changes can be seen to be done twice. */
export function twoHosts(hosts: readonly Host<Vars>[]): readonly Play[] {
  const first = play('first', hosts)
    .task('config', ({ host }) => file.render({ path: host.vars.config, text: 'new\n' }))
    .task('long', ({ host }) => long({ effects: host.vars.effects, word: 'long' }))
    .task('short', ({ host, long: word }) => short({ effects: host.vars.effects, word: word && 'short' }))
  const points = play('points', hosts).task('point', ({ host }) => point(host.vars.effects))
  const steps = play('steps', hosts, { restoredBy: [points] }).task('step', ({ host }) =>
    step({ effects: host.vars.effects, word: 'step' }),
  )
  return [first, points, steps]
}
