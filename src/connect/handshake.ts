import { connect, type Socket } from 'node:net'
import type { Algorithms } from 'ssh2'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'

const kex = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group-exchange-sha256',
]
const ciphers = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
  'chacha20-poly1305@openssh.com',
]
const macs = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
]
/** What is offered in every handshake, but for the types of host key: nothing with SHA-1, and no compression. */
export const handshake: Algorithms = {
  kex: kex as never[],
  cipher: ciphers as never[],
  hmac: macs as never[],
  compress: ['none'],
}

/** Nobody listens on that port of a machine that answers, or who does hangs up at once. */
export class Refused extends ConnectionError {
  constructor(host: string, message: string) {
    super(host, 'unreachable', message)
  }
}

/** Calls a machine. Throws {@link ConnectionError} `unreachable`, {@link Refused} where nobody listens. */
export function dialOut({ name, address, port }: Endpoint, seconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const sock = connect({ host: address, port, noDelay: true })
    const fail = (why: string, code?: string) => {
      sock.destroy()
      const text = `${name}: ${address}:${port} is not reachable: ${why}`
      reject(
        code === 'ECONNREFUSED' || code === 'ECONNRESET'
          ? new Refused(name, text)
          : new ConnectionError(name, 'unreachable', text),
      )
    }
    const timer = setTimeout(() => fail(`no answer within ${seconds} seconds`), seconds * 1000)
    sock.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      fail(error.message, error.code)
    })
    sock.once('connect', () => {
      clearTimeout(timer)
      resolve(sock)
    })
  })
}
