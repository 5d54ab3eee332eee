import { expect, test } from 'vitest'
import { change, conclude, irreversible, observe, play, restored, secret, via } from '../../src/index.ts'
import type { Host } from '../../src/model/host.ts'
import type { Json } from '../../src/model/json.ts'
import type { Part } from '../../src/model/playbook.ts'
import { fold } from '../../src/model/state.ts'
import { differences, leavesOf } from '../../src/plan/leaves.ts'
import { outline } from '../../src/plan/outline.ts'
import { hider, isHidden } from '../../src/plan/secretive.ts'
import { outlineText } from '../../src/plan/text.ts'
import { wrapped } from '../../src/plan/wrap.ts'
import { hosts, scheduleOf, tryRun } from '../support/engine.ts'

const look = observe('look', async (_on, input: { host: string }) => ({ at: input.host }))
const dump = change('dump', { apply: async (_on, _input: Json) => null, undo: async () => {} })
const migrate = change('migrate', { apply: async (_on, _input: Json) => null, undo: restored })
const tell = change('tell', {
  apply: async (_on, _input: Json) => null,
  undo: irreversible('a mail is sent'),
})
const twelve = hosts(...Array.from({ length: 12 }, (_, n) => `gw-${n + 1}`))

function parts(): readonly Part[] {
  const [machine = {} as Host] = twelve
  const databases = via(machine, [{ name: 'am' }, { name: 'um' }])
  const facts = play('facts', twelve, { collect: true }).task('look', ({ host }) => look({ host: host.name }))
  const dumps = play('dumps', databases).task('dump', () => dump({ to: '/backups', login: secret('env:DB') }))
  const input = (host: string) => ({
    home: '/opt/wso2/wso2am-3.0.0',
    server: { address: host, flags: ['-Dprofile=gateway-worker', '-Xmx2g'], note: 'x'.repeat(80) },
    ...Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`setting_number_${n}`, `value number ${n}`])),
  })
  return [
    facts,
    conclude('all there', ({ from }) => (from.all(facts).length > 12 ? 'yes' : undefined)),
    dumps,
    play('migrate', databases, { restoredBy: [dumps] }).task('script', () => migrate({})),
    play('start', twelve, { canary: 1, serial: 4, maxFailPercentage: 25, soak: '5m' })
      .task('start', ({ host }) => dump(input(host.name)))
      .task('tell', () => tell({})),
  ]
}

const past = {
  waves: new Map([['start/2', { seconds: 62, changed: true }]]),
  tasks: new Map(),
  latest: { run: 'r-1', seconds: 3840 },
}

async function textOf(options: { verbose?: boolean } = {}) {
  const { events } = await tryRun(parts(), { check: true })
  return outlineText(outline(scheduleOf(parts()), fold(events)), { past, ...options })
}

test('a plain value under a telling name is not printed, the name of a secret is', () => {
  const input = {
    login: { user: 'wso2', password: 'opensesame' },
    api_token: secret('env:TOKEN'),
    pwd: ['sesame'],
  }
  const part = play('p', hosts('h')).task('t', () => dump(input))
  const text = outlineText(outline(scheduleOf([part]), fold([])), { verbose: true })
  expect(text).not.toContain('sesame')
  expect(text).toContain('login.password: ***')
  expect(text).toContain('api_token: (secret env:TOKEN)')
  expect(text).toContain('login.user: wso2')
})

test('a plan for twelve hosts fits on a page', async () => {
  expect(await textOf()).toMatchInlineSnapshot(`
    "PLAY facts: gw-1, gw-2, gw-3, gw-4, gw-5, gw-6, gw-7, gw-8, gw-9, gw-10, gw-11, gw-12 (a failure does not stop
          it)
      all 12 > look: observed: look
          by host: host

    END HERE IF all there: no reason to

    PLAY dumps: am, um (stops when the 1st of 2 fails)
      am, um > dump: would change: dump [undone by itself]
          to: /backups; login: (secret env:DB)

    PLAY migrate: am, um (stops when the 1st of 2 fails)
      am, um > script: unknown until dumps/am/dump: migrate [brought back by dumps]
          (empty)

    PLAY start, 4 waves
      wave 1: gw-1 (stops when it fails; canary: the others follow when all of it is well; then waits 5m)
      wave 2: gw-2, gw-3, gw-4, gw-5 (stops when the 2nd of 4 fails; then waits 5m; took 1 min 2 s last time)
      wave 3: gw-6, gw-7, gw-8, gw-9 (stops when the 2nd of 4 fails; then waits 5m)
      wave 4: gw-10, gw-11, gw-12 (stops when the 1st of 3 fails)
      all 12 > start: unknown until dumps/am/dump: dump [undone by itself]
          home: /opt/wso2/wso2am-3.0.0; server.flags: -Dprofile=gateway-worker, -Xmx2g;
          server.note: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (80 characters); setting_number_0: value number 0;
          and 11 more values (-v shows them)
          by host: server.address
      POINT OF NO RETURN: what follows cannot be taken back
      all 12 > tell: unknown until dumps/am/dump: tell [cannot be undone: a mail is sent]
          (empty)

    12 hosts, 2 things: 2 would change, 0 no change, 26 unknown until the run knows more, 12 observations, 0 skipped
    point of no return: start/gw-1/tell
    last time: 1 h 4 min in all (r-1)
    "
  `)
})

