import { appendFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from '../../src/model/connection.ts'
import type { Sshd } from './sshd.ts'

/** `up` is what the client says, `down` what it hears. */
export type Direction = 'up' | 'down'

/** How a connection is broken: `reset` is a RST to both ends, `end` a FIN, as of a process that died. */
export type Break = 'reset' | 'end'

/** What else may become of one: `hole` keeps it open, and it brings nothing any more, either way. */
export type Cut = Break | 'hole'

/** A TCP proxy that does harm on command. All that it does holds at once, for the connections that there are too. */
export interface TcpProxy {
  readonly address: string
  readonly port: number
  /** Bytes that were handed on so far. */
  readonly bytes: Readonly<Record<Direction, number>>
  /** Connections that were taken so far, whether the target could be reached or not. */
  readonly connections: () => number
  /** Connections that are open. */
  readonly open: () => number
  /** Hands all bytes on, at once; takes back whatever was set. What a black hole swallowed stays lost. */
  pass(): void
  /** At most so many bytes a second, each way and for each connection. */
  throttle(bytesPerSecond: number): void
  /** Each byte comes so much later. */
  delay(milliseconds: number): void
  /** Swallows every byte, and keeps all connections open; new ones are taken and hear nothing. */
  blackHole(): void
  /** Hands nothing on and forgets nothing: after `pass` it goes on where it stopped, as with a peer that was suspended. */
  stall(): void
  /** Breaks every connection that is open. */
  break(how: Break): void
  /** Ends each later connection when it has handed on so many bytes that way. */
  cutAfter(direction: Direction, bytes: number, how?: Cut): void
  /** Listens no more, or again: a new connection is refused, those that are open live on. */
  refuse(): Promise<void>
  accept(): Promise<void>
  /** Breaks all and listens no more. */
  stop(): Promise<void>
}

interface Rules {
  rate: number
  delay: number
  hole: boolean
  stalled: boolean
  cut: { readonly direction: Direction; readonly bytes: number; readonly how: Cut } | undefined
}

const usual: Rules = { rate: Number.POSITIVE_INFINITY, delay: 0, hole: false, stalled: false, cut: undefined }
const room = 1024 * 1024

/** Starts a proxy at an address, on the target's port number or a given one (0: any). */
export async function startProxy(
  address: string,
  target: { readonly address: string; readonly port: number },
  port = target.port,
): Promise<TcpProxy> {
  const rules: Rules = { ...usual }
  const bytes = { up: 0, down: 0 }
  const sockets = new Set<Socket>()
  let wake: () => void = () => undefined
  let change = new Promise<void>((resolve) => {
    wake = resolve
  })
  const set = (some: Partial<Rules>) => {
    Object.assign(rules, some)
    wake()
    change = new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  let connections = 0
  let open = 0

  const serve = (client: Socket) => {
    connections += 1
    open += 1
    const { cut } = rules
    const server = connect({ host: target.address, port: target.port, allowHalfOpen: true, noDelay: true })
    const both = [client, server] as const
    let lost = false
    const breakOff = (how: Cut) => {
      lost = true
      for (const one of both) if (how === 'reset') one.resetAndDestroy()
      for (const one of both) if (how === 'end') one.end(() => one.destroy())
    }
    for (const one of both) {
      sockets.add(one)
      one.on('error', () => breakOff('reset'))
      one.once('close', () => sockets.delete(one))
    }
    client.once('close', () => {
      open -= 1
    })
    carry(client, server, 'up')
    carry(server, client, 'down')

    function carry(from: Socket, to: Socket, direction: Direction): void {
      const queue: { readonly due: number; chunk: Buffer | undefined }[] = []
      let waiting = 0
      let handed = 0
      let busy = false
      const add = (chunk: Buffer | undefined) => {
        if (rules.hole || lost) return
        queue.push({ due: performance.now() + rules.delay, chunk })
        waiting += chunk?.length ?? 0
        if (waiting > room) from.pause()
        if (!busy) void drain()
      }
      const drain = async () => {
        busy = true
        for (let first = queue[0]; first !== undefined && !to.destroyed; first = queue[0]) {
          while (rules.stalled) await change
          const early = first.due - performance.now()
          if (early > 0) await sleep(early)
          const { chunk } = first
          if (rules.hole || lost || chunk === undefined) {
            queue.shift()
            if (!rules.hole && !lost) to.end()
            continue
          }
          const most = Math.min(
            Math.max(1, Math.ceil(rules.rate / 20)),
            cut?.direction === direction ? cut.bytes - handed : Number.POSITIVE_INFINITY,
          )
          const part = chunk.subarray(0, most)
          first.chunk = chunk.subarray(part.length)
          if (first.chunk.length === 0) queue.shift()
          handed += part.length
          bytes[direction] += part.length
          waiting -= part.length
          if (waiting <= room) from.resume()
          const flows = to.write(part)
          if (cut?.direction === direction && handed >= cut.bytes) breakOff(cut.how)
          else if (!flows) await drained(to)
          if (rules.rate !== usual.rate)
            await Promise.race([change, sleep((part.length / rules.rate) * 1000)])
        }
        busy = false
      }
      from.on('data', add)
      from.once('end', () => {
        add(undefined)
        // The other side does not hear of it; this one is not kept waiting.
        if (rules.hole || lost) from.destroy()
      })
      if (cut?.direction === direction && cut.bytes === 0) breakOff(cut.how)
    }
  }

  let server: Server
  let chosen = port
  const accept = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer({ allowHalfOpen: true, noDelay: true }, serve)
      server.once('error', reject).listen(chosen, address, () => {
        const at = server.address()
        if (typeof at === 'object' && at !== null) chosen = at.port
        resolve()
      })
    })
  // Not for the end of what is open: that lives on.
  const refuse = async () => void server.close()
  await accept()
  return {
    address,
    port: chosen,
    bytes,
    connections: () => connections,
    open: () => open,
    pass: () => set(usual),
    throttle: (rate) => set({ rate }),
    delay: (delay) => set({ delay }),
    blackHole: () => set({ hole: true }),
    stall: () => set({ stalled: true }),
    break: (how) => {
      for (const one of sockets) if (how === 'reset') one.resetAndDestroy()
      for (const one of sockets) if (how === 'end') one.end(() => one.destroy())
    },
    cutAfter: (direction, count, how = 'reset') => set({ cut: { direction, bytes: count, how } }),
    refuse,
    accept,
    stop: async () => {
      set(usual)
      const over = new Promise((resolve) => (server.listening ? server.close(resolve) : resolve(undefined)))
      for (const one of sockets) one.destroy()
      await over
    },
  }
}

/** A proxy before an sshd, and the endpoint that goes through it; the server's host key is known by the proxy's address too. */
export async function proxied(
  sshd: Sshd,
  address: string,
): Promise<{ readonly proxy: TcpProxy; readonly endpoint: Endpoint }> {
  const proxy = await startProxy(address, sshd.endpoint)
  appendFileSync(sshd.knownHosts, `[${address}]:${proxy.port} ${sshd.hostKey}\n`)
  return { proxy, endpoint: { ...sshd.endpoint, address, port: proxy.port } }
}

function drained(to: Socket): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      to.off('drain', go).off('close', go)
      resolve()
    }
    to.on('drain', go).on('close', go)
  })
}
