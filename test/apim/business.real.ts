import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { checksOf, stillWorks, works } from '../../src/apim/business.ts'
import type { CheckVars } from '../../src/apim/schemas.ts'
import type { Server } from '../../src/apim/server.ts'
import { secret } from '../../src/model/secret.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

const address = '127.128.1.1'
const dir = mkdtempSync(join(fastDirectory(), 'business-'))
const values: Readonly<Record<string, string>> = {
  'env:C': 'clïent&secret',
  'env:T': 'old-token',
  'env:A': 'p&w=1',
  'env:B': 'other',
}
/** Whom the servers know, and what they were asked. */
let users: Readonly<Record<string, string>>
let tokens: readonly string[]
const bodies: string[] = []
const servers: HttpServer[] = []
let local: LocalOn

// A key manager and a gateway as far as they are asked: in the forms of RFC 6749 and 6750.
beforeAll(async () => {
  const listen = (port: number, answer: Parameters<typeof createServer>[1]) =>
    new Promise<void>((resolve) => {
      const server = createServer(answer ?? (() => {}))
      servers.push(server)
      server.listen(port, address, resolve)
    })
  await listen(9763, (request, response) => {
    const basic = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64').toString()
    let body = ''
    request.on('data', (part) => {
      body += String(part)
    })
    request.on('end', () => {
      bodies.push(body)
      const form = new URLSearchParams(body)
      const known =
        basic === `key:${values['env:C']}` &&
        (form.get('grant_type') === 'client_credentials' ||
          users[form.get('username') ?? ''] === form.get('password'))
      response.writeHead(known ? 200 : 400)
      response.end(
        known ? '{"access_token":"fresh-token"}' : '{"error":"invalid_grant","error_description":"p&w=1"}',
      )
    })
  })
  await listen(8280, (request, response) => {
    const known =
      tokens.includes((request.headers.authorization ?? '').slice(7)) &&
      request.url === '/t/acme.com/orders/1.0.0/all'
    response.writeHead(known ? 200 : 401)
    response.end()
  })
  local = await localOn(join(dir, 'here'), ({ name }) => values[name] ?? '')
})
afterAll(async () => {
  await local.close()
  for (const server of servers) server.close()
  rmSync(dir, { recursive: true })
})
beforeEach(() => {
  users = { alice: 'p&w=1', 'LDAP/bob': 'other' }
  tokens = ['old-token']
})

const server = (role: Server['role']): Server => ({
  home: '/opt/am',
  version: '3.0.0',
  javaHome: '/opt/jdk',
  address,
  role,
  flags: [],
  wait: { start: 1, answer: 0, gap: 0 },
})
const checks: CheckVars = {
  client: { key: 'key', secret: secret('env:C') },
  calls: [{ name: 'acme', path: '/t/acme.com/orders/1.0.0/all', token: secret('env:T') }],
  logins: [
    { store: 'PRIMARY', user: 'alice', password: secret('env:A') },
    { store: 'LDAP', user: 'bob', password: secret('env:B') },
  ],
}
/** A server with the checks that it can answer. */
const at = (role: 'key-manager' | 'gateway-worker') => {
  const own = checksOf([role], checks)
  if (own === undefined) throw new Error('nothing to try')
  return { server: server(role), checks: own }
}
const problems = (work: Promise<unknown>) =>
  work.then(
    () => [],
    (error: Error & { evidence?: readonly string[] }) => [error.message, ...(error.evidence ?? [])],
  )

test('a token request, a log-in per user store and a call with an old token are tried where they are answered', async () => {
  const keys = await perform(local, works({ ...at('key-manager') }))
  expect(keys.out.tried).toEqual({
    'a token request': 'ok',
    'the log-in of alice (PRIMARY)': 'ok',
    'the log-in of bob (LDAP)': 'ok',
  })
  expect(bodies.at(-2)).toBe('grant_type=password&username=alice&password=p%26w%3D1')
  const gateway = await perform(local, works({ ...at('gateway-worker') }))
  expect(gateway.out.tried).toEqual({ 'the call acme': 'ok' })
})

test('a server of all roles answers for all, one of none for nothing', async () => {
  const all = checksOf(['key-manager', 'publisher', 'gateway-manager'], checks)
  expect(all).toEqual(checks)
  if (all === undefined) throw new Error('nothing to try')
  const { out } = await perform(local, works({ server: server('all-in-one'), checks: all }))
  expect(Object.keys(out.tried)).toHaveLength(4)
  expect(checksOf(['publisher', 'store'], checks)).toBeUndefined()
})

test('what fails before the upgrade is found then, and what users lost is told after it, without a secret in a word of it', async () => {
  users = { alice: 'p&w=1' }
  const before = await problems(perform(local, works({ ...at('key-manager') })))
  expect(before).toEqual([
    expect.stringMatching(/does not work before the upgrade/),
    'the log-in of bob (LDAP): it answered 400, invalid_grant',
  ])
  tokens = []
  const after = await problems(
    perform(local, stillWorks({ ...at('gateway-worker'), before: ['the call acme'] })),
  )
  expect(after).toEqual([
    expect.stringMatching(/users cannot do all that they could/),
    'the call acme: it answered 401 (it worked before)',
  ])
  for (const value of [...Object.values(values), 'fresh-token'])
    expect([...before, ...after].join('\n')).not.toContain(value)
})
