import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Link } from '../../src/connect/channel.ts'
import { localLink } from '../../src/connect/local.ts'
import { machine } from '../../src/connect/machine.ts'
import { keepWire } from '../../src/connect/wire.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'

// Round trips of commands and jobs, counted: channels that are opened, and writes into them.
let directory: string
let connection: Connection
const count = { channels: 0, writes: 0 }
function counted(link: Link): Link {
  return {
    get alive() {
      return link.alive
    },
    gone: link.gone,
    open: async (command) => {
      count.channels += 1
      const channel = await link.open(command)
      const { write } = channel.input
      channel.input.write = (...given: unknown[]): boolean => {
        count.writes += 1
        return Reflect.apply(write, channel.input, given)
      }
      return channel
    },
    dial: (address, port) => link.dial(address, port),
    close: () => link.close(),
  }
}
beforeAll(async () => {
  directory = await mkdtemp(join(fastDirectory(), 'upgrade-fleet-counts-'))
  const link = counted(localLink(directory))
  connection = machine(
    { name: 'here', kind: 'local', address: 'here', port: 0, workdir: join(directory, 'work') },
    keepWire('here', link, async () => link),
    () => '',
  )
  await connection.workdir()
})
afterAll(async () => {
  for (const job of await connection.jobs('')) await job.cancel()
  await connection.close()
  await rm(directory, { recursive: true })
})
beforeEach(() => {
  count.channels = 0
  count.writes = 0
})
const times = <T>(number: number, work: () => Promise<T>) => Array.from({ length: number }, work)

test('20 commands in sequence: 20 writes, no channel', async () => {
  for (let turn = 0; turn < 20; turn += 1) await connection.exec(sh`exit ${String(turn)}`)
  expect(count).toEqual({ channels: 0, writes: 20 })
})
test('16 reads at once are asked over one channel, before the first is answered', async () => {
  await Promise.all(times(16, () => connection.exec(sh.read`:`)))
  expect(count).toEqual({ channels: 0, writes: 16 })
})
test('a job that is started: one write; one that is there already: one', async () => {
  const job = await connection.job('counts/a/1/job', sh`sleep 60`)
  expect(count).toEqual({ channels: 0, writes: 1 })
  await connection.job('counts/a/1/job', sh`sleep 60`)
  expect(count).toEqual({ channels: 0, writes: 2 })
  expect(await job.running()).toBe(true)
  expect(count).toEqual({ channels: 0, writes: 3 })
})
test('commands that change something run side by side on four shells at most', async () => {
  await Promise.all(times(20, () => connection.exec(sh`sleep 0.01`)))
  // Three more, each with its greeting.
  expect(count).toEqual({ channels: 3, writes: 23 })
})
