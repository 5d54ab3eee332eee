import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { type On, observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'

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

/** Asks once and tells what came back. Fails when nothing did. */
export const get = observe('http.get', (on, input: Request): Promise<Response> => fetchFrom(on, input))

/** Makes the request over a TCP connection that the machine opens. */
export async function fetchFrom(on: Pick<On, 'dial' | 'name'>, input: Request): Promise<Response> {
  const where = `http://${input.address}:${input.port}${input.path}`
  let stream: Duplex
  try {
    stream = await on.dial(input.address, input.port)
  } catch (error) {
    throw new TaskError(`${where} from ${on.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
  try {
    return await exchange(stream, input)
  } catch (error) {
    throw new TaskError(`${where} from ${on.name}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    stream.destroy()
  }
}

const limit = 64 * 1024

function exchange(stream: Duplex, input: Request): Promise<Response> {
  const seconds = input.timeout ?? 10
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${seconds} seconds`)), seconds * 1000)
    const settle = <A>(done: (value: A) => void) => {
      return (value: A) => {
        clearTimeout(timer)
        done(value)
      }
    }
    const failed = settle(reject)
    stream.on('error', failed)
    const asked = request({
      host: input.address,
      port: input.port,
      path: input.path,
      method: input.method ?? 'GET',
      headers: { connection: 'close', accept: '*/*' },
      createConnection: () => stream,
    })
    asked.on('error', failed)
    asked.on('response', (answer) => {
      const chunks: Buffer[] = []
      let size = 0
      answer.on('data', (chunk: Buffer) => {
        if (size < limit) chunks.push(chunk.subarray(0, limit - size))
        size += chunk.length
      })
      answer.on('error', failed)
      answer.on('end', () => {
        settle(resolve)({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') })
      })
    })
    asked.end()
  })
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
