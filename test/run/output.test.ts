import { expect, test } from 'vitest'
import { fakeMachine } from '../../src/connect/fake.ts'
import { change, observe, play, sh } from '../../src/index.ts'
import type { Stamped } from '../../src/model/event.ts'
import { isStored } from '../../src/model/event.ts'
import { redactor } from '../../src/model/redact.ts'
import { hosts, tryBack, tryRun } from '../support/engine.ts'

const speaking = fakeMachine({
  respond: async (text, _stdin, { say }) => {
    for (let n = 1; n <= (text.startsWith('flood') ? 60_000 : 2); n++)
      say(`${text.split(' ')[0]} says ${n} hunter2`)
    return {}
  },
})
const work = change('work', {
  apply: async (on, name: string) => {
    await on.exec(sh.read`look ${name}`)
    await on.exec(sh`act ${name}`)
    const job = await on.job('long', sh`${sh`job`} ${name}`)
    const heard: string[] = []
    await job.wait({ onLine: (line) => heard.push(line) })
    return heard.length
  },
  undo: async () => {},
})

async function outputs(
  module: typeof work,
  name: string,
): Promise<{ lines: string[]; stored: readonly Stamped[] }> {
  const lines: string[] = []
  const { outcome, events } = await tryRun([play('p', hosts('h')).task('t', () => module(name))], {
    connect: () => speaking.connect(),
    redact: redactor(() => ['hunter2']),
    onEvent: (event) => event.type === 'task.output' && lines.push(event.line),
  })
  expect(outcome).toBe('ok')
  return { lines, stored: events }
}

test('what changing commands and jobs print is told line by line, redacted, and not stored; what is only read is not', async () => {
  const { lines, stored } = await outputs(work, 'x')
  expect(lines).toEqual([
    '$ act x',
    'act says 1 ***',
    'act says 2 ***',
    expect.stringMatching(/^job long, its whole output is in .*log on /),
    'job says 1 ***',
    'job says 2 ***',
  ])
  expect(stored.some((event) => event.type === 'task.output')).toBe(false)
  expect(isStored({ type: 'task.output', task: '', line: '' })).toBe(false)
  expect(stored.find((event) => event.type === 'task.ended')).toMatchObject({ output: 2 })
})

test('a flood is cut, and says so', async () => {
  const flood = change('flood', {
    apply: async (on, _name: string) => {
      await on.exec(sh`flood`)
      return 0
    },
    undo: async () => {},
  })
  const { lines } = await outputs(flood, 'x')
  expect(lines.join('\n').length).toBeLessThan(2 ** 20 + 200)
  expect(lines.at(-1)).toMatch(/left out/)
})

test('a password that is a word of a path changes neither what is undone nor what later tasks read', async () => {
  const undone: string[] = []
  const move = change('move', {
    remember: async (_on, { path }: { path: string }) => ({ was: `${path}/old` }),
    apply: async (on, { path }) => {
      on.say(`moved ${path}`)
      return { path: `${path}/new` }
    },
    undo: async (_on, { path }, { was }) => void undone.push(path, was),
  })
  const see = observe('see', async (on, { at }: { at: string }) => {
    on.say(at)
    return { leaked: 'admin said wso2carbon' }
  })
  const parts = [
    play('admin', hosts('admin'))
      .task('move', () => move({ path: '/home/wso2carbon' }))
      .task('see', ({ move: { path } }) => see({ at: path.replace('wso2carbon', 'w') })),
  ]
  const redact = redactor(() => ['wso2carbon', 'admin'])
  const run = await tryRun(parts, { redact })
  expect(run.outcome).toBe('ok')
  expect(run.events.filter((event) => event.type === 'task.started')).toMatchObject([
    { task: 'admin/admin/move', input: { path: '/home/wso2carbon' } },
    { task: 'admin/admin/see', input: { at: '/home/w/new' } },
  ])
  expect(run.events.filter((event) => event.type === 'task.said')).toMatchObject([
    { line: 'moved /home/***' },
    { line: '/home/w/new' },
  ])
  expect(run.events.findLast((event) => event.type === 'task.ended')).toMatchObject({
    output: { leaked: '*** said ***' },
  })
  await tryBack(parts, { before: run.events, redact })
  expect(undone).toEqual(['/home/wso2carbon', '/home/wso2carbon/old'])
})
