import { type AddressInfo, createServer } from 'node:net'

/** A TCP service on a free port of an address that says one thing to whoever comes. */
export async function greeter(
  address: string,
  greeting: string,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(greeting)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, address, resolve))
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}
