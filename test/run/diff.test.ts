import { expect, test } from 'vitest'
import { fakeMachine } from '../../src/connect/fake.ts'
import { readOnly } from '../../src/connect/read-only.ts'
import { change, play, secret, shownText, type Text } from '../../src/index.ts'
import type { Stamped } from '../../src/model/event.ts'
import { isStored } from '../../src/model/event.ts'
import { redactor } from '../../src/model/redact.ts'
import { jsonReporter } from '../../src/report/json.ts'
import { linesReporter } from '../../src/report/lines.ts'
import { treeReporter } from '../../src/report/tree.ts'
import { hosts, tryRun } from '../support/engine.ts'

const machine = fakeMachine()
const old = 'user = admin\npassword = old-hunter1\nport = 1\n'
const stores: string[] = []
const write = change('write', {
  apply: async (on, { text }: { text: Text }) => {
    stores.push(shownText(text))
    await on.put({ text }, '/tmp/conf')
    return null
  },
  diff: async (_on, { text }) => [{ path: '/conf', before: old, after: shownText(text) }],
  undo: async () => {},
})
const text: Text = ['user = admin\npassword = ', secret('env:P'), '\nport = 2\n']
const part = () => play('p', hosts('h')).task('t', () => write({ text }))

async function told(trial: Parameters<typeof tryRun>[1]) {
  const events: Stamped[] = []
  const tried = await tryRun([part()], {
    connect: () => (trial?.check ? readOnly(machine.connect()) : machine.connect()),
    redact: redactor(() => ['hunter2']),
    onEvent: (event) => void events.push(event),
    ...trial,
  })
  return { ...tried, diffs: events.filter((event) => event.type === 'task.diffed') }
}

test('with --diff a change tells what it makes different, with --check what it would, and then writes nothing', async () => {
  stores.length = 0
  const check = await told({ diff: true, check: true })
  expect(check.diffs).toMatchObject([
    {
      task: 'p/h/t',
      lines: [
        '--- /conf',
        '+++ /conf',
        '@@ -1,3 +1,3 @@',
        ' user = admin',
        '-*** (hidden: a secret is put in here)',
        '-*** (hidden: a secret is put in here)',
        '+password = ***',
        '+port = 2',
      ],
    },
  ])
  expect(stores).toEqual([])
  expect(machine.files.has('/tmp/conf')).toBe(false)
  const run = await told({ diff: true })
  expect(run.outcome).toBe('ok')
  expect(run.diffs).toHaveLength(1)
  expect(stores).toHaveLength(1)
})

test('without --diff nothing is asked; what differs is not stored', async () => {
  expect((await told({ check: true })).diffs).toEqual([])
  expect(isStored({ type: 'task.diffed', task: '', lines: [] })).toBe(false)
})

test('that it cannot be told hinders nothing', async () => {
  const sick = change('sick', {
    apply: async () => null,
    diff: async () => {
      throw new Error('no such file, hunter2')
    },
    undo: async () => {},
  })
  const lines: string[] = []
  const { outcome } = await tryRun([play('p', hosts('h')).task('t', () => sick(null))], {
    diff: true,
    redact: redactor(() => ['hunter2']),
    onEvent: (event) => void (event.type === 'task.diffed' && lines.push(...event.lines)),
  })
  expect({ outcome, lines }).toEqual({
    outcome: 'ok',
    lines: ['what would differ cannot be told: no such file, ***'],
  })
})

test('a secret that stays the same does not differ', async () => {
  const same = change('same', {
    apply: async () => null,
    diff: async () => [{ path: '/c', before: 'p=hunter2\nq=1\n', after: 'p=***\nq=2\n' }],
    undo: async () => {},
  })
  const lines: string[] = []
  await tryRun([play('p', hosts('h')).task('t', () => same(null))], {
    diff: true,
    redact: redactor(() => ['hunter2']),
    onEvent: (event) => void (event.type === 'task.diffed' && lines.push(...event.lines)),
  })
  expect(lines.slice(3)).toEqual([' p=***', '-q=1', '+q=2'])
})

test('lines, tree and JSON show it, remote text made harmless', () => {
  const event: Stamped = {
    seq: 1,
    at: '2026-11-22T10:00:00.000Z',
    type: 'task.diffed',
    task: 'p/h/t',
    lines: ['--- /c', '+++ /c', '@@ -1,1 +1,1 @@', '-old \u001b[2J', '+new'],
  }
  let [lines, json, tree] = ['', '', '']
  linesReporter((text) => (lines += text), { time: () => 'T' }).event(event)
  jsonReporter((text) => (json += text)).event(event)
  const drawn = treeReporter({
    out: (text) => (tree += text),
    look: () => ({ columns: 80, rows: 24, color: false, unicode: false }),
    now: () => 0,
    every: () => () => {},
  })
  drawn.event({
    ...event,
    type: 'run.resumed',
    run: 'r',
    playbook: 'p',
    changed: false,
    waves: [],
  } as Stamped)
  drawn.event(event)
  drawn.end()
  for (const shown of [lines, tree]) {
    expect(shown).toMatch(/p > h > t: what differs/)
    expect(shown).toMatch(/\+new/)
    expect(shown).not.toContain('\u001b[2J -')
  }
  expect(lines).not.toContain('\u001b')
  expect(JSON.parse(json)).toMatchObject({ type: 'task.diffed', lines: expect.arrayContaining(['+new']) })
})
