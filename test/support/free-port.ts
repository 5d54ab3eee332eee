import { createServer } from 'node:net'

/** A port of a loopback address that nobody listens on at this moment. */
export function freePort(address: string): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, address, () => {
      const bound = probe.address()
      probe.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : 0))
    })
  })
}
