import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeProject, type Project, prelude } from '../support/project.ts'

const came: { readonly path: string; readonly body: Record<string, unknown> }[] = []
const refused = new Set<string>()
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const path = request.url ?? ''
    came.push({ path, body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown> })
    response.writeHead(refused.has(path) ? 503 : 204).end()
  })
})
let project: Project

beforeAll(async () => {
  server.listen(0, '127.124.0.2')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.124.0.2:${typeof address === 'object' ? address?.port : 0}`
  project = await makeProject({
    'book.ts': `${prelude}
import { cutover } from '${fileURLToPath(new URL('../../src/model/playbook.ts', import.meta.url))}'
const hooked = defineFleet({
  ...fleet,
  hooks: [{ name: 'site', on: ['start', 'failure', 'end'], webhook: { url: '${url}/site' } }],
})
export default playbook('book', {
  fleet: hooked,
  hooks: [
    { name: 'gatekeeper', on: 'start', webhook: { url: '${url}/gate' }, required: true },
    { name: 'diary', on: ['wave', 'cutover', 'end'], command: ['sh', '-c', 'cat >>diary; echo >>diary'] },
  ],
}, (site) => [
  play('write', site.web, { serial: 2 }).task('write', ({ host }) => write({ path: host.vars.dir + '/made', text: 'x' })),
  cutover('users in'),
  play('check', site.web).task('look', ({ host }) => read({ path: host.vars.dir + '/wanted' })),
])
`,
  })
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  came.splice(0)
  refused.clear()
  rmSync(join(project.cwd, 'diary'), { force: true })
})

const io = () => ({ env: { PATH: process.env['PATH'], SECRET: 'hunter22' }, pid: process.pid })
const told = () => came.map(({ path, body }) => [path, body['kind'], body['on'], body['outcome']])
const made = () => ['a', 'b', 'c'].filter((host) => existsSync(join(project.cwd, host, 'made')))

test('a required hook that fails keeps a run from beginning, unless nobody wants hooks', async () => {
  refused.add('/gate')
  const run = await project.call(['run', 'book.ts', '--output', 'lines'], io())
  expect(run.code, run.err).toBe(2)
  expect(run.out).toContain('the required hook "gatekeeper" failed (start): POST to 127.124.0.2')
  expect(made()).toEqual([])
  expect(told()).toContainEqual(['/site', 'run', 'end', 'blocked'])
})

test('run, resume and rollback tell their hooks, and the journal has it', async () => {
  refused.add('/site')
  const run = await project.call(['run', 'book.ts', '--output', 'lines'], io())
  expect(run.code, run.out + run.err).toBe(3)
  expect(
    run.err.match(
      /warning: hook "site" failed \(start, and 2 more\): POST to 127\.124\.0\.2:\d+ was answered 503/g,
    ),
  ).toHaveLength(1)
  expect(made()).toEqual(['a', 'b', 'c'])
  expect(told().sort()).toEqual(
    [
      ['/gate', 'run', 'start', undefined],
      ['/site', 'run', 'start', undefined],
      ['/site', 'run', 'failure', undefined],
      ['/site', 'run', 'end', 'failed'],
    ].sort(),
  )
  const diary = readFileSync(join(project.cwd, 'diary'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(
    diary.map((line) => [line['on'], line['play'] ?? line['gate'] ?? line['outcome'], line['wave']]),
  ).toEqual([
    ['wave', 'write', 1],
    ['wave', 'write', 2],
    ['cutover', 'users in', undefined],
    ['wave', 'check', 1],
    ['end', 'failed', undefined],
  ])
  const events = (await project.journals()).at(-1) ?? []
  const ended = events.filter((event) => event.type === 'hook.ended')
  expect(ended).toHaveLength(9)
  expect(events.findIndex(({ type }) => type === 'run.ended')).toBeLessThan(events.length - 1)

  came.splice(0)
  refused.clear()
  for (const host of ['a', 'b', 'c']) await project.write(`${host}/wanted`, 'y')
  const resumed = await project.call(['resume', '--output', 'lines'], io())
  expect(resumed.code, resumed.out + resumed.err).toBe(0)
  expect(resumed.err).not.toContain('warning')
  expect(told()).toContainEqual(['/site', 'resume', 'end', 'ok'])

  came.splice(0)
  refused.add('/gate')
  const id = String(events.find((event) => event.type === 'run.started')?.run)
  const back = await project.call(['rollback', id, '--after-cutover', id, '--output', 'lines'], io())
  expect(back.code, back.out + back.err).toBe(0)
  expect(back.err).toContain('warning: hook "gatekeeper" failed (start)')
  expect(came.find(({ body }) => body['on'] === 'end')?.body).toMatchObject({
    kind: 'rollback',
    of: id,
    outcome: 'ok',
  })

  came.splice(0)
  const quiet = await project.call(['run', 'book.ts', '--no-hooks', '--output', 'lines'], io())
  expect(quiet.code, quiet.out + quiet.err).toBe(0)
  const checked = await project.call(['run', 'book.ts', '--check', '--output', 'lines'], io())
  expect(checked.code, checked.out + checked.err).toBe(0)
  expect(came).toEqual([])
})
