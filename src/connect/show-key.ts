import type { Duplex } from 'node:stream'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { dialOut, handshake } from './handshake.ts'

type Ssh2 = typeof import('ssh2')

/**
 * The host key that a machine shows for some algorithms, or none when it has no such key. The handshake ends there: nobody
 * logs in; `way` is a stream to it where there is no plain one. Throws {@link ConnectionError} `unreachable`.
 */
export async function showKey(
  ssh2: Ssh2,
  endpoint: Endpoint,
  algorithms: readonly string[],
  seconds: number,
  way?: Duplex,
): Promise<readonly [] | readonly [Buffer]> {
  const sock = way ?? (await dialOut(endpoint, seconds))
  const client = new ssh2.Client()
  let shown: Buffer | undefined
  let failure: Error | undefined
  client.on('error', (error) => {
    failure ??= error
  })
  const closed = new Promise<void>((resolve) => client.on('close', () => resolve()))
  client.connect({
    sock,
    username: 'nobody',
    readyTimeout: seconds * 1000,
    hostVerifier: (key: Buffer, decide: (ok: boolean) => void): void => {
      shown = key
      decide(false)
    },
    algorithms: { ...handshake, serverHostKey: [...algorithms] as never[] },
  })
  await closed
  sock.destroy()
  if (shown !== undefined) return [shown]
  const why = failure?.message ?? 'the connection was closed'
  if (/no matching host key/.test(why)) return []
  const { name, address, port } = endpoint
  throw new ConnectionError(name, 'unreachable', `${name}: ${address}:${port} shows no host key: ${why}`)
}
