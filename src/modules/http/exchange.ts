import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { checkServerIdentity, connect as secured, type TLSSocket } from 'node:tls'
import type { On } from '../../model/action.ts'
import { TaskError } from '../../model/errors.ts'

/** How a server proves that it is the one meant. Without either, the system's authorities and the name must. */
export type Trust = {
  /** File of the controller with the authorities (PEM) that may have signed its certificate. */
  readonly ca?: string
  /** SHA-256 of its certificate in hexadecimal, with or without colons: that very certificate, whoever signed it, and whatever its name. */
  readonly fingerprint?: string
}

/** One request, ready to be sent. */
export interface Sending {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeout: number
  readonly limit: number
  readonly trust: Trust
  /** Whether what is more than the limit is left out, instead of an error. */
  readonly cut: boolean
  readonly signal?: AbortSignal
}

/** What came back. */
export type Answered = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Opens the TCP connection: from the machine, or from the controller. */
export type Dial = (address: string, port: number) => Promise<Duplex>

export const fromHere: Dial = (address, port) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, autoSelectFamily: true }, () => {
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })

export const fromMachine = (on: Pick<On, 'dial'>): Dial => on.dial

/** Sends it and reads the answer; no redirect is followed. Throws {@link TaskError} with who asked whom, and why nothing came. */
export async function send(
  on: Pick<On, 'name'>,
  dial: Dial,
  sending: Sending,
  from = on.name,
): Promise<Answered> {
  const where = `${sending.method} ${sending.url.origin}${sending.url.pathname} from ${from}`
  let stream: Duplex | undefined
  const over = new AbortController()
  const timer = setTimeout(
    () => over.abort(new Error(`no answer in ${sending.timeout} seconds`)),
    sending.timeout * 1000,
  )
  const signal = sending.signal === undefined ? over.signal : AbortSignal.any([over.signal, sending.signal])
  const ended = new Promise<never>((_resolve, reject) => {
    const stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error('interrupted'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  ended.catch(() => {})
  try {
    const { hostname, port, protocol } = sending.url
    const address = hostname.replace(/^\[|\]$/g, '')
    const dialled = dial(address, Number(port || (protocol === 'https:' ? 443 : 80)))
    // One that comes too late has nobody who would close it.
    dialled.then((late) => signal.aborted && late.destroy()).catch(() => {})
    stream = await Promise.race([dialled, ended])
    stream.on('error', () => {})
    if (protocol === 'https:') stream = await Promise.race([secure(stream, address, sending.trust), ended])
    return await Promise.race([exchange(stream, sending), ended])
  } catch (error) {
    throw new TaskError(`${where}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    clearTimeout(timer)
    stream?.destroy()
  }
}

/** TLS over the stream, once the server is proved: nothing of the request is sent before. */
async function secure(stream: Duplex, address: string, { ca, fingerprint }: Trust): Promise<TLSSocket> {
  const authorities = ca === undefined ? undefined : await readFile(ca, 'utf8')
  const named = /^[\d.]+$|:/.test(address) ? {} : { servername: address }
  const pin = fingerprint?.replaceAll(':', '').toUpperCase()
  if (pin !== undefined && !/^[0-9A-F]{64}$/.test(pin))
    throw new Error('a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits')
  return new Promise((resolve, reject) => {
    const socket = secured({
      socket: stream,
      ...named,
      ...(authorities !== undefined && { ca: authorities }),
      // With a pin the certificate itself is asked below, before anything is said: its signer and name are nobody's word then.
      rejectUnauthorized: pin === undefined,
      checkServerIdentity: (_name, certificate) => checkServerIdentity(address, certificate),
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      const shown = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '')
      if (pin !== undefined && shown !== pin) {
        socket.destroy()
        reject(new Error(`its certificate is another than the pinned one: it has SHA-256 ${shown ?? 'none'}`))
      } else resolve(socket)
    })
  })
}

function exchange(stream: Duplex, sending: Sending): Promise<Answered> {
  const { url, method, headers, body, limit, cut } = sending
  return new Promise((resolve, reject) => {
    stream.on('error', reject)
    // Without an agent, which would make a connection of its own: TLS is in the stream already.
    const asked = request({
      host: url.hostname,
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        connection: 'close',
        accept: '*/*',
        host: url.host,
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
      createConnection: () => stream,
    })
    asked.on('error', reject)
    asked.on('response', (answer) => {
      const chunks: Buffer[] = []
      let size = 0
      answer.on('data', (chunk: Buffer) => {
        if (size < limit) chunks.push(chunk.subarray(0, limit - size))
        size += chunk.length
        if (size > limit && !cut) answer.destroy(new Error(`its answer has more than ${limit} bytes`))
      })
      answer.on('error', reject)
      answer.on('end', () => {
        const named = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const)
        resolve({
          status: answer.statusCode ?? 0,
          headers: Object.fromEntries(named),
          body: Buffer.concat(chunks).toString('utf8'),
        })
      })
    })
    asked.end(body)
  })
}
