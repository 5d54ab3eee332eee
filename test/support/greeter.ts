import { createServer } from 'node:net'

/** A TCP service that says one thing to whoever comes. */
export async function greeter(
  address: string,
  port: number,
  greeting: string,
): Promise<{ stop(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(greeting)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve))
  return { stop: () => new Promise((resolve) => void server.close(() => resolve())) }
}
