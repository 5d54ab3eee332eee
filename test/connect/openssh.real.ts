import { mkdtemp, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openOpenSsh } from '../../src/connect/openssh.ts'
import { connectionContract, freshContract, type Subject } from '../contracts/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { greeter } from '../support/greeter.ts'
import { startSshd } from '../support/sshd.ts'

const context: ConnectContext = { secrets: (one) => `value of ${one.name}`, home: homedir() }

let used = 10
async function subject(extra: readonly string[] = []): Promise<Subject> {
  used += 1
  const sshd = await startSshd(`127.103.0.${used}`, extra)
  const scratch = await mkdtemp(join(fastDirectory(), 'upgrade-fleet-openssh-'))
  const greeting = 'hello from there'
  const service = await greeter('127.79.0.200', greeting)
  return {
    connect: () => openOpenSsh({ ...sshd.endpoint, kind: 'openssh' }, context),
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

connectionContract('openssh', () => subject())
connectionContract('openssh with two channels at most', () => subject(['MaxSessions 2']))
freshContract('openssh', () => subject())
