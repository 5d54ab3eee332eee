import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { otherTool } from '../../src/commands/playbook-in-use.ts'
import { version } from '../../src/commands/version.ts'
import type { Stamped } from '../../src/model/event.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'

/** Writes a file on each host, then wants a gate to be open. */
const book = (second = 'done', more = '') => `${prelude}
export default playbook('walk', { fleet }, (site) => [
  play('first', site.web).task('mark', ({ host }) => write({ path: host.vars.dir + '/mark', text: 'first' })),
  play('gate', site.web[0]).task('open', ({ host }) => read({ path: host.vars.dir + '/gate' })),
  play('second', site.web).task('mark', ({ host }) => write({ path: host.vars.dir + '/second', text: '${second}' })),
  ${more}
])
`

/** A project in which a run failed at the gate, which is open now. */
async function failedRun(): Promise<Project & { readonly id: string }> {
  const project = await makeProject({ 'walk.ts': book() })
  expect(await project.call(['run', 'walk.ts'])).toMatchObject({ code: 3 })
  await project.write('a/gate', 'open')
  const [id = ''] = readdirSync(join(project.cwd, '.upgrade-fleet/runs'))
  return { ...project, id }
}

test('an unchanged playbook is gone on with, its values kept', async () => {
  const own = await failedRun()
  await own.write('a/mark', 'somebody else')
  expect(await own.call(['resume'])).toMatchObject({ code: 0, err: '' })
  expect(await own.read('a/mark')).toBe('somebody else')
  expect(await own.read('a/second')).toBe('done')
})

test.each([['resume'], ['rollback']])(
  '%s works on as many hosts side by side as the run',
  async (command) => {
    const own = await makeProject({ 'walk.ts': book() })
    expect(await own.call(['run', 'walk.ts', '--forks', '1'])).toMatchObject({ code: 3 })
    await own.write('a/gate', 'open')
    expect(await own.call([command])).toMatchObject({ code: 0 })
    const events = (await own.journals()).at(-1) ?? []
    const work = events.flatMap((event) =>
      'task' in event && (event.task.startsWith('second/') || event.type.startsWith('undo.'))
        ? [`${event.type.split('.')[1]} ${event.task}`]
        : [],
    )
    expect(work).toHaveLength(6)
    for (let at = 0; at < 6; at += 2) expect(work[at + 1]).toBe(work[at]?.replace('started', 'ended'))
  },
)

test('with --diff, what is changed from here on is shown as by run', async () => {
  const told = `${book().replace(
    'const fleet',
    `const shown = change('test.shown', {
  diff: async (_on, { path }: { path: string }) => [{ path, before: '', after: 'new line' }],
  apply: async () => ({}),
  undo: async () => {},
})
const fleet`,
  )}`.replace("write({ path: host.vars.dir + '/second', text: 'done' })", "shown({ path: '/second' })")
  const own = await makeProject({ 'walk.ts': told })
  expect(await own.call(['run', 'walk.ts'])).toMatchObject({ code: 3 })
  await own.write('a/gate', 'open')
  expect(await own.call(['resume', '--diff'])).toMatchObject({
    code: 0,
    out: expect.stringContaining('+new line'),
  })
})

test('a changed playbook is not gone on with unasked: exit 2 says what is done, pending and different', async () => {
  const own = await failedRun()
  const more =
    "play('third', site.web[0]).task('mark', ({ host }) => write({ path: host.vars.dir + '/third', text: 'x' })),"
  await own.write('walk.ts', book('otherwise', more))
  const { code, err } = await own.call(['resume', '--yes'])
  expect(code).toBe(2)
  expect(err.replaceAll(own.cwd, 'CWD').replaceAll(own.id, 'RUN')).toMatchInlineSnapshot(`
    "CWD/walk.ts is not what this run began with.
      done: 3 tasks, which keep what they gave; pending: 5
      only in the new:
        third/a/mark
      another module or input:
        second/a/mark: test.write with another input
        second/b/mark: test.write with another input
        second/c/mark: test.write with another input
    To go on with the new one: upgrade-fleet resume RUN --accept-changed; with the old one: put it back.
    "
  `)
  expect(await own.read('a/second').catch(() => 'none')).toBe('none')
  expect((await own.journals())[0]?.at(-1)).toMatchObject({ type: 'run.ended' })
})

