import { type On, observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'
import { fromMachine, send } from '../modules/http/exchange.ts'
import { clock, pauses } from '../modules/target.ts'
import { portAt, type usualPorts } from './ports.ts'
import type { Role } from './roles.ts'
import type { CheckVars } from './schemas.ts'
import type { Server } from './server.ts'

/** What the users of a fleet do, tried at one server: what each try came to, by its name. `ok`, or what was answered instead. */
export type Tried = { readonly tried: Readonly<Record<string, string>> }

/** `checks` are those that the server can answer, as {@link checksOf} leaves them. */
type Input = { readonly server: Server; readonly checks: CheckVars }

/** The checks that a server with these parts can answer: tokens and log-ins at key managers, calls at gateways. Undefined where none is left. */
export function checksOf(parts: readonly Role[], checks: CheckVars): CheckVars | undefined {
  const keys = parts.includes('key-manager')
  const gateway = parts.includes('gateway-manager') || parts.includes('gateway-worker')
  const { client, logins, calls, ...rest } = checks
  const left = {
    ...rest,
    ...(keys && client && { client }),
    logins: keys ? logins : [],
    calls: gateway ? calls : [],
  }
  return left.client !== undefined || left.calls.length > 0 ? left : undefined
}

const tokenName = 'a token request'
const loginName = ({ store, user }: CheckVars['logins'][number]) => `the log-in of ${user} (${store})`
const callName = ({ name }: CheckVars['calls'][number]) => `the call ${name}`

/** A check of the inventory that needs a tenant, by the name that it has in messages. */
export type Checked = { readonly check: string; readonly domain: string }

/**
 * The tenants that checks need: calls name theirs in the path (`/t/DOMAIN/`), users after the last `@`. That can be the end of an
 * e-mail address as well, so that a domain is one only where the user database has a tenant of that name.
 */
export function checkedTenants({ calls, logins }: CheckVars): readonly Checked[] {
  const of = (check: string, domain: string | undefined): readonly Checked[] =>
    domain === undefined ? [] : [{ check, domain: domain.toLowerCase() }]
  return [
    ...calls.flatMap((call) => of(callName(call), /^\/t\/([^/]+)\//.exec(call.path)?.[1])),
    ...logins.flatMap((login) => of(loginName(login), /@([^@]+)$/.exec(login.user)?.[1])),
  ]
}

/**
 * A gate before anything is changed: holds when all that the inventory's `checks` name works now: a check that fails already
 * could prove nothing afterwards. It asks for tokens, which the key manager keeps as it keeps those of users.
 */
export const works = observe('apim.works', async (on, input: Input): Promise<Tried> => {
  const tried = await tryAll(on, input)
  const wrong = wrongOf(tried)
  if (wrong.length > 0)
    throw new TaskError(
      `${on.name}: what the inventory's checks name does not work before the upgrade; afterwards it would prove nothing`,
      wrong,
    )
  return { tried }
})

/** A gate after a landing: holds when what worked before works again. A server deploys after it has started, so it gets some time. */
export const stillWorks = observe(
  'apim.stillWorks',
  async (on, input: Input & { readonly before: readonly string[] }): Promise<Tried> => {
    const { server, before } = input
    const end = clock() + server.wait.answer
    const rest = pauses(on)
    for (;;) {
      const tried = await tryAll(on, input)
      const wrong = wrongOf(tried)
      if (wrong.length === 0) return { tried }
      if (clock() > end)
        throw new TaskError(
          `${server.role} ${server.version} on ${on.name}: users cannot do all that they could`,
          wrong.map(
            (line) =>
              `${line}${before.some((name) => line.startsWith(`${name}: `)) ? ' (it worked before)' : ''}`,
          ),
        )
      await rest()
    }
  },
)

const wrongOf = (tried: Tried['tried']): readonly string[] =>
  Object.entries(tried).flatMap(([name, said]) => (said === 'ok' ? [] : [`${name}: ${said}`]))

async function tryAll(on: On, { server, checks }: Input): Promise<Tried['tried']> {
  const { client, logins, calls } = checks
  const tries: (readonly [string, () => Promise<string>])[] = []
  if (client !== undefined) {
    tries.push([tokenName, () => tokenOnce(on, server, checks, client, 'grant_type=client_credentials')])
    for (const login of logins)
      tries.push([loginName(login), () => tokenOnce(on, server, checks, client, passwordGrant(on, login))])
  }
  for (const call of calls) tries.push([callName(call), () => callOnce(on, server, checks, call)])
  const done: [string, string][] = []
  for (const [name, ask] of tries) done.push([name, await ask()])
  return Object.fromEntries(done)
}

function passwordGrant(on: On, { store, user, password }: CheckVars['logins'][number]): string {
  const name = store === 'PRIMARY' ? user : `${store}/${user}`
  return `grant_type=password&username=${encodeURIComponent(name)}&password=${encodeURIComponent(on.reveal([password]))}`
}

type Client = { readonly key: string; readonly secret: Secret }

async function tokenOnce(
  on: On,
  server: Server,
  checks: CheckVars,
  { key, secret }: Client,
  body: string,
): Promise<string> {
  const basic = Buffer.from(`${key}:${on.reveal([secret])}`).toString('base64')
  const head = { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await asked(on, server, checks, {
    port: ['http', 'https'],
    path: '/oauth2/token',
    head,
    body,
  })
  if (typeof answer === 'string') return answer
  const { status, text } = answer
  if (status === 200 && /"access_token"\s*:\s*"[^"]/.test(text)) return 'ok'
  // Of the body only the protocol's own word: the rest may be a token.
  const error = /"error"\s*:\s*"([a-z_]{1,40})"/.exec(text)?.[1]
  return `it answered ${status}${error === undefined ? ', without a token' : `, ${error}`}`
}

async function callOnce(
  on: On,
  server: Server,
  checks: CheckVars,
  { path, token }: CheckVars['calls'][number],
): Promise<string> {
  const head = { authorization: `Bearer ${on.reveal([token])}` }
  const answer = await asked(on, server, checks, { port: ['gatewayHttp', 'gatewayHttps'], path, head })
  if (typeof answer === 'string') return answer
  return answer.status >= 200 && answer.status < 300 ? 'ok' : `it answered ${answer.status}`
}

type Request = {
  /** Of http and of https. */
  readonly port: readonly [keyof typeof usualPorts, keyof typeof usualPorts]
  readonly path: string
  readonly head: Readonly<Record<string, string>>
  readonly body?: string
}

// With a pinned certificate by https. Without one by http, which from a machine to its own address never leaves it.
async function asked(
  on: On,
  server: Server,
  { fingerprint }: CheckVars,
  { port, path, head, body }: Request,
) {
  const host = server.address.includes(':') ? `[${server.address}]` : server.address
  const [scheme, at] = fingerprint === undefined ? ['http', port[0]] : ['https', port[1]]
  try {
    const { status, body: text } = await send(on, fromMachine(on), {
      url: new URL(`${scheme}://${host}:${portAt(server, at)}${path}`),
      method: body === undefined ? 'GET' : 'POST',
      headers: head,
      ...(body !== undefined && { body }),
      timeout: 30,
      limit: 64 * 1024,
      trust: fingerprint === undefined ? {} : { fingerprint },
      cut: true,
      signal: on.signal,
    })
    return { status, text }
  } catch (error) {
    if (error instanceof TaskError) return error.message
    throw error
  }
}
