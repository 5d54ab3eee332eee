import { describe, expect, test } from 'vitest'
import { change, play, via } from '../../src/index.ts'
import { hosts, tryBack, tryRun } from '../support/engine.ts'

/** `a` and `b` are one machine, `c` another. */
const machine = (name: string) => (name === 'b' ? 'a' : name)

/** A change that takes some turns: the most of them that were under way at once on a machine, and under how many names. */
function slow() {
  const busy = new Map<string, string[]>()
  const done: string[] = []
  const seen = { most: 0, names: 0, all: 0 }
  const turns = async (name: string, word: string) => {
    const own = busy.get(machine(name)) ?? []
    busy.set(machine(name), own)
    own.push(name)
    seen.most = Math.max(seen.most, own.length)
    seen.names = Math.max(seen.names, new Set(own).size)
    seen.all = Math.max(seen.all, [...busy.values()].flat().length)
    for (let at = 0; at < 9; at++) await Promise.resolve()
    own.splice(own.indexOf(name), 1)
    done.push(word)
  }
  const touch = change('touch', {
    apply: async (on, word: string) => turns(on.name, word).then(() => ({ word })),
    undo: async (on, word) => turns(on.name, `-${word}`),
  })
  return { seen, done, touch }
}

describe('two names of one machine', () => {
  const twice = (touch: ReturnType<typeof slow>['touch']) => [
    play('both', hosts('a', 'b', 'c'))
      .task('one', ({ host }) => touch(`${host.name}1`))
      .task('two', ({ host }) => touch(`${host.name}2`)),
  ]

  test('are never changed side by side, and other machines do not wait for them', async () => {
    const { seen, touch } = slow()
    expect((await tryRun(twice(touch), { rules: { machine } })).outcome).toBe('ok')
    expect(seen).toEqual({ most: 1, names: 1, all: 2 })
  })

  test('that nobody says to be one are two', async () => {
    const { seen, touch } = slow()
    await tryRun(twice(touch))
    expect(seen).toMatchObject({ names: 2, all: 3 })
  })

  test('are taken back in the reverse order of what was done under both', async () => {
    const { seen, done, touch } = slow()
    const parts = twice(touch)
    const ran = await tryRun(parts, { rules: { machine } })
    const there = done.filter((word) => !word.startsWith('c'))
    expect(there).toHaveLength(4)
    done.splice(0)
    expect((await tryBack(parts, { before: ran.events, rules: { machine } })).outcome).toBe('ok')
    expect(done.filter((word) => !word.startsWith('-c'))).toEqual(
      there.toReversed().map((word) => `-${word}`),
    )
    expect(seen).toMatchObject({ names: 1 })
  })

  test('the things of one name go side by side, those of the other after them', async () => {
    const { seen, touch } = slow()
    const [a, b] = hosts('a', 'b')
    if (a === undefined || b === undefined) throw new Error('no hosts')
    const things = [...via(a, [{ name: 'x' }, { name: 'y' }]), ...via(b, [{ name: 'z' }])]
    const ran = await tryRun([play('all', things).task('one', ({ host }) => touch(host.name))], {
      rules: { machine },
    })
    expect(ran.outcome).toBe('ok')
    expect(seen).toEqual({ most: 2, names: 1, all: 2 })
  })

  test('a failure under one name lets the other go on', async () => {
    const { done, touch } = slow()
    const wrong = change('wrong', {
      apply: async () => {
        throw new Error('no')
      },
      undo: async () => {},
    })
    const parts = [
      play('both', hosts('a', 'b'), { maxFailPercentage: 100 }).task('one', ({ host }) =>
        host.name === 'a' ? wrong({}) : touch(host.name),
      ),
    ]
    expect((await tryRun(parts, { rules: { machine } })).outcome).toBe('failed')
    expect(done).toEqual(['b'])
  })
})
