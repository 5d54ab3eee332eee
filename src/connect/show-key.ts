import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { ConnectContext } from './context.ts'
import { handshake } from './handshake.ts'
import { openWay } from './way.ts'

type Ssh2 = typeof import('ssh2')

/**
 * The host key that a machine shows for some algorithms, or none when it has no such key. The handshake ends there: nobody
 * logs in, but to the machines that it is behind. Throws {@link ConnectionError}.
 */
export async function showKey(
  ssh2: Ssh2,
  endpoint: Endpoint,
  algorithms: readonly string[],
  seconds: number,
  context: ConnectContext,
): Promise<readonly [] | readonly [Buffer]> {
  const way = await openWay(endpoint, seconds, context)
  const client = new ssh2.Client()
  let shown: Buffer | undefined
  let failure: Error | undefined
  client.on('error', (error) => {
    failure ??= error
  })
  const closed = new Promise<void>((resolve) => client.on('close', () => resolve()))
  client.connect({
    sock: way.stream,
    username: 'nobody',
    readyTimeout: seconds * 1000,
    hostVerifier: (key: Buffer, decide: (ok: boolean) => void): void => {
      shown = key
      decide(false)
    },
    algorithms: { ...handshake, serverHostKey: [...algorithms] as never[] },
  })
  await closed
  way.stream.destroy()
  if (shown !== undefined) return [shown]
  const why = failure?.message ?? 'the connection was closed'
  if (/no matching host key/.test(why)) return []
  const { name, address, port } = endpoint
  throw (
    (await way.why) ??
    new ConnectionError(name, 'unreachable', `${name}: ${address}:${port} shows no host key: ${why}`)
  )
}