test('accepted, it is used by this resume, the next, and the rollback; finished tasks keep their values', async () => {
  const own = await failedRun()
  const more =
    "play('last', site.web[0]).task('open', ({ host }) => read({ path: host.vars.dir + '/last' })),"
  await own.write('walk.ts', book('otherwise', more))
  const first = await own.call(['resume', '--accept-changed'])
  expect(first).toMatchObject({
    code: 3,
    err: expect.stringContaining('second/a/mark: test.write with another input'),
  })
  expect(await own.read('a/second')).toBe('otherwise')
  const [events = []] = await own.journals()
  expect(
    events.filter((event) => event.type === 'task.started' && event.task === 'first/a/mark'),
  ).toHaveLength(1)
  expect(events.findLast((event) => event.type === 'run.resumed')).toMatchObject({
    tool: version,
    accepted: { bundle: expect.stringMatching(/^playbook-.*\.mjs$/) },
  })
  // The next finds the project's file as it was accepted, and asks nothing.
  expect(await own.call(['resume'])).toMatchObject({ code: 3, err: '' })
  await rm(join(own.cwd, 'walk.ts'))
  const back = await own.call(['rollback'])
  expect(back).toMatchObject({ code: 0, err: '' })
  expect(await own.read('a/second')).toBe('')
  expect(await own.read('b/mark')).toBe('')
})

test('a playbook that lost a task that began is refused, naming it: its undo could not be found', async () => {
  const own = await failedRun()
  await own.write('walk.ts', book().replace("play('first', site.web)", "play('first', site.web.slice(1))"))
  const { code, err } = await own.call(['resume', '--accept-changed'])
  expect(code).toBe(2)
  expect(err).toMatch(/first\/a\/mark: it was begun by test\.write, and the playbook now has no such task/)
  expect(err).not.toMatch(/first\/b\/mark: it was begun/)
})

test('a playbook that cannot be loaded any more is told as such', async () => {
  const own = await failedRun()
  await own.write('walk.ts', 'export default 5')
  const { code, err } = await own.call(['resume'])
  expect(code).toBe(2)
  expect(err).toMatch(/is not what this run began with, and cannot be loaded:\n.*default export/)
})

test('without the file in the project, what the run kept is used, and that is said', async () => {
  const own = await failedRun()
  await rm(join(own.cwd, 'walk.ts'))
  const { code, err } = await own.call(['resume'])
  expect(err).toMatch(/walk\.ts is not there any more: going on with what the run kept/)
  expect(code).toBe(0)
})

test.each([['resume'], ['rollback']])('%s does not run a kept playbook that was changed', async (command) => {
  const own = await failedRun()
  const folder = `.upgrade-fleet/runs/${own.id}`
  const bundle = readdirSync(join(own.cwd, folder)).find((name) => name.endsWith('.mjs')) ?? ''
  await own.write(`${folder}/${bundle}`, `${await own.read(`${folder}/${bundle}`)}\nglobalThis.was = 'run'\n`)
  const { code, err } = await own.call([command])
  expect(code).toBe(2)
  expect(err).toMatch(/expected the playbook as the run kept it, got another text/)
  expect(globalThis).not.toHaveProperty('was')
})

