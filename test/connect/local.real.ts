import { mkdtemp, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Link } from '../../src/connect/channel.ts'
import { localLink, openLocal } from '../../src/connect/local.ts'
import { machine } from '../../src/connect/machine.ts'
import { keepWire } from '../../src/connect/wire.ts'
import type { Connection, Endpoint } from '../../src/model/connection.ts'
import { connectionContract, freshContract, type Subject } from '../contracts/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { greeter } from '../support/greeter.ts'

const context = { secrets: (one: { name: string }) => `value of ${one.name}`, home: homedir() }

async function withBash(endpoint: Endpoint): Promise<Connection> {
  const link = localLink(context.home)
  const bash: Link = {
    get alive() {
      return link.alive
    },
    gone: link.gone,
    open: (command) => link.open(command.replace('/bin/sh', 'bash --posix')),
    dial: (address, port) => link.dial(address, port),
    close: () => link.close(),
  }
  return machine(
    endpoint,
    keepWire(endpoint.name, bash, async () => bash),
    context.secrets,
  )
}

async function subject(
  open: (endpoint: Endpoint) => Promise<Connection> = (endpoint) => openLocal(endpoint, context),
): Promise<Subject> {
  const scratch = await mkdtemp(join(fastDirectory(), 'upgrade-fleet-local-'))
  const workdir = `${await mkdtemp(join(fastDirectory(), 'upgrade-fleet-home-'))}/work`
  const greeting = 'hello from here'
  const service = await greeter('127.79.0.200', greeting)
  return {
    connect: () => open({ name: 'here', kind: 'local', address: '127.0.0.1', port: 22, workdir }),
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

connectionContract('local', () => subject())
connectionContract('local, where sh is bash', () => subject(withBash))
freshContract('local', () => subject())
