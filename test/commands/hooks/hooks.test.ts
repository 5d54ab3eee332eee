import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Hooks, HooksRefused, keepHooks } from '../../../src/commands/hooks/hooks.ts'
import { fail, observe } from '../../../src/model/action.ts'
import { TaskError } from '../../../src/model/errors.ts'
import type { Event, Stamped } from '../../../src/model/event.ts'
import type { Hook } from '../../../src/model/hook.ts'
import { play } from '../../../src/model/play.ts'
import { cutover, type Part } from '../../../src/model/playbook.ts'
import { secret, shownText } from '../../../src/model/secret.ts'
import { hosts, scheduleOf, tryRun } from '../../support/engine.ts'
import { until } from '../../support/until.ts'

const look = observe('look', async () => {})
const parts: readonly Part[] = [
  play('first', hosts('a', 'b'), { serial: 1, maxFailPercentage: 100 }).task('look', () => look(null)),
  cutover('users in'),
  play('second', hosts('a', 'b'), { maxFailPercentage: 100, maxFailures: { wave: 2 } })
    .task('forgiven', () => fail('no matter'), { ignoreErrors: true })
    .block('cared for', (tasks) => tasks.task('broken', () => fail('rescued')), {
      rescue: (tasks) => tasks.task('mend', () => look(null)),
    })
    .task('bad', () => fail('it is bad')),
]