test('a run by a plan is held to it when it is resumed, until what changed is accepted', async () => {
  const own = await makeProject({
    'copy.ts': `${prelude}
export default playbook('copy', { fleet }, (site) => {
  const facts = play('facts', site.web, { serial: 1 }).task('fact', ({ host }) => read({ path: host.vars.dir + '/fact' }))
  return [facts, play('copy', site.web).task('copy', ({ host, from }) => write({ path: host.vars.dir + '/copy', text: from(facts, host).fact.text }))]
})
`,
  })
  await own.call(['plan', 'copy.ts', '--out', 'plan.json'])
  const interrupt = new AbortController()
  const out = (text: string) => {
    if (text.includes('facts > a > fact')) interrupt.abort()
  }
  const run = await own.call(['run', '--plan', 'plan.json'], { interrupted: interrupt.signal, out })
  expect(run.code).toBe(130)
  await own.write('b/fact', 'moved')
  const held = await own.call(['resume', '--forks', '1'])
  expect(held.code, held.out + held.err).toBe(3)
  expect(held.out).toMatch(/b > copy: blocked.*not what was planned: its input is another/)
  expect(await own.read('b/copy').catch(() => 'none')).toBe('none')
  expect(await own.call(['resume', '--accept-changed'])).toMatchObject({ code: 0 })
  expect(await own.read('b/copy')).toBe('moved')
})

test('a plan that is damaged in the folder of its run says how to go on without it', async () => {
  const own = await makeProject({ 'walk.ts': book() })
  await own.write('a/gate', 'open')
  await own.call(['plan', 'walk.ts', '--out', 'plan.json'])
  await rm(join(own.cwd, 'a/gate'))
  expect(await own.call(['run', 'walk.ts'])).toMatchObject({ code: 3 })
  const [id = ''] = readdirSync(join(own.cwd, '.upgrade-fleet/runs'))
  await own.write(
    `.upgrade-fleet/runs/${id}/plan.json`,
    (await own.read('plan.json')).replace('walk', 'talk'),
  )
  expect(await own.call(['resume'])).toMatchObject({
    code: 2,
    err: expect.stringMatching(
      new RegExp(
        `got one that was edited\nTo go on without it: upgrade-fleet resume ${id} --accept-changed\n$`,
      ),
    ),
  })
})

test('a run that died before its first event is not there to be resumed, and is told as such', async () => {
  const own = await failedRun()
  await rm(join(own.cwd, `.upgrade-fleet/runs/${own.id}/journal.jsonl`))
  expect(await own.call(['resume', own.id])).toMatchObject({
    code: 2,
    err: `The run ${own.id} was not begun: its journal is not there.\nRun its playbook: upgrade-fleet ${own.cwd}/walk.ts\n`,
  })
})

test('without an id, a run that only reads is not what is meant', async () => {
  const own = await failedRun()
  const reads = book()
    .replace(/\n {2}play\('(first|second)'.*/g, '')
    .replaceAll("'/gate'", "'/nowhere'")
  await own.write('look.ts', reads)
  expect(await own.call(['run', 'look.ts'])).toMatchObject({ code: 3 })
  expect(await own.call(['resume'])).toMatchObject({
    code: 0,
    out: expect.stringContaining(`run ${own.id} goes on`),
  })

  const alone = await makeProject({ 'look.ts': reads })
  expect(await alone.call(['run', 'look.ts'])).toMatchObject({ code: 3 })
  expect(await alone.call(['resume'])).toMatchObject({
    code: 2,
    err: expect.stringMatching(
      /There is no run to resume: the latest, \S+ of .*look\.ts, failed before it changed anything/,
    ),
  })
})

test('a playbook that leaves the fleet as it found it proposes no rollback once it ended well', async () => {
  const own = await makeProject({ 'walk.ts': book().replace('{ fleet }', '{ fleet, leavesAsFound: true }') })
  expect((await own.call(['run', 'walk.ts'])).out).toMatch(/upgrade-fleet rollback/)
  await own.write('a/gate', 'open')
  expect((await own.call(['resume'])).out).not.toMatch(/upgrade-fleet rollback/)
})

test('another version of the tool is said, and goes on', () => {
  const started = { type: 'run.started', tool: '0.0.1' } as unknown as Stamped
  expect(otherTool([started])).toMatch(/last worked on by upgrade-fleet 0\.0\.1; this is /)
  expect(otherTool([started, { type: 'run.resumed', tool: version } as unknown as Stamped])).toBeUndefined()
})