test('with -v, no value is shortened or left out', async () => {
  const text = await textOf({ verbose: true })
  expect(text).toContain(`server.note: ${'x'.repeat(80)}`)
  for (let n = 0; n < 12; n++) expect(text).toContain(`setting_number_${n}: value number ${n}`)
  for (const { name } of twelve) expect(text).toContain(`${name}: server.address: ${name}`)
  expect(text).not.toMatch(/more values|characters\)/)
})

test('offline, nothing is guessed: all of it is unknown until the hosts are asked', () => {
  const text = outlineText(outline(scheduleOf(parts()), fold([])))
  expect(text).not.toMatch(/would change:|no change:|observed/)
  expect(text).toMatch(/am, um > dump: unknown until the hosts are asked: dump/)
})

test('an item is unknown until the item before it, which would change the world that it finds', async () => {
  const list = [play('stage', hosts('x')).each('pack', ['a', 'b'], ({ item }) => dump({ to: item }))]
  const { events } = await tryRun(list, { check: true })
  const text = outlineText(outline(scheduleOf(list), fold(events), 'never'))
  expect(text).toMatch(/x > pack\[a\]: would change/)
  expect(text).toMatch(/x > pack\[b\]: unknown until pack\[a\]/)
})

test('values are told apart by where they stand, and shown on one line', () => {
  expect(
    leavesOf({ a: { b: [1, 2], c: [] }, d: [{ e: true }], f: {}, g: 'x\ny', h: '', i: '(none)' }),
  ).toEqual([
    ['a.b', '1, 2'],
    ['a.c', '(none)'],
    ['d[0].e', 'true'],
    ['f', '(empty)'],
    ['g', '"x\\ny"'],
    ['h', '""'],
    ['i', '"(none)"'],
  ])
  expect(differences({ a: 1, b: 2 }, { b: 3, c: 4 })).toEqual([
    'a: 1 -> (not there)',
    'b: 2 -> 3',
    'c: (not there) -> 4',
  ])
  expect(differences('x', 'y')).toEqual(['x -> y'])
})

test('lines hold as much as fits, and what does not fit anywhere stands alone', () => {
  expect(wrapped(['aa', 'bb', 'cccccccc', 'd'], ', ', 6)).toEqual(['aa, bb,', 'cccccccc,', 'd'])
  expect(wrapped([], ', ', 6)).toEqual([])
})

test('what sounds like a secret is hidden, at any depth; the same salt shows whether it changed', () => {
  const vars = (password: string) => ({
    db: [{ password, user: 'u' }],
    api_key: { env: 'K' },
  })
  const one = hider('s').hide(vars('opensesame'))
  expect(JSON.stringify(one)).not.toContain('opensesame')
  expect(one).toMatchObject({ db: [{ user: 'u' }], api_key: { env: 'K' } })
  expect(hider('s').hide(vars('opensesame'))).toEqual(one)
  expect(hider('s').hide(vars('sesameopen'))).not.toEqual(one)
  expect(hider('t').hide(vars('opensesame'))).not.toEqual(one)
  expect([isHidden({ $hidden: 'x' }), isHidden('x'), isHidden(null)]).toEqual([true, false, false])
})

test('what is done once stands there once, and what is delegated says over which machine', async () => {
  const [lb] = hosts('lb')
  if (lb === undefined) throw new Error()
  const list = [
    play('roll', twelve.slice(0, 4), { serial: 2 })
      .task('drain', ({ host }) => dump({ out: host.name }), { delegateTo: lb })
      .task('tell', () => tell({}), { runOnce: 'wave' }),
    play('end', twelve.slice(0, 2))
      .task('count', ({ host }) => look({ host: host.name }), { runOnce: 'play', delegateTo: () => lb })
      .task('after', ({ count }) => dump({ of: count.at })),
  ]
  const { events } = await tryRun(list, { check: true, forks: 1 })
  const planned = outlineText(outline(scheduleOf(list), fold(events)))
  expect(planned).toMatchInlineSnapshot(`
    "PLAY roll, 2 waves
      wave 1: gw-1, gw-2 (stops when the 1st of 2 fails)
      wave 2: gw-3, gw-4 (stops when the 1st of 2 fails)
      gw-1, gw-2, gw-3, gw-4 > drain: would change over lb: dump [undone by itself]
          by host: out
      POINT OF NO RETURN: what follows cannot be taken back
      once for each wave > tell: unknown until drain: tell [cannot be undone: a mail is sent]
          (empty)

    PLAY end: gw-1, gw-2 (stops when the 1st of 2 fails)
      once for the play > count: unknown until roll/gw-1/drain over lb: look
          host: gw-1
      gw-1, gw-2 > after: known after count

    4 hosts: 4 would change, 0 no change, 5 unknown until the run knows more, 0 observations, 0 skipped
    point of no return: roll/gw-1/tell
    "
  `)
  expect(outlineText(outline(scheduleOf(list), fold([])))).toContain('once for the play > count: unknown')
})
