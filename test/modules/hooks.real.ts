import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Event, Stamped } from '../../src/model/event.ts'
import type { Hook, HookMessage } from '../../src/model/hook.ts'
import { hookTeller } from '../../src/modules/hooks.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { until } from '../support/until.ts'

let server: Server
let url: string
const got: { path: string; headers: IncomingHttpHeaders; body: HookMessage }[] = []
/** What is answered at a path: a status, or nothing ever. */
const answers: Record<string, number | undefined> = { '/ok': 204, '/bad': 500, '/away': 302 }

beforeAll(async () => {
  server = createServer((request, response) => {
    const { url: path = '' } = request
    let body = ''
    request.setEncoding('utf8').on('data', (text) => {
      body += text
    })
    request.on('end', () => {
      got.push({ path, headers: request.headers, body: JSON.parse(body) })
      const status = answers[path]
      if (status !== undefined) response.writeHead(status, { location: `${url}/ok` }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.129.3.1', resolve))
  url = `http://127.129.3.1:${(server.address() as AddressInfo).port}`
})
afterAll(
  () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    }),
)

const at = (seq: number) => ({ seq, at: 'now' })
const cutover = (seq: number): Stamped => ({ type: 'cutover', gate: 'in', ...at(seq) })
async function tell(hooks: readonly Hook[], events: readonly Stamped[], seconds = 30) {
  const warnings: string[] = []
  const teller = hookTeller(hooks, {
    cwd: '/',
    reveal: () => 'revealed',
    warn: (line) => warnings.push(line),
  })
  for (const event of events) teller.event(event)
  await teller.settle(seconds)
  return warnings
}
const on = ['cutover'] as const
const started: Event = {
  type: 'run.started',
  run: 'r1',
  kind: 'run',
  playbook: 'book',
  inventory: [],
  digest: '',
  tool: '1',
  check: false,
  waves: [],
}

test('a webhook gets JSON and its headers; one that fails is warned of once', async () => {
  got.length = 0
  const hooks: readonly Hook[] = [
    { name: 'ok', on, webhook: `${url}/ok`, headers: { 'x-token': ['Bearer ', 'part'] } },
    { name: 'bad', on, webhook: `${url}/bad` },
    { name: 'away', on, webhook: `${url}/away` },
    { name: 'never', on, webhook: `${url}/never`, timeout: 0.1 },
    { name: 'closed', on, webhook: 'http://127.129.3.2:50001/' },
  ]
  const warnings = await tell(hooks, [cutover(1), cutover(2)])
  const ok = got.filter(({ path }) => path === '/ok')
  expect(ok.map(({ body }) => body.moment)).toEqual(['cutover', 'cutover'])
  expect(ok[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'x-token': 'revealed' })
  expect(warnings.sort()).toEqual([
    expect.stringMatching(/^hook away \(cutover\): .*redirect.*; the run goes on$/),
    'hook bad (cutover): it answered 500; the run goes on',
    expect.stringMatching(/^hook closed \(cutover\): .*ECONNREFUSED.*; the run goes on$/),
    'hook never (cutover): no answer after 0.1 seconds; the run goes on',
  ])
})

test('a program is given no variable of this process that may be a secret', async () => {
  process.env['HOOK_CANARY'] = 'hunter22'
  try {
    const command = ['sh', '-c', 'test -n "$PATH" && test -n "$UPGRADE_FLEET_RUN" && test -z "$HOOK_CANARY"']
    expect(await tell([{ name: 'clean', on: ['start'], command }], [{ ...started, ...at(1) }])).toEqual([])
  } finally {
    delete process.env['HOOK_CANARY']
  }
})

test('what is told and not done at the end is given up', async () => {
  const warnings = await tell(
    [{ name: 'never', on, webhook: `${url}/never`, timeout: 3600 }],
    [cutover(1)],
    0.1,
  )
  expect(warnings).toEqual([expect.stringMatching(/^hook never \(cutover\): /)])
})

test('of a hook that is too slow what comes when a hundred are waiting is dropped, and counted', async () => {
  const many = Array.from({ length: 150 }, (_, seq) => cutover(seq))
  const warnings = await tell([{ name: 'slow', on, webhook: `${url}/never`, timeout: 3600 }], many, 0.1)
  expect(warnings.at(-1)).toBe('hook slow: too slow, 50 messages were not sent')
})

const book = (command: string) => `${prelude}
export default playbook('told', {
  fleet,
  hooks: [
    { name: 'file', on: ['start', 'wave', 'failure', 'end'], command: ['sh', '-c', 'cat >> told.jsonl'] },
    { name: 'web', on: ['end'], webhook: '${url}/ok' },
    { name: 'wrong', on: ['start', 'end'], command: ${command} },
  ],
}, (site) => [
  play('first', site.web[0]).task('mark', ({ host }) => write({ path: host.vars.dir + '/first', text: 'x' })),
  play('gate', site.web[0]).task('open', ({ host }) => read({ path: host.vars.dir + '/gate' })),
])
`
const lines = (project: Project): readonly HookMessage[] => {
  const path = join(project.cwd, 'told.jsonl')
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('a run, its resumption and its rollback tell; a check tells nobody; a hook that fails changes no outcome', async () => {
  got.length = 0
  const project = await makeProject({ 'told.ts': book(`['sh', '-c', 'echo no >&2; exit 3']`) })
  expect(await project.call(['run', 'told.ts', '--check'])).toMatchObject({ code: 0 })
  expect(lines(project)).toEqual([])
  const run = await project.call(['run', 'told.ts'])
  expect(run.code).toBe(3)
  expect(run.out + run.err).toContain('hook wrong (start): exit 3 no; the run goes on')
  await project.write('a/gate', 'open')
  expect((await project.call(['resume'])).code).toBe(0)
  expect((await project.call(['rollback', '--yes'])).code).toBe(0)
  expect(lines(project).map(({ kind, moment, outcome }) => [kind, moment, outcome])).toEqual([
    ['run', 'start', undefined],
    ['run', 'wave', undefined],
    ['run', 'wave', undefined],
    ['run', 'failure', 'failed'],
    ['run', 'end', 'failed'],
    ['resume', 'start', undefined],
    ['resume', 'wave', undefined],
    ['resume', 'end', 'ok'],
    ['rollback', 'start', undefined],
    ['rollback', 'wave', undefined],
    ['rollback', 'end', 'ok'],
  ])
  await until(() => got.length === 3, 'the web is told three times')
})

test('a hook that makes no sense is told before anything is done', async () => {
  const project = await makeProject({ 'told.ts': book('[]') })
  const said = await project.call(['run', 'told.ts'])
  expect(said.code).toBe(2)
  expect(said.err).toContain('hook "wrong": command: expected a program and its arguments, got none')
})
