import { mkdtemp, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { openLocal } from '../../src/connect/local.ts'
import { connectionContract, freshContract, type Subject } from '../contracts/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { greeter } from '../support/greeter.ts'

async function subject(): Promise<Subject> {
  const scratch = await mkdtemp(join(fastDirectory(), 'upgrade-fleet-local-'))
  const workdir = `${await mkdtemp(join(fastDirectory(), 'upgrade-fleet-home-'))}/work`
  const greeting = 'hello from here'
  const service = await greeter('127.79.0.200', greeting)
  return {
    connect: () =>
      openLocal(
        { name: 'here', kind: 'local', address: '127.0.0.1', port: 22, workdir },
        { secrets: (one) => `value of ${one.name}`, home: homedir() },
      ),
    scratch,
    greeting,
    greeterPort: service.port,
    stop: async () => {
      await service.stop()
      await rm(scratch, { recursive: true })
      await rm(join(workdir, '..'), { recursive: true })
    },
  }
}

connectionContract('local', subject)
freshContract('local', subject)