/** What came to the server, in order. */
const came: {
  readonly body: Record<string, unknown>
  readonly text: string
  readonly headers: Record<string, unknown>
}[] = []
let status = 200
let answers = true
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const text = Buffer.concat(chunks).toString()
    came.push({ body: JSON.parse(text) as Record<string, unknown>, text, headers: request.headers })
    if (answers) response.writeHead(status).end()
  })
})
let url = ''
beforeAll(async () => {
  server.listen(0, '127.124.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `http://127.124.0.1:${typeof address === 'object' ? address?.port : 0}/T0/secret-path`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  came.splice(0)
  status = 200
  answers = true
})

const started: Stamped = {
  seq: 1,
  at: '2026-11-23T00:00:00.000Z',
  type: 'run.started',
  run: 'r1',
  kind: 'run',
  playbook: 'test',
  inventory: [],
  digest: '',
  tool: '1',
  check: false,
  waves: [],
}

function kept(
  given: readonly Partial<Hook>[],
  more: Partial<Parameters<typeof keepHooks>[1]> = {},
): { hooks: Hooks; told: Event[] } {
  const told: Event[] = []
  const all = given.map(
    (one, at): Hook => ({
      name: `h${at}`,
      on: ['start', 'wave', 'failure', 'cutover', 'end'],
      webhook: { url },
      ...one,
    }),
  )
  const hooks = keepHooks(all, {
    told: { run: 'r1', kind: 'run', playbook: 'test', tool: '1' },
    schedule: scheduleOf(parts),
    waves: [{ play: 'first', wave: 1, of: 2, hosts: ['a'], tasks: [] }],
    env: { PATH: '/usr/bin:/bin', DB_PASSWORD: 'hunter22' },
    cwd: '/',
    interrupted: new AbortController().signal,
    reveal: (text) =>
      typeof text === 'string'
        ? text
        : text.map((part) => (typeof part === 'string' ? part : 'value of it')).join(''),
    redact: (text) => text.replaceAll('hunter22', '***'),
    tell: (event) => void told.push(event),
    clock: () => 0,
    ...more,
  })
  return { hooks, told }
}

test('each moment is told once, in order; what is forgiven or rescued is no failure', async () => {
  const { hooks, told } = kept([{}])
  hooks.event(started)
  const { outcome } = await tryRun(parts, { onEvent: (event) => hooks.event(event) })
  // As it is in a run: waves are not late by then.
  await until(() => told.length === 6, 'all of the run is told')
  expect(await hooks.end(outcome as 'failed', 12)).toEqual([])
  expect(came.map(({ body }) => [body['on'], body['play'] ?? body['gate'] ?? body['outcome']])).toEqual([
    ['start', undefined],
    ['wave', 'first'],
    ['wave', 'first'],
    ['cutover', 'users in'],
    ['wave', 'second'],
    ['failure', 'second'],
    ['end', 'failed'],
  ])
  expect(came[1]?.body).toEqual(
    expect.objectContaining({
      hook: 'h0',
      run: 'r1',
      kind: 'run',
      playbook: 'test',
      wave: 1,
      of: 2,
      hosts: ['a'],
    }),
  )
  expect(came[5]?.body).toMatchObject({
    host: 'a',
    task: 'second/a/bad',
    result: 'failed',
    message: expect.stringContaining('it is bad'),
  })
  expect(told).toHaveLength(7)
  expect(told.every((event) => event.type === 'hook.ended' && event.error === undefined)).toBe(true)
})

test('a hook that fails is told once as a warning, by its host alone, and changes nothing', async () => {
  status = 500
  const { hooks, told } = kept([
    {},
    { on: 'end', command: ['sh', '-c', 'echo "no hunter22" >&2; exit 3'], webhook: undefined as never },
  ])
  hooks.event(started)
  hooks.event({ ...started, type: 'cutover', gate: 'x' })
  const warnings = await hooks.end('ok', 1)
  expect(warnings).toEqual([
    expect.stringMatching(
      /^warning: hook "h0" failed \(start, and 2 more\): POST to 127\.124\.0\.1:\d+ was answered 500\. The run did not wait for it\.\n$/,
    ),
    'warning: hook "h1" failed (end): sh exited 3: no ***. The run did not wait for it.\n',
  ])
  expect(told.map((event) => event.type === 'hook.ended' && event.error !== undefined)).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect(JSON.stringify([warnings, told])).not.toContain('secret-path')
})

test('a run that failed before any task is told as a failure too', async () => {
  const { hooks } = kept([{ on: 'failure' }])
  await hooks.end('blocked', 1)
  expect(came.map(({ body }) => [body['on'], body['outcome']])).toEqual([['failure', 'blocked']])
})

test('a command gets the event by standard input, and nothing of the environment that may be secret', async () => {
  const { hooks } = kept([
    {
      on: 'end',
      webhook: undefined as never,
      command: ['sh', '-c', 'grep -q \'"on":"end"\' && env >&2; exit 1'],
    },
  ])
  const [warning = ''] = await hooks.end('ok', 1)
  expect(warning).not.toMatch(/hunter22|\*\*\*|DB_PASSWORD/)
  expect(warning).toContain('sh exited 1: ')
})

test('the body is signed, and secrets go over https alone', async () => {
  const { hooks } = kept(
    [
      { on: 'start', webhook: { url, hmac: secret('env:KEY'), headers: { 'x-room': 'ops' } } },
      { on: 'start', webhook: { url: [secret('env:URL')], headers: {} } },
    ],
    {
      reveal: (text) =>
        text[0] !== null &&
        typeof text !== 'string' &&
        shownText(text) === '***' &&
        JSON.stringify(text).includes('URL')
          ? url
          : typeof text === 'string'
            ? text
            : 'the key',
    },
  )
  hooks.event(started)
  const warnings = await hooks.end('ok', 1)
  expect(came).toHaveLength(1)
  expect(came[0]?.headers).toMatchObject({
    'x-room': 'ops',
    'content-type': 'application/json',
    'x-upgrade-fleet-signature': `sha256=${createHmac('sha256', 'the key')
      .update(came[0]?.text ?? '')
      .digest('hex')}`,
  })
  expect(warnings).toEqual([expect.stringContaining('a secret does not go over http: use https')])
})

test('a required hook holds back what it is asked before, but not a rollback', async () => {
  status = 503
  const required = { on: ['start', 'cutover'] as const, required: true }
  const { hooks } = kept([required])
  hooks.event(started)
  expect(came).toEqual([])
  expect(await hooks.before('start')).toMatch(
    /^the required hook "h0" failed \(start\): POST to .* was answered 503$/,
  )
  expect(await hooks.before('cutover', 'users in')).toMatch(/failed \(cutover\)/)
  expect(await hooks.end('blocked', 0)).toEqual([])
  status = 200
  expect(await hooks.before('start')).toBeUndefined()
  came.splice(0)
  const back = kept([required], {
    told: { run: 'r2', kind: 'rollback', of: 'r1', playbook: 'test', tool: '1' },
  })
  status = 503
  expect(await back.hooks.before('start')).toBeUndefined()
  back.hooks.event(started)
  expect(await back.hooks.end('ok', 0)).toEqual([expect.stringContaining('answered 503')])
  expect(came.map(({ body }) => [body['kind'], body['of']])).toEqual([['rollback', 'r1']])
})

test('a run whose cut-over is held back stops before it, and can be resumed', async () => {
  const held = await tryRun(parts, { rules: { beforeCutover: async () => 'the pager is down' } as never })
  expect(held.outcome).toBe('interrupted')
  expect(held.events.some(({ type }) => type === 'cutover')).toBe(false)
  expect(held.events).toContainEqual(
    expect.objectContaining({ type: 'stopped', reason: 'the pager is down' }),
  )
  const gone = await tryRun(parts, { before: held.events })
  expect(gone.events.some(({ type }) => type === 'cutover')).toBe(true)
})

test('a server that never answers delays no run, and no Ctrl-C', async () => {
  answers = false
  const interrupt = new AbortController()
  const { hooks, told } = kept(
    [
      { on: ['start', 'wave'], timeout: 1000 },
      { on: 'end', timeout: 0.2 },
    ],
    { interrupted: interrupt.signal },
  )
  hooks.event(started)
  hooks.event({ ...started, type: 'wave.started', play: 'first', wave: 1 })
  await until(() => came.length === 1, 'it is told')
  interrupt.abort()
  const warnings = await hooks.end('interrupted', 1)
  expect(warnings).toEqual([
    expect.stringContaining('hook "h0" failed (start): the run was interrupted'),
    expect.stringContaining('hook "h1" failed (end): POST to'),
  ])
  expect(told).toHaveLength(2)
})

test('a secret that cannot be looked up is refused before anything begins', () => {
  const reveal = () => {
    throw new TaskError('there is no KEY')
  }
  expect(() => kept([{ webhook: { url, hmac: secret('env:KEY') } }], { reveal })).toThrow(HooksRefused)
})
