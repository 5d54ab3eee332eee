import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import type { Duplex } from 'node:stream'
import type { Connection, Endpoint } from '../model/connection.ts'
import type { Channel, Ended, Link } from './channel.ts'
import type { ConnectContext } from './context.ts'
import { machine } from './machine.ts'
import { withResolvers } from './resolvers.ts'
import { keepWire } from './wire.ts'

/** A connection to this machine: the same shells without SSH. Jobs outlive this process. */
export async function openLocal(endpoint: Endpoint, context: ConnectContext): Promise<Connection> {
  const open = async () => localLink(context.home)
  const wire = keepWire(endpoint.name, await open(), open, context.retry)
  return machine(endpoint, wire, context.secrets, {
    login: userInfo().username,
    refusals: context.refusals,
    timeout: context.commandTimeout,
  })
}

const drainMs = 200

/** This machine as a link. It never breaks; closing it ends its shells' input. */
export function localLink(home: string): Link {
  let alive = true
  const channels = new Set<Channel>()
  const { promise: gone, resolve: leave } = withResolvers<string>()
  return {
    get alive() {
      return alive
    },
    gone,
    open: async (command) => {
      const channel = await start(command, home)
      channels.add(channel)
      void channel.ended.then(() => channels.delete(channel))
      return channel
    },
    dial: (address, port) =>
      new Promise<Duplex>((resolve, reject) => {
        const socket = connect(port, address, () => {
          socket.off('error', reject)
          resolve(socket)
        })
        socket.once('error', reject)
      }),
    close: () => {
      alive = false
      leave('The connection was closed.')
      for (const channel of channels) channel.input.end()
    },
  }
}

function start(command: string, home: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    // Detached: leader of a session of its own, as a command of sshd is, so that it can be ended as a whole.
    const child = spawn('/bin/sh', ['-c', command], { detached: true, cwd: home, stdio: 'pipe' })
    const { promise: ended, resolve: end } = withResolvers<Ended>()
    const exited = (code: number | null, signal: NodeJS.Signals | null) =>
      end(signal !== null ? { signal: signal.slice('SIG'.length) } : code !== null ? { code } : {})
    child.once('close', exited)
    // Something that was left behind may hold the streams open for ever; what has been written by now is enough.
    child.once('exit', (code, signal) => setTimeout(() => exited(code, signal), drainMs).unref())
    child.once('error', reject)
    child.once('spawn', () => {
      child.off('error', reject)
      child.on('error', () => undefined)
      resolve({
        input: child.stdin,
        output: child.stdout,
        errors: child.stderr,
        ended,
        destroy: () => {
          child.stdin.destroy()
          child.stdout.destroy()
          child.stderr.destroy()
        },
      })
    })
  })
}
