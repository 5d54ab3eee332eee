import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { ConnectContext } from './context.ts'

/** Opens the stream that SSH is spoken over: TCP, a way through the machine that it is behind, or a command's input and output. Throws `unreachable`. */
export function openWay(endpoint: Endpoint, seconds: number, context: ConnectContext): Promise<Duplex> {
  if (endpoint.proxyCommand !== undefined) return byCommand(endpoint, endpoint.proxyCommand)
  if (endpoint.jump === undefined) return dialOut(endpoint, seconds)
  if (context.bastions !== undefined) return context.bastions.dial(endpoint, endpoint.jump)
  return Promise.reject(
    new ConnectionError(
      endpoint.name,
      'unreachable',
      `${endpoint.name}: nobody keeps the way through a jump`,
    ),
  )
}

function dialOut({ name, address, port }: Endpoint, seconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const sock = connect({ host: address, port, noDelay: true })
    const fail = (why: string) => {
      sock.destroy()
      reject(new ConnectionError(name, 'unreachable', `${name}: ${address}:${port} is not reachable: ${why}`))
    }
    const timer = setTimeout(() => fail(`no answer within ${seconds} seconds`), seconds * 1000)
    sock.on('error', (error) => {
      clearTimeout(timer)
      fail(error.message)
    })
    sock.once('connect', () => {
      clearTimeout(timer)
      resolve(sock)
    })
  })
}

const said = 2000

// As OpenSSH: the shell is replaced by the command. In a session of its own, a Ctrl-C of the terminal is not for it.
function byCommand({ name }: Endpoint, command: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `exec ${command}`], { detached: true, stdio: 'pipe' })
    const fail = (why: string) => new ConnectionError(name, 'unreachable', `${name}: its ProxyCommand ${why}`)
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-said)
    })
    child.once('error', (error) => reject(fail(`cannot be started: ${error.message}`)))
    child.once('spawn', () => {
      child.on('error', () => undefined)
      const way = Duplex.from({ readable: child.stdout, writable: child.stdin })
      child.once('exit', (code, signal) => {
        if (code !== 0)
          way.destroy(fail(`ended (${signal ?? `exit ${code}`}): ${errors.trim() || 'it said nothing'}`))
      })
      way.on('error', () => undefined)
      way.once('close', () => {
        child.kill('SIGHUP')
        const late = setTimeout(() => child.kill('SIGKILL'), 2000).unref()
        child.once('exit', () => clearTimeout(late))
      })
      resolve(way)
    })
  })
}
