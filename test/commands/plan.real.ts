import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { taskParts } from '../../src/model/schedule.ts'
import { digestOf } from '../../src/plan/digest.ts'
import { type PlanDocument, type PlanTask, sealed } from '../../src/plan/document.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'

const book = `${prelude}
export default playbook('paint', { fleet, params: z.object({ shade: z.string().default('dark') }) }, (site, { shade }) => {
  const facts = play('facts', site.web, { collect: true }).task('fact', ({ host }) => read({ path: host.vars.dir + '/fact' }))
  const first = play('paint', site.web, { serial: 2, maxFailPercentage: 50 })
    .task('color', ({ host, from }) => write({ path: host.vars.dir + '/color', text: shade + ' ' + host.vars.color + ', ' + from(facts, host).fact.text }))
    .task('motto', ({ host }) => site.vars.motto ? write({ path: host.vars.dir + '/motto', text: site.vars.motto }) : skip('no motto'))
    .task('after', ({ host, color }) => read({ path: color.path }))
  const last = play('tell', site.web).task('tell', ({ host }) => announce({ about: (site.vars.artifacts ?? []).map((one) => one.sha256) }))
  return [facts, first, last]
})
`
const artifacts = (digit: string) => `- { name: pack, file: pack.zip, sha256: "${digit.repeat(64)}" }\n`

async function project(): Promise<Project> {
  const made = await makeProject({
    'paint.ts': book,
    'inventory/artifacts.yml': artifacts('0'),
    'inventory/pack.zip': 'zip',
    'inventory/host_vars/c.yml': 'password: "opensesame"\n',
    'more.yml': 'shade: light\n',
  })
  await made.write('b/color', 'light red, fact of b')
  return made
}

const planIt = ['plan', 'paint.ts', '--out', 'plan.json', '-e', '@more.yml', '-l', 'web']
let shared: Project
beforeAll(async () => {
  shared = await project()
})

test('a plan reads well: folded, three-valued, with what stops it and the point of no return', async () => {
  const { code, out, err } = await shared.call(planIt)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.replaceAll(shared.cwd, 'CWD')).toMatchInlineSnapshot(`
    "PLAY facts: a, b, c (a failure does not stop it)
      a, b, c > fact: observed: test.read
          by host: path

    PLAY paint, 2 waves
      wave 1: a, b (stops when the 2nd of 2 fails)
      wave 2: c (stops when it fails)
      a, c > color: would change: test.write [undone by itself]
          by host: path, text
      b > color: no change: test.write
          path: CWD/b/color; text: light red, fact of b
      a, b, c > motto: skipped: no motto
      a, c > after: known after color
      b > after: observed: test.read
          path: CWD/b/color

    PLAY tell: a, b, c (stops when the 1st of 3 fails)
      POINT OF NO RETURN: what follows cannot be taken back
      a, b, c > tell: unknown until paint/a/color: test.announce [cannot be undone: users were told]
          about: 0000000000000000000000000000000000000000… (64 characters)

    3 hosts: 2 would change, 1 no change, 5 unknown until the run knows more, 4 observations, 3 skipped
    point of no return: tell/a/tell
    last time: no earlier run

    To do exactly this: upgrade-fleet run --plan plan.json
    "
  `)
})

test('the stored plan is closed to others, whole, and holds no secret', async () => {
  await shared.call(planIt)
  const text = await shared.read('plan.json')
  expect((await stat(join(shared.cwd, 'plan.json'))).mode & 0o777).toBe(0o600)
  expect(text).not.toContain('opensesame')
  expect(JSON.parse(text)).toMatchObject({ format: 1, offline: false, findings: [] })
  const { out } = await shared.call(['plan', 'paint.ts', '--output', 'json', '-e', '@more.yml', '-l', 'web'])
  const { made: _, salt: __, digest: ___, ...printed } = JSON.parse(out)
  expect(JSON.parse(text)).toMatchObject({ ...printed, inventory: expect.anything() })
})

