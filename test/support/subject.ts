import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection, Endpoint } from '../../src/model/connection.ts'
import type { Subject } from '../contracts/connection.ts'
import { fastDirectory } from './fast-directory.ts'
import { greeter } from './greeter.ts'
import { startSshd } from './sshd.ts'

/** What the contract of connections is held against: an sshd, and a way to connect to it. */
export async function sshSubject(
  connect: (endpoint: Endpoint) => Promise<Connection>,
  ...server: Parameters<typeof startSshd>
): Promise<Subject> {
  const sshd = await startSshd(...server)
  const scratch = await mkdtemp(join(fastDirectory(), 'upgrade-fleet-subject-'))
  const greeting = 'hello from there'
  const service = await greeter('127.79.0.200', greeting)
  return {
    connect: () => connect(sshd.endpoint),
    scratch,
    greeting,
    greeterPort: service.port,
    stop: async () => {
      await service.stop()
      await sshd.stop()
      await rm(scratch, { recursive: true })
    },
  }
}
