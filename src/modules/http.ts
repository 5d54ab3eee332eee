import type { z } from 'zod'
import { type Action, type On, observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import { isSecret, type Text } from '../model/secret.ts'
import { type Answered, fromHere, fromMachine, send, type Trust } from './http/exchange.ts'

/** A plain HTTP request, made from the machine itself: no client is needed there, and no port need be open to us. */
export type Request = {
  readonly address: string
  readonly port: number
  readonly path: string
  readonly method?: 'GET' | 'POST'
  /** Deadline in seconds; default 10. */
  readonly timeout?: number
}

/** What came back; at most 64 KiB of the body. */
export type Response = { readonly status: number; readonly body: string }

/**
 * Asks once and tells what came back. Fails when nothing did.
 *
 * @example
 * http.get({ address: '127.0.0.1', port: 9763, path: '/services/Version' })
 */
export const get = observe('http.get', (on, input: Request): Promise<Response> => fetchFrom(on, input))

/** Makes the request over a TCP connection that the machine opens. */
export async function fetchFrom(on: Pick<On, 'dial' | 'name'>, input: Request): Promise<Response> {
  const { address, port, path, method = 'GET', timeout = 10 } = input
  const host = address.includes(':') ? `[${address}]` : address
  const { status, body } = await send(on, fromMachine(on), {
    url: new URL(`http://${host}:${port}${path}`),
    method,
    headers: {},
    timeout,
    limit,
    trust: {},
    cut: true,
  })
  return { status, body }
}

const limit = 64 * 1024

/** A request by its URL, `http:` or `https:`, and what its answer must be like. */
export type Asking = Trust & {
  readonly url: string
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Secrets may be parts of a value, over https alone. */
  readonly headers?: Readonly<Record<string, Text>>
  readonly body?: Text
  /** From the machine (default), or from this one, where its name is looked up too. */
  readonly from?: 'host' | 'controller'
  /** The statuses that are right; default 200. */
  readonly status?: number | readonly number[]
  /** A text that the body has, or a regular expression between slashes: `/^UP\b/m`. */
  readonly says?: string
  /** Deadline in seconds for all of it; default 10. */
  readonly timeout?: number
  /** The most bytes of a body; default 64 KiB. More is an error. */
  readonly limit?: number
}

/**
 * Asks by URL, and wants the status and the text that were said. No redirect is followed. It must only read: use POST for questions alone.
 *
 * @example
 * http.ask({ url: 'https://gw1.example.com:8243/health', says: '/^UP$/m', ca: '/etc/ssl/certs/ours.pem' })
 */
export const ask = observe('http.ask', (on, input: Asking): Promise<Answered> => asked(on, input))

/**
 * Asks by URL for JSON of a shape. Throws {@link TaskError} naming what of the answer is other than it.
 *
 * @example
 * http.json({ url: 'https://gw1.example.com:8243/status', schema: z.object({ open: z.number() }) })
 */
export function json<Schema extends z.ZodType<Json>>({
  schema,
  ...asking
}: Asking & { readonly schema: Schema }): Action<z.output<Schema>> {
  return observe<Asking, z.output<Schema>>('http.json', async (on, input) => {
    const { body } = await asked(on, input)
    const where = `${input.url} from ${input.from === 'controller' ? 'this machine' : on.name}`
    let data: unknown
    try {
      data = JSON.parse(body)
    } catch {
      throw new TaskError(`${where} did not answer with JSON`, [body.slice(0, 200)])
    }
    const parsed = schema.safeParse(data)
    if (parsed.success) return parsed.data
    throw new TaskError(
      `${where} answered with JSON of another shape`,
      parsed.error.issues
        .slice(0, 10)
        .map(({ path, message }) => `${path.join('.') || 'all of it'}: ${message}`),
    )
  })(asking)
}

/** Makes the request. Throws {@link TaskError} where nothing came, or another answer than was wanted. */
export async function asked(
  on: Pick<On, 'dial' | 'name' | 'signal' | 'reveal'>,
  input: Asking,
): Promise<Answered> {
  const { method = 'GET', headers = {}, body, from = 'host', says, timeout = 10 } = input
  const url = urlOf(input)
  const here = from === 'controller'
  const answer = await send(
    on,
    here ? fromHere : fromMachine(on),
    {
      url,
      method,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, on.reveal(value)])),
      ...(body !== undefined && { body: on.reveal(body) }),
      timeout,
      limit: input.limit ?? limit,
      trust: {
        ...(input.ca !== undefined && { ca: input.ca }),
        ...(input.fingerprint !== undefined && { fingerprint: input.fingerprint }),
      },
      cut: false,
      signal: on.signal,
    },
    here ? 'this machine' : on.name,
  )
  const where = `${method} ${url.origin}${url.pathname} from ${here ? 'this machine' : on.name}`
  const wanted = [input.status ?? 200].flat()
  if (!wanted.includes(answer.status))
    throw new TaskError(
      `${where} answered ${answer.status}, not ${wanted.join(' or ')}`,
      firstOf(answer.body),
    )
  if (says !== undefined && !has(answer.body, says))
    throw new TaskError(`${where} answered ${answer.status}, but not ${says}`, firstOf(answer.body))
  return answer
}

const firstOf = (body: string): readonly string[] => (body === '' ? [] : [body.slice(0, 200)])

/** Whether a text has another, or matches the expression that stands between slashes. */
export function has(text: string, says: string): boolean {
  const [, source, flags] = /^\/(.+)\/([ims]*)$/s.exec(says) ?? []
  return source === undefined ? text.includes(says) : new RegExp(source, flags).test(text)
}

/** The URL. Throws a {@link TypeError} for one that would send a secret where everybody hears it, or nobody asked for. */
function urlOf({ url: text, headers = {}, body = '' }: Asking): URL {
  const url = new URL(text)
  if (!['http:', 'https:'].includes(url.protocol))
    throw new TypeError(`${url.protocol} is not http: or https:`)
  if (url.username !== '' || url.password !== '')
    throw new TypeError('A URL has no user and password: put a secret into `headers`.')
  const secretive = [...Object.values(headers), body].some(
    (each) => typeof each !== 'string' && each.some(isSecret),
  )
  if (secretive && url.protocol === 'http:')
    throw new TypeError(`A secret does not go over http: to ${url.host}: use https.`)
  return url
}

/** Whether something accepts a TCP connection there. */
export async function listens(on: Pick<On, 'dial'>, address: string, port: number): Promise<boolean> {
  try {
    ;(await on.dial(address, port)).destroy()
    return true
  } catch {
    return false
  }
}