test('a plan that cannot be stored is told as such, where directories can never be made too', async () => {
  const there = ['plan', 'paint.ts', '--offline', '--out']
  expect(await shared.call([...there, '/proc/x/plan.json'])).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^--out \/proc\/x\/plan\.json: ENOENT/),
  })
  expect(await shared.call([...there, 'new/plan.json'])).toMatchObject({ code: 0 })
})

test('a secret among the extra vars is not stored', async () => {
  const { code, err } = await shared.call([...planIt, '-e', 'password=opensesame'])
  expect(code).toBe(2)
  expect(err).toMatch(/-e password: a plan that is stored keeps no secrets/)
})

test('unchanged, the run starts just what the plan says, with the same modules and inputs, host by host', async () => {
  const own = await project()
  await own.call(planIt)
  const plan = JSON.parse(await own.read('plan.json')) as PlanDocument
  const { code, err } = await own.call(['run', '--plan', 'plan.json'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const [events = []] = await own.journals()
  for (const host of ['a', 'b', 'c']) {
    const started = events.flatMap((event) =>
      event.type === 'task.started' && taskParts(event.task).host === host
        ? [{ task: event.task, module: event.module, digest: digestOf(event.input) }]
        : [],
    )
    const planned = tasksOf(plan).filter(
      ({ task, word }) => taskParts(task).host === host && word !== 'no change' && word !== 'skipped',
    )
    expect(started.map(({ task }) => task)).toEqual(planned.map(({ task }) => task))
    for (const [at, { module, input_digest }] of planned.entries())
      if (module !== undefined) expect(started[at]).toMatchObject({ module, digest: input_digest })
  }
  expect(await own.read('a/color')).toBe('light red, fact of a')
})

const once = `${prelude}
export default playbook('roll', { fleet }, (site) => {
  const [balancer, ...web] = site.web
  if (balancer === undefined) return []
  return [
    play('roll', web, { serial: 1 })
      .handler('reload', ({ host }) => write({ path: host.vars.dir + '/reloaded', text: 'yes' }))
      .task('fact', () => read({ path: balancer.vars.dir + '/fact' }), { runOnce: 'play', delegateTo: balancer })
      .task('drain', ({ host, fact }) => write({ path: balancer.vars.dir + '/out-' + host.name, text: fact.text }), { delegateTo: balancer })
      .task('color', ({ host }) => write({ path: host.vars.dir + '/color', text: host.vars.color }), { notify: 'reload' })
      .task('note', () => write({ path: balancer.vars.dir + '/note', text: 'x' }), { runOnce: 'wave', delegateTo: () => balancer }),
  ]
})
`

test('what is done once, over another machine or by a handler is planned and then done as planned', async () => {
  const own = await makeProject({ 'roll.ts': once })
  const planned = await own.call(['plan', 'roll.ts', '--out', 'plan.json'])
  expect(planned.out).toContain('once for the play > fact: observed over a: test.read')
  expect(planned.out).toContain('once for each wave > note: unknown until')
  const plan = JSON.parse(await own.read('plan.json')) as PlanDocument
  await own.write('a/fact', 'moved')
  expect(await own.call(['run', '--plan', 'plan.json'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('b > roll > fact: text: fact of a -> moved'),
  })
  expect(await own.journals()).toEqual([])
  await own.write('a/fact', 'fact of a\n')
  expect(await own.call(['run', '--plan', 'plan.json'])).toMatchObject({ code: 0, err: '' })
  const [events = []] = await own.journals()
  const started = events.flatMap((event) => (event.type === 'task.started' ? [event] : []))
  expect(started.map(({ task }) => task)).toEqual([
    ...['fact', 'drain', 'color', 'note', 'reload'].map((task) => `roll/b/${task}`),
    ...['drain', 'color', 'reload'].map((task) => `roll/c/${task}`),
  ])
  for (const { task, module, on } of started) {
    const found = tasksOf(plan).find((one) => one.task === task)
    expect([found?.module ?? module, found?.over]).toEqual([module, on])
  }
})

test('a plain password that is a word of plays and tasks too is hidden in values, and the plan can still be run', async () => {
  const own = await makeProject({
    'paint.ts': book.replaceAll("play('paint'", "play('paint admin'"),
    'inventory/host_vars/c.yml': 'password: admin\ncolor: from admin\n',
  })
  await own.call(['plan', 'paint.ts', '--out', 'plan.json'])
  const plan = JSON.parse(await own.read('plan.json')) as PlanDocument
  const written = tasksOf(plan).find(({ task }) => task === 'paint admin/c/color')
  expect(written?.input).toMatchObject({ text: 'dark from ***, fact of c' })
  expect(await own.call(['run', '--plan', 'plan.json'])).toMatchObject({ code: 0, err: '' })
  expect(await own.read('c/color')).toBe('dark from admin, fact of c')
})

const tasksOf = (plan: PlanDocument): readonly PlanTask[] =>
  plan.parts.flatMap((part) => ('tasks' in part ? part.tasks : []))

const edit = (path: string, from: RegExp | string, to: string) => async (own: Project) =>
  own.write(path, (await own.read(path)).replace(from, to))
const hostVar = (host: string, text: string) =>
  edit('inventory/hosts.yml', new RegExp(`( ${host}: \\{)`), `$1 ${text},`)
const rewritten = (path: string, text: string) => (own: Project) => own.write(path, text)
const replanned = (alter: (plan: PlanDocument) => PlanDocument) => async (own: Project) =>
  own.write('plan.json', JSON.stringify(alter(JSON.parse(await own.read('plan.json')))))

/** Every precondition of the plan, one change of it, and what must be named. */
const preconditions: readonly (readonly [string, (own: Project) => Promise<unknown>, RegExp])[] = [
  ...['a', 'b', 'c']
    .flatMap((host) => {
      const row = (what: string, move: (own: Project) => Promise<unknown>, named: string) =>
        [`${what} of ${host}`, move, new RegExp(named)] as const
      return [
        row(
          'the fact',
          rewritten(`${host}/fact`, 'new\n'),
          `${host} > facts > fact: text: fact of ${host} -> new`,
        ),
        row('the color', hostVar(host, 'color: blue'), `${host}: var color: red -> blue`),
        row(
          'the port',
          hostVar(host, 'ansible_port: 2222'),
          `${host}: var ansible_port: .not there. -> 2222`,
        ),
        row(
          'the directory',
          edit('inventory/hosts.yml', `/${host},`, '/elsewhere,'),
          `${host}: var dir: .* -> .*/elsewhere`,
        ),
        row(
          'the file',
          rewritten(`${host}/color`, 'other'),
          `${host} > paint > color: (no change -> would change|would change -> no change)|b/color`,
        ),
      ]
    })
    .filter(([name]) => !/the file of [ac]/.test(name)),
  ['a fact that cannot be read', edit('a/fact', /.*\n/, ''), /a > facts > fact: text: fact of a -> ""/],
  [
    'a secret',
    rewritten('inventory/host_vars/c.yml', 'password: "sesameopen"\n'),
    /c: var password: it has changed \(a secret\)/,
  ],
  ['a var of all', edit('inventory/hosts.yml', 'red', 'green'), /a, b, c: var color: red -> green/],
  [
    'a new site var',
    edit('inventory/hosts.yml', 'color: red', 'color: red, motto: x'),
    /var motto: \(not there\) -> x/,
  ],
  [
    'a host more',
    edit('inventory/hosts.yml', /$/, '      d: { dir: /d }\n'),
    /d: it is new in the inventory/,
  ],
  ['a host less', edit('inventory/hosts.yml', /\n {6}b: .*/, ''), /b: it is not in the inventory any more/],
  [
    'the order of hosts',
    edit('inventory/hosts.yml', /( {6}b: .*\n)( {6}c: .*\n)/, '$2$1'),
    /its hosts: a, b, c -> a, c, b/,
  ],
  ['the playbook', edit('paint.ts', /$/, '// a comment\n'), /playbook: .*paint\.ts .*has changed/],
  ['its rollout', edit('paint.ts', 'serial: 2', 'serial: 1'), /playbook: .*paint\.ts .*has changed/],
  ['an artifact', rewritten('inventory/artifacts.yml', artifacts('1')), /artifact pack\.sha256: 0+ -> 1+/],
  [
    'the list of artifacts',
    rewritten('inventory/artifacts.yml', '[]\n'),
    /artifact pack: it is not listed any more/,
  ],
  ['an extra var', rewritten('more.yml', 'shade: dim\n'), /-e\.shade: light -> dim/],
  ['no extra var', rewritten('more.yml', '{}\n'), /-e\.shade: light -> \(not there\)/],
  [
    'a change to make',
    rewritten('a/color', 'light red, fact of a'),
    /a > paint > color: would change -> no change/,
  ],
  ['a change not to make', rewritten('b/color', 'x'), /b > paint > color: no change -> would change/],
  [
    'the tool',
    replanned((plan) => sealed({ ...plan, tool: '0.0.1' })),
    /the plan was made by version 0\.0\.1/,
  ],
  ['the plan itself', replanned((plan) => ({ ...plan, tool: '0.0.1' })), /one that was edited/],
  [
    'its format',
    replanned((plan) => ({ ...plan, format: 2 as 1 })),
    /expected a plan of format 1, got format 2/,
  ],
]

describe('what a plan rests on', () => {
  const kept = [
    'paint.ts',
    'more.yml',
    'inventory/hosts.yml',
    'inventory/artifacts.yml',
    'inventory/host_vars/c.yml',
  ].concat(['a/fact', 'b/fact', 'c/fact', 'b/color', 'plan.json'])
  let own: Project
  let before: readonly (readonly [string, string])[]
  beforeAll(async () => {
    own = await project()
    await own.call(planIt)
    before = await Promise.all(kept.map(async (path) => [path, await own.read(path)] as const))
  })
  const restore = async () => {
    for (const [path, text] of before) await own.write(path, text)
    for (const path of ['a/color', 'c/color']) await rm(join(own.cwd, path), { force: true })
  }

  test.each(preconditions)('%s changed: refused, named, and nothing is done', async (_name, move, named) => {
    await restore()
    await move(own)
    const { code, err } = await own.call(['run', '--plan', 'plan.json'])
    expect(err).toMatch(named)
    expect(code).toBe(2)
    expect(await own.journals()).toEqual([])
  })

  test.each([
    [['-l', 'a'], /got --limit beside it/],
    [['--start-at-task', 'x'], /got --tags, --skip-tags or --start-at-task beside it/],
    [['-e', 'shade=dim'], /got --extra-vars beside it/],
    [['-i', 'inventory'], /got --inventory beside it/],
    [['other.ts'], /got another playbook beside it/],
  ])('is not given again: %j', async (args, named) => {
    await restore()
    const { code, err } = await own.call(['run', ...args, '--plan', 'plan.json'])
    expect(err).toMatch(named)
    expect(code).toBe(2)
  })

  test('is neither the order of keys nor the place in a file', async () => {
    await restore()
    await edit('inventory/hosts.yml', /$/, '# a comment\n')(own)
    await edit(
      'inventory/hosts.yml',
      /\{ dir: ([^,]*), (upgrade_fleet_dir: [^ ]*) \}/,
      '{ $2, dir: $1 }',
    )(own)
    expect(await own.call(['run', '--plan', 'plan.json', '--check', '--output', 'quiet'])).toMatchObject({
      code: 0,
      err: '',
    })
  })
})

test('a stored plan is of all tasks: it goes with no selection of them', async () => {
  const own = await makeProject({})
  const answer = await own.call(['plan', 'x.ts', '--out', 'plan.json', '--tags', 'a'])
  expect(answer).toMatchObject({ code: 2, err: expect.stringContaining('so it goes with no --tags') })
})
