import { expect, test } from 'vitest'
import type { Event, Stamped } from '../../src/model/event.ts'
import { type Hook, hookProblems } from '../../src/model/hook.ts'
import { secret } from '../../src/model/secret.ts'
import { hookMessages } from '../../src/modules/hooks/messages.ts'

const waves = [
  { play: 'stop', wave: 1, of: 2, hosts: ['a', 'b'], tasks: ['t'] },
  { play: 'stop', wave: 2, of: 2, hosts: ['c'], tasks: ['t'] },
]
const started: Event = {
  type: 'run.started',
  run: 'r-1',
  kind: 'run',
  playbook: 'to-3.0.0',
  inventory: [],
  digest: '',
  tool: '',
  check: false,
  waves,
}
const told = (...events: readonly Event[]) => {
  const messageOf = hookMessages()
  return events
    .map((event, at) => messageOf({ ...event, seq: at + 1, at: `at ${at}` } as Stamped))
    .flatMap((message) => message ?? [])
}
const ended = (task: string, result: 'failed' | 'ok' | 'unreachable', message?: string): Event => ({
  type: 'task.ended',
  task,
  result,
  seconds: 1,
  ...(message !== undefined && { message }),
})

test('a run begins, its waves, the first failure of each host, the cut-over, its end', () => {
  const messages = told(
    started,
    { type: 'wave.started', play: 'stop', wave: 2 },
    ended('stop/a/t', 'ok'),
    ended('stop/b/t', 'failed', 'b: no\n  evidence'),
    ended('stop/b/u', 'failed', 'again'),
    ended('stop/c/t', 'unreachable', 'c: gone'),
    { type: 'cutover', gate: 'traffic in' },
    { type: 'run.ended', outcome: 'failed', seconds: 61.6 },
  )
  expect(messages.map(({ moment, text }) => [moment, text])).toEqual([
    ['start', 'to-3.0.0: begins on 3 hosts'],
    ['wave', 'to-3.0.0: stop, wave 2 of 2: 1 hosts'],
    ['failure', 'to-3.0.0: stop/b/t: failed: b: no'],
    ['failure', 'to-3.0.0: stop/c/t: unreachable: c: gone'],
    ['cutover', 'to-3.0.0: cut-over (traffic in): users are served from now on'],
    ['end', 'to-3.0.0: failed after 62 s'],
  ])
  expect(messages[2]).toEqual({
    moment: 'failure',
    text: 'to-3.0.0: stop/b/t: failed: b: no',
    run: 'r-1',
    kind: 'run',
    playbook: 'to-3.0.0',
    at: 'at 3',
    task: 'stop/b/t',
    hosts: ['b'],
    outcome: 'failed',
    message: 'b: no\n  evidence',
  })
})

test('a rollback says that it is one, and what could not be taken back', () => {
  const messages = told(
    { ...started, kind: 'rollback', of: 'r-0' },
    { type: 'undo.ended', task: 'stop/a/t', purpose: 'rollback', error: 'why\nmore', seconds: 1 },
    { type: 'undo.ended', task: 'stop/b/t', purpose: 'rollback', seconds: 1 },
  )
  expect(messages.map(({ kind, moment, text }) => [kind, moment, text])).toEqual([
    ['rollback', 'start', 'to-3.0.0: is taken back on 3 hosts'],
    ['rollback', 'failure', 'to-3.0.0: stop/a/t could not be taken back: why'],
  ])
})

const good: Hook = { name: 'a', on: ['end'], command: ['notify'] }
const web = { name: 'w', on: ['end'] as const, webhook: 'https://example.com/x' }

test.each<[string, readonly Hook[], readonly string[]]>([
  ['two good ones', [good, { ...web, headers: { authorization: ['Bearer ', secret('env:T')] } }], []],
  ['one name twice', [good, good], ['hook "a": another hook has that name']],
  [
    'no moment',
    [{ ...good, on: [] }],
    ['hook "a": on: expected some of start, wave, failure, cutover, end, got none'],
  ],
  [
    'another moment',
    [{ ...good, on: ['begin' as never] }],
    ['hook "a": on: expected some of start, wave, failure, cutover, end, got begin'],
  ],
  [
    'no program',
    [{ ...good, command: [] }],
    ['hook "a": command: expected a program and its arguments, got none'],
  ],
  ['no time', [{ ...good, timeout: 0 }], ['hook "a": timeout: expected seconds, got 0']],
  ['no URL', [{ ...web, webhook: 'example' }], ['hook "w": webhook: expected an http or https URL']],
  ['a file', [{ ...web, webhook: 'file:///x' }], ['hook "w": webhook: expected an http or https URL']],
  [
    'a password in it',
    [{ ...web, webhook: 'https://u:p@x/' }],
    ['hook "w": webhook: expected a URL without a password; say it in headers, as a secret'],
  ],
  [
    'a secret in the clear',
    [{ ...web, webhook: 'http://x/', headers: { a: [secret('s')] } }],
    ['hook "w": headers: a secret is sent over https alone'],
  ],
])('%s', (_name, hooks, problems) => {
  expect(hookProblems(hooks)).toEqual(problems)
})
