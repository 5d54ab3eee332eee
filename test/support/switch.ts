import { connect, createServer, type Socket } from 'node:net'

/** An address behind which one of several servers answers, as with round-robin DNS or a load balancer. */
export interface Switch {
  /** Where connections go from now on. */
  to(address: string): void
  /** Ends those that there are. */
  cut(): void
  close(): Promise<void>
}

/** Listens on an address and port, and hands each connection on to the same port of another address. */
export async function startSwitch(address: string, port: number, first: string): Promise<Switch> {
  let target = first
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
  }
  const server = createServer((near) => {
    const far = connect(port, target)
    keep(near)
    keep(far)
    near.pipe(far).pipe(near)
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, address, resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    to: (next) => {
      target = next
    },
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
