import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Duplex } from 'node:stream'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { ConnectContext } from './context.ts'
import { dialOut } from './handshake.ts'
import { type Identity, parseStat, sessionFunctions } from './session.ts'

/** A stream to a machine. */
export interface Way {
  readonly stream: Duplex
  /** Once it is over, what its command said of why; undefined where there is nothing to say. */
  readonly why?: Promise<ConnectionError | undefined>
}

/** Opens the stream that SSH is spoken over: TCP, a way through the machine that it is behind, or a command's input and output. Throws `unreachable`. */
export async function openWay(endpoint: Endpoint, seconds: number, context: ConnectContext): Promise<Way> {
  const { name, jump, proxyCommand } = endpoint
  if (proxyCommand !== undefined) return byCommand(endpoint, proxyCommand)
  if (jump === undefined) return { stream: await dialOut(endpoint, seconds) }
  if (context.bastions !== undefined) return { stream: await context.bastions.dial(endpoint, jump) }
  throw new ConnectionError(name, 'unreachable', `${name}: nobody keeps connections to ${jump.name}.`)
}

const saidAtMost = 2000
const ownEndMs = 100

/** The session that a command leads; undefined where there is no /proc. */
function sessionOf(pid: number | undefined): Identity | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

/** Ends what is left of a command's session: what it started too, a pipeline's parts. It goes on where this process ends. */
function endAll({ pid, start }: Identity): void {
  const left = `left=$(members ${pid} ${start}); [ -n "$left" ] || exit 0`
  const script = `${sessionFunctions}sleep ${ownEndMs / 1000}
${left}; kill -HUP $left 2>/dev/null; round=0
while [ $round -lt 20 ]; do ${left}; round=$((round + 1)); sleep 0.1; done
kill -KILL $left 2>/dev/null`
  spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore' })
    .on('error', () => undefined)
    .unref()
}

// As OpenSSH: the shell is replaced by the command. In a session of its own, a Ctrl-C of the terminal is not for it.
function byCommand({ name }: Endpoint, command: string): Promise<Way> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `exec ${command}`], { detached: true, stdio: 'pipe' })
    const failed = (how: string) =>
      new ConnectionError(name, 'unreachable', `${name}: its ProxyCommand ${how}`)
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-saidAtMost)
    })
    const why = new Promise<ConnectionError | undefined>((tell) => {
      child.once('close', (code) =>
        tell(code ? failed(`ended with exit ${code}: ${errors.trim() || 'it said nothing'}`) : undefined),
      )
    })
    child.once('error', (error) => reject(failed(`cannot be started: ${error.message}`)))
    child.once('spawn', () => {
      child.on('error', () => undefined)
      const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
      stream.on('error', () => undefined)
      const session = sessionOf(child.pid)
      // One that ends by itself may say why; one that does not is hung up on, and killed if it is deaf.
      stream.once('close', () => {
        if (session !== undefined) return endAll(session)
        const signals = [
          setTimeout(() => child.kill('SIGHUP'), ownEndMs),
          setTimeout(() => child.kill('SIGKILL'), 2000),
        ]
        child.once('exit', () => {
          for (const signal of signals) clearTimeout(signal)
        })
      })
      resolve({ stream, why })
    })
  })
}
