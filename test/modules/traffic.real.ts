import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type HaproxyHook, stats, statsIn } from '../../src/modules/traffic/haproxy.ts'
import * as traffic from '../../src/modules/traffic.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { localPlace } from '../support/places.ts'
import { until } from '../support/until.ts'
import { changeContract } from './contract.ts'

const root = mkdtempSync(join(fastDirectory(), 'traffic-'))
const address = '127.119.4.1'
const held: ServerResponse[] = []
const gateway = createServer((request, response) => {
  if (request.url === '/slow') held.push(response)
  else response.end('well')
})
let haproxy: ChildProcess
let local: LocalOn
const unix = join(root, 'admin')
const servers = ['gateways/gw1', 'gateways_tls/gw1']

beforeAll(async () => {
  await new Promise<void>((resolve) => gateway.listen(0, address, resolve))
  const { port } = gateway.address() as AddressInfo
  writeFileSync(
    join(root, 'haproxy.cfg'),
    `global
  stats socket ${unix} level admin
  stats socket ipv4@${address}:8404 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind ${address}:8080
  default_backend gateways
backend gateways
  server gw1 ${address}:${port} check inter 100
  server gw2 ${address}:1 check inter 100
backend gateways_tls
  server gw1 ${address}:${port}
`,
  )
  haproxy = spawn('/usr/sbin/haproxy', ['-db', '-f', join(root, 'haproxy.cfg')], { stdio: 'ignore' })
  await until(() => existsSync(unix), 'HAProxy')
})
afterAll(async () => {
  const gone = new Promise((resolve) => haproxy.once('exit', resolve))
  haproxy.kill('SIGKILL')
  await gone
  gateway.closeAllConnections()
  gateway.close()
  rmSync(root, { recursive: true })
})
beforeEach(async () => {
  local = await localOn(join(root, 'here'))
  return () => local.close()
})

describe.each([
  ['a Unix socket', unix],
  ['TCP', { address, port: 8404 }],
] as const)('a real HAProxy over %s', (_, socket) => {
  const hook: HaproxyHook = { kind: 'haproxy', socket, servers }
  const states = async () => (await stats(local.on, hook)).map(({ status }) => status)

  test('takes a host out when nothing is in flight any more, and undo gives it back', async () => {
    const asked = new Promise<string>((resolve, reject) => {
      get(`http://${address}:8080/slow`, (answer) => {
        answer.setEncoding('utf8').on('data', resolve)
      }).on('error', reject)
    })
    await until(() => held.length > 0, 'a request in flight')
    await expect(perform(local, traffic.out({ hook, timeout: 0 }))).rejects.toThrow(
      /not within 0 seconds\n {2}gateways\/gw1 is DRAIN, 1 in flight/,
    )
    await perform(local, traffic.in({ hook }))
    const going = perform(local, traffic.out({ hook }))
    await until(() => local.said.some((line) => line.includes('1 in flight')), 'why not yet')
    for (const response of held.splice(0)) response.end('done')
    expect(await asked).toBe('done')
    const out = await going
    expect(await states()).toEqual(['DRAIN', 'DRAIN'])
    expect((await perform(local, traffic.out({ hook }))).changed).toBe(false)
    await out.undo()
    await out.undo()
    expect(await states()).toEqual(['UP', 'no check'])
  })

  test('gives it back, and undo takes it out again; what was in already stays in', async () => {
    const out = await perform(local, traffic.out({ hook }))
    const back = await perform(local, traffic.in({ hook }))
    expect(await states()).toEqual(['UP', 'no check'])
    expect((await perform(local, traffic.in({ hook }))).changed).toBe(false)
    await back.undo()
    expect(await states()).toEqual(['DRAIN', 'DRAIN'])
    await out.undo()
  })

  test('a server that it does not have is named', async () => {
    const wrong: HaproxyHook = { ...hook, servers: ['gateways/gw9'] }
    await expect(perform(local, traffic.out({ hook: wrong }))).rejects.toThrow(
      /no server gateways\/gw9\n {2}gateways\/gw1/,
    )
    const evil: HaproxyHook = { ...hook, servers: ['a/b;shutdown'] }
    await expect(perform(local, traffic.out({ hook: evil }))).rejects.toThrow(/is no server of HAProxy/)
  })
})

test('what `show stat` prints', () => {
  const text = execFileSync('socat', ['-', `UNIX-CONNECT:${unix}`], {
    input: 'show stat\n',
    encoding: 'utf8',
  })
  expect(statsIn(text).map(({ server }) => server)).toEqual([
    'gateways/gw1',
    'gateways/gw2',
    'gateways_tls/gw1',
  ])
  expect(statsIn('')).toEqual([])
})

test('a hook of commands: out, quiet, and in by undo', async () => {
  const state = join(local.dir, 'state')
  const say = (word: string) => ({ argv: ['sh', '-c', `echo ${word} >"$0"`, state] })
  const hook = {
    kind: 'command',
    out: say('out'),
    in: say('in'),
    quiet: ['test', '-e', join(local.dir, 'quiet')],
  } as const
  const going = perform(local, traffic.out({ hook }))
  await until(() => local.said.length > 0, 'why not yet')
  expect(readFileSync(state, 'utf8')).toBe('out\n')
  writeFileSync(join(local.dir, 'quiet'), '')
  await (await going).undo()
  expect(readFileSync(state, 'utf8')).toBe('in\n')
})

test('a hook of requests: out, quiet, and in by undo', async () => {
  const paths: string[] = []
  let busy = 2
  const balancer = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`)
    if (request.url === '/busy') response.end(`${busy--}`)
    else response.end()
  })
  await new Promise<void>((resolve) => balancer.listen(0, address, resolve))
  const url = `http://${address}:${(balancer.address() as AddressInfo).port}`
  const hook = {
    kind: 'http',
    out: { url: `${url}/out`, method: 'POST' },
    in: { url: `${url}/in`, method: 'POST' },
    quiet: { url: `${url}/busy`, says: '/^0$/' },
  } as const
  const out = await perform(local, traffic.out({ hook }))
  await out.undo()
  expect(paths).toEqual(['POST /out', 'GET /busy', 'GET /busy', 'GET /busy', 'POST /in'])
  balancer.close()
})

const contracted = { hook: { kind: 'haproxy', socket: unix, servers } as const, timeout: 20 }
const statuses = async () => (await stats(local.on, contracted.hook)).map(({ status }) => status).join(' ')
changeContract('traffic', localPlace, [
  {
    name: 'out',
    prepare: async () => void (await perform(local, traffic.in(contracted))),
    action: () => traffic.out(contracted),
    look: statuses,
  },
  {
    name: 'in',
    prepare: async () => void (await perform(local, traffic.out(contracted))),
    action: () => traffic.in(contracted),
    look: statuses,
  },
])
