import { readFile } from 'node:fs/promises'
import { type IncomingMessage, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { Readable } from 'node:stream'
import { TaskError } from '../../model/errors.ts'

/** What is fetched by the controller, and within which bounds. */
export interface Fetching {
  readonly url: string
  readonly maxBytes: number
  readonly redirects: number
  /** A file of the controller with the certificates that are trusted instead of the system's. */
  readonly ca?: string | undefined
  readonly signal: AbortSignal
  /** Seconds without a byte after which a connection is given up; default 60. */
  readonly idle?: number
}

/** A file of a server whose length is known; each stream is the whole of it. */
export interface Fetched {
  readonly size: number
  stream(): Readable
}

const mostStalls = 4

/**
 * Opens a file of an HTTP server. A stream that is cut goes on with a range from what has come, if the server still has the
 * same file by its validator, as long as that brings it further. Throws {@link TaskError} for any other answer than the
 * file, for one of unknown length or of more than `maxBytes`, and for a redirect too many or from https to http.
 */
export async function openUrl(fetching: Fetching): Promise<Fetched> {
  const ca = fetching.ca === undefined ? undefined : await readFile(fetching.ca)
  const first = await ask(fetching, ca)
  const size = lengthOf(first)
  const refuse = (why: string): never => {
    first.destroy()
    throw new TaskError(`${fetching.url}: ${why}`)
  }
  if (size === undefined) return refuse('the server does not say how long it is')
  if (size > fetching.maxBytes) return refuse(`it has ${size} bytes, more than ${fetching.maxBytes}`)
  let ready: IncomingMessage | undefined = first
  // Nobody may ever read it.
  first.on('error', () => {})
  const stream = () => {
    const opened = ready
    ready = undefined
    return Readable.from(whole(fetching, ca, size, opened), { objectMode: false })
  }
  return { size, stream }
}

async function* whole(
  fetching: Fetching,
  ca: Buffer | undefined,
  size: number,
  opened: IncomingMessage | undefined,
): AsyncGenerator<Buffer> {
  let have = 0
  let furthest = -1
  let validator: string | undefined
  let answer = opened
  for (let stalls = 0; ; ) {
    try {
      answer ??= await ask(fetching, ca, have, validator)
      validator = validatorOf(answer) ?? validator
      // A server that gives no ranges, or has another file now, begins anew: the digest of the whole decides.
      let skip = answer.statusCode === 206 ? 0 : have
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        const part = chunk.subarray(Math.min(skip, chunk.length))
        skip -= chunk.length - part.length
        if (part.length === 0) continue
        have += part.length
        if (have > size) throw new TaskError(`${fetching.url}: more came than the ${size} bytes announced`)
        yield part
      }
      if (have === size) return
      throw new Error('the connection ended early')
    } catch (error) {
      stalls = have > furthest ? 0 : stalls + 1
      furthest = Math.max(furthest, have)
      if (error instanceof TaskError || fetching.signal.aborted || stalls >= mostStalls) throw error
      answer = undefined
    }
  }
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length']
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}

/** What says that a file is still the same: a strong entity tag, else when it was changed. */
function validatorOf({ headers }: IncomingMessage): string | undefined {
  const { etag } = headers
  return etag !== undefined && !etag.startsWith('W/') ? etag : headers['last-modified']
}

async function ask(
  fetching: Fetching,
  ca: Buffer | undefined,
  from = 0,
  validator?: string | undefined,
): Promise<IncomingMessage> {
  let url = new URL(fetching.url)
  for (let redirects = 0; ; redirects++) {
    const answer = await once(url, fetching, ca, from, validator)
    const { statusCode = 0, headers } = answer
    if (statusCode === 200 || (statusCode === 206 && from > 0 && startsAt(headers['content-range']) === from))
      return answer
    answer.destroy()
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined)
      throw new TaskError(`${fetching.url}: the server answered ${statusCode}`)
    if (redirects >= fetching.redirects)
      throw new TaskError(`${fetching.url}: more than ${fetching.redirects} redirects`)
    const next = new URL(headers.location, url)
    if (!/^https?:$/.test(next.protocol) || (url.protocol === 'https:' && next.protocol !== 'https:'))
      throw new TaskError(`${fetching.url}: it leads to ${next.protocol}, which is not followed`)
    url = next
  }
}

const startsAt = (range: string | undefined): number => Number(/^bytes (\d+)-/.exec(range ?? '')?.[1] ?? -1)

function once(
  url: URL,
  { signal, idle = 60, url: asked }: Fetching,
  ca: Buffer | undefined,
  from: number,
  validator: string | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(new TaskError(`${asked}: ${error.message}`))
    const headers = {
      'accept-encoding': 'identity',
      ...(from > 0 && { range: `bytes=${from}-`, ...(validator !== undefined && { 'if-range': validator }) }),
    }
    const options = { headers, signal, agent: false as const, ...(ca !== undefined && { ca }) }
    const sent = url.protocol === 'https:' ? overHttps(url, options) : overHttp(url, options)
    sent.setTimeout(idle * 1000, () => sent.destroy(new Error(`no byte in ${idle} seconds`)))
    sent.on('error', failed)
    sent.on('response', resolve)
    sent.end()
  })
}
