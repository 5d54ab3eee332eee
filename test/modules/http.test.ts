import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { secret } from '../../src/model/secret.ts'
import * as http from '../../src/modules/http.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

const root = mkdtempSync(join(fastDirectory(), 'http-'))
const address = '127.119.2.1'
const at = (name: string) => join(root, name)
const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'pipe', encoding: 'utf8' })

let local: LocalOn
let requests: {
  readonly method: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}[] = []
let listener: RequestListener = (_request, response) => response.end()
let connections = 0
let plain = ''
let https = ''
const servers = [createServer()]

/** A certificate and key of that name; by itself, or signed by the authority. */
function certificate(name: string, subject: string, ca?: string): void {
  const san = `subjectAltName=${subject}`
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    at(`${name}.key`),
    '-out',
    at(`${name}.pem`),
    '-addext',
    ca === undefined && subject === 'CA' ? 'keyUsage=keyCertSign' : san,
    ...(ca === undefined ? [] : ['-CA', at(`${ca}.pem`), '-CAkey', at(`${ca}.key`)]),
  )
}

beforeAll(async () => {
  certificate('authority', 'CA')
  certificate('server', `IP:${address}`, 'authority')
  certificate('other', 'IP:127.0.0.9', 'authority')
  const taking: RequestListener = (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk
    })
    request.on('end', () => {
      requests.push({ method: request.method, headers: request.headers, body })
      listener(request, response)
    })
  }
  const start = async (server: ReturnType<typeof createServer>) => {
    server.on('connection', () => {
      connections += 1
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, address, resolve))
    return `${address}:${(server.address() as AddressInfo).port}`
  }
  const secure = (name: string) =>
    createSecure({ key: readFileSync(at(`${name}.key`)), cert: readFileSync(at(`${name}.pem`)) }, taking)
  plain = `http://${await start(createServer(taking))}`
  https = `https://${await start(secure('server'))}`
  other = `https://${await start(secure('other'))}`
})
let other = ''
afterAll(() => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
  rmSync(root, { recursive: true })
})
beforeEach(async () => {
  requests = []
  connections = 0
  listener = (_request, response) => response.end('{"up":true,"count":3}')
  local = await localOn(join(root, 'here'), () => 's3cret')
  return () => local.close()
})

const fingerprint = (name: string) =>
  openssl('x509', '-in', at(`${name}.pem`), '-noout', '-fingerprint', '-sha256')
    .trim()
    .split('=')[1] ?? ''
const ask = async (input: http.Asking) => (await perform(local, http.ask(input))).out

describe.each(['host', 'controller'] as const)('from the %s', (from) => {
  test('the connection is made from there, and only one', async () => {
    let dialled = 0
    const { on } = local
    const dial = (...where: Parameters<typeof on.dial>) => {
      dialled += 1
      return on.dial(...where)
    }
    await perform({ ...local, on: { ...on, dial } }, http.ask({ url: https, ca: at('authority.pem'), from }))
    expect(dialled).toBe(from === 'host' ? 1 : 0)
    expect(connections).toBe(1)
  })

  test('method, headers and body go, status and body come', async () => {
    const answer = await ask({
      url: `${plain}/x?y=1`,
      method: 'POST',
      headers: { 'x-a': 'b' },
      body: 'é',
      from,
    })
    expect(answer).toMatchObject({ status: 200, body: '{"up":true,"count":3}' })
    expect(requests).toMatchObject([{ method: 'POST', body: 'é', headers: { 'x-a': 'b' } }])
  })

  test('a server proves itself by its authority or its pin, before anything is said to it', async () => {
    expect((await ask({ url: https, ca: at('authority.pem'), from })).status).toBe(200)
    expect((await ask({ url: https, fingerprint: fingerprint('server'), from })).status).toBe(200)
    const plainPin = fingerprint('other').replaceAll(':', '').toLowerCase()
    expect((await ask({ url: other, fingerprint: plainPin, from })).status).toBe(200)
    requests = []
    await expect(ask({ url: https, from })).rejects.toThrow(/certificate/)
    await expect(ask({ url: other, ca: at('authority.pem'), from })).rejects.toThrow(/does not match/)
    await expect(ask({ url: https, fingerprint: fingerprint('other'), from })).rejects.toThrow(
      /another than the pinned one: it has SHA-256/,
    )
    await expect(ask({ url: https, fingerprint: 'ab', from })).rejects.toThrow(/64 hexadecimal digits/)
    expect(requests).toEqual([])
  })

  test('a secret goes in a header over https, and nowhere else', async () => {
    const headers = { authorization: ['Bearer ', secret('env:T')] }
    const action = http.ask({ url: https, ca: at('authority.pem'), headers, from })
    await perform(local, action)
    expect(requests[0]?.headers.authorization).toBe('Bearer s3cret')
    expect(JSON.stringify(action.input)).not.toContain('s3cret')
    await expect(ask({ url: plain, headers, from })).rejects.toThrow(/does not go over http:/)
  })
})

test('another status, another text, no answer, too much of one, and a redirect are failures that say so', async () => {
  listener = (_request, response) => response.writeHead(503).end('warming up')
  await expect(ask({ url: plain })).rejects.toThrow(/GET .* from here answered 503, not 200\n {2}warming up/)
  expect((await ask({ url: plain, status: [200, 503], says: '/^WARM/im' })).status).toBe(503)
  await expect(ask({ url: plain, status: 503, says: 'ready' })).rejects.toThrow(/but not ready/)
  listener = (_request, response) => response.end('x'.repeat(2000))
  await expect(ask({ url: plain, limit: 1999 })).rejects.toThrow(/more than 1999 bytes/)
  expect((await ask({ url: plain, limit: 2000 })).body).toHaveLength(2000)
  listener = (_request, response) => response.writeHead(302, { location: '/y' }).end()
  await expect(ask({ url: plain })).rejects.toThrow(/answered 302/)
  listener = () => {}
  await expect(ask({ url: plain, timeout: 0.2 })).rejects.toThrow(/no answer in 0.2 seconds/)
  await expect(ask({ url: `http://${address}:1` })).rejects.toThrow(/from here: .*(refused|REFUSED)/)
  await expect(ask({ url: 'http://u:p@x' })).rejects.toThrow(/no user and password/)
})

test('JSON is what its schema says', async () => {
  const schema = z.object({ up: z.boolean(), count: z.number() })
  const { out } = await perform(local, http.json({ url: plain, schema }))
  expect(out.count + 1).toBe(4)
  const wrong = http.json({ url: plain, schema: z.object({ up: z.string() }) })
  await expect(perform(local, wrong)).rejects.toThrow(/another shape\n {2}up: /)
  listener = (_request, response) => response.end('<html>')
  await expect(perform(local, http.json({ url: plain, schema }))).rejects.toThrow(/did not answer with JSON/)
})

test('the short form cuts what is long', async () => {
  listener = (_request, response) => response.end('x'.repeat(100_000))
  const { port } = new URL(plain)
  const { out } = await perform(local, http.get({ address, port: Number(port), path: '/' }))
  expect(out.body).toHaveLength(64 * 1024)
})
