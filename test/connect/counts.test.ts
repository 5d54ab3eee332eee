import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Link } from '../../src/connect/channel.ts'
import { localLink } from '../../src/connect/local.ts'
import { machine } from '../../src/connect/machine.ts'
import { keepWire } from '../../src/connect/wire.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'

let directory: string
let connection: Connection
const count = { channels: 0, frames: 0 }
const bytes = Buffer.alloc(1_000_000, 'some text\n')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const at = (name: string) => join(directory, name)
const syncs = async () =>
  (await readFile(at('syncs'), 'utf8').catch(() => '')).split('\n').filter(Boolean).length

/** Counts channels, and what is said into them before somebody answers; the machine's `sync` notes that it was called. */
function counted(link: Link): Link {
  return {
    get alive() {
      return link.alive
    },
    gone: link.gone,
    open: async (command) => {
      count.channels += 1
      const channel = await link.open(`PATH=${at('bin')}:$PATH; export PATH; ${command}`)
      let answered = true
      const hear = (stream: typeof channel.output) => {
        const { emit } = stream
        stream.emit = (name: string | symbol, ...rest: unknown[]) => {
          if (name === 'data') answered = true
          return Reflect.apply(emit, stream, [name, ...rest])
        }
      }
      hear(channel.output)
      const { write } = channel.input
      channel.input.write = (...given: unknown[]): boolean => {
        if (answered) count.frames += 1
        answered = false
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
  await mkdir(at('bin'))
  await writeFile(at('bin/sync'), `#!/bin/sh\necho "$@" >>${at('syncs')}\nexec /bin/sync "$@"\n`)
  await chmod(at('bin/sync'), 0o755)
  const link = counted(localLink(directory))
  connection = machine(
    { name: 'here', kind: 'local', address: 'here', port: 0, workdir: at('work') },
    keepWire('here', link, async () => link),
    () => '',
  )
  await connection.workdir()
  await connection.put({ bytes }, at('first'))
  await connection.exec(sh`:`)
})
afterAll(async () => {
  await connection.close()
  await rm(directory, { recursive: true })
})
beforeEach(async () => {
  await rm(at('syncs'), { force: true })
  count.channels = 0
  count.frames = 0
})
const counts = async () => ({ ...count, syncs: await syncs() })

describe('what it costs to store a file', () => {
  test('a small one: one round trip, no channel, one sync of the file and one of its directory', async () => {
    await connection.put({ text: 'x' }, at('small'), { mode: 0o644, owner: '0' })
    expect(await counts()).toEqual({ channels: 0, frames: 1, syncs: 2 })
  })
  test('a large one: a script, its bytes once it is ready; the shell ends with it', async () => {
    await connection.put({ bytes }, at('large'))
    expect(await counts()).toEqual({ channels: 0, frames: 2, syncs: 2 })
    await connection.exec(sh`:`)
    // The command travels behind the greeting of the shell that takes its place.
    expect(await counts()).toEqual({ channels: 1, frames: 3, syncs: 2 })
  })
  test('a large one of a known digest: a look before it', async () => {
    await connection.put({ bytes }, at('known'), { sha256, cache: true })
    expect(await counts()).toEqual({ channels: 0, frames: 3, syncs: 2 })
    await connection.exec(sh`:`)
  })
  test('one that the machine has: one round trip', async () => {
    await connection.put({ bytes }, at('cached'), { sha256 })
    expect(await counts()).toEqual({ channels: 0, frames: 1, syncs: 2 })
    expect((await readFile(at('cached'))).equals(bytes)).toBe(true)
  })
  test('reading one, and running a command: one round trip, and nothing is synced', async () => {
    await connection.get(at('large'), new PassThrough().resume())
    await connection.exec(sh`:`)
    expect(await counts()).toEqual({ channels: 0, frames: 2, syncs: 0 })
  })
})
