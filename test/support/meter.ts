import { connect, createServer, type Socket } from 'node:net'

/** A TCP relay before a server that counts what goes there, and can cut. */
export interface Meter {
  /** Bytes that have gone to the server so far. */
  sent(): number
  /** Breaks what goes through once so many more bytes have gone to the server. */
  cutAfter(bytes: number): void
  stop(): Promise<void>
}

/** Relays `address:port` to another address with the same port. */
export async function meter(address: string, to: string, port: number): Promise<Meter> {
  const sockets = new Set<Socket>()
  let sent = 0
  let limit = Number.POSITIVE_INFINITY
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    const onward = connect({ host: to, port, noDelay: true })
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        sockets.delete(one)
        socket.destroy()
        onward.destroy()
      })
    }
    onward.pipe(socket)
    socket.on('data', (chunk: Buffer) => {
      sent += chunk.length
      if (sent >= limit) {
        limit = Number.POSITIVE_INFINITY
        for (const one of sockets) one.destroy()
        return
      }
      if (onward.write(chunk)) return
      socket.pause()
      onward.once('drain', () => socket.resume())
    })
  })
  await new Promise<void>((resolve) => server.listen(port, address, resolve))
  return {
    sent: () => sent,
    cutAfter: (bytes) => {
      limit = sent + bytes
    },
    stop: async () => {
      for (const one of sockets) one.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
