import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import type { Connection, Endpoint } from '../../src/model/connection.ts'
import type { LockHolder } from '../../src/model/lock.ts'
import { secret } from '../../src/model/secret.ts'
import { kill } from '../support/processes.ts'
import { proxied, type TcpProxy } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

const address = '127.104.0.10'
const relay = '127.104.0.11'
const context: ConnectContext = {
  secrets: () => '',
  home: homedir(),
  retry: { tries: 5, base: 20 },
}
const size = 4_000_000
const bytes = randomBytes(size)
const sha256 = createHash('sha256').update(bytes).digest('hex')

let sshd: Sshd
let way: TcpProxy
let through: Endpoint
let directory: string
let file: string
let rounds = 0
let connection: Connection
const open = (more: Partial<ConnectContext> = {}) => openSsh(through, { ...context, ...more })
const workdir = () => sshd.endpoint.workdir ?? ''
const at = (name: string) => join(directory, name)
const names = () => readdirSync(directory)
const arrived = (name: string) => readFileSync(at(name)).equals(bytes)
const partName = `.upgrade-fleet-${sha256.slice(0, 32)}-${size}.part`
const notes = () => readdirSync(join(workdir(), 'parts'))

beforeAll(async () => {
  sshd = await startSshd(address)
  const made = await proxied(sshd, relay)
  way = made.proxy
  through = made.endpoint
  file = join(sshd.directory, 'source')
  writeFileSync(file, bytes)
})
afterAll(async () => {
  await way.stop()
  await sshd.stop()
})
beforeEach(async () => {
  rounds += 1
  directory = join(sshd.directory, `target ${rounds} it's`)
  mkdirSync(directory)
  connection = await open()
  execFileSync('rm', ['-rf', join(workdir(), 'cache')])
})
afterEach(() => connection.close())

/** Yields some of it, waits for something, and goes on; the second reader gets all at once. */
function interrupted(
  first: number,
  then: () => Promise<void>,
): { stream: () => Readable; opened: () => number } {
  let opened = 0
  async function* slow() {
    yield bytes.subarray(0, first)
    await then()
    yield bytes.subarray(first)
  }
  return {
    stream: () => {
      opened += 1
      return opened === 1 ? Readable.from(slow()) : Readable.from([bytes])
    },
    opened: () => opened,
  }
}

describe('room', () => {
  const onDisk = async (megabytes: number, work: () => Promise<void>) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', directory])
    try {
      await work()
    } finally {
      execFileSync('umount', [directory])
    }
  }
  test('is looked at first: nothing is sent where there is none', () =>
    onDisk(2, async () => {
      let opened = 0
      const stream = () => {
        opened += 1
        return Readable.from([bytes])
      }
      await expect(connection.put({ stream, size }, at('file'))).rejects.toMatchObject({
        fault: 'io',
        message: expect.stringMatching(/No space left: it needs 4\.0 MB, and 2\.1 MB are free there/),
      })
      expect(opened).toBe(0)
      expect(names()).toEqual([])
    }))
  test('that runs out on the way leaves nothing, not a part either', () =>
    onDisk(5, async () => {
      const { stream } = interrupted(1_000_000, async () => {
        execFileSync('dd', ['if=/dev/zero', `of=${at('other')}`, 'bs=1M', 'count=3'], { stdio: 'ignore' })
      })
      await expect(connection.put({ stream, size }, at('file'), { sha256 })).rejects.toMatchObject({
        fault: 'io',
        message: expect.stringContaining('No space left'),
      })
      expect(names()).toEqual(['other'])
      expect(notes()).toEqual([])
    }))
})

describe('owner and mode', () => {
  test.each([10, size])('are there when the name appears: %i bytes', async (length) => {
    const options = { owner: 'nobody', group: '12345', mode: 0o2750 }
    await connection.put({ bytes: bytes.subarray(0, length) }, at('owned'), options)
    const said = execFileSync('stat', ['-c', '%U %g %a', at('owned')], { encoding: 'utf8' })
    expect(said).toBe('nobody 12345 2750\n')
    await connection.put({ bytes: bytes.subarray(0, length) }, at('grouped'), { group: '12345' })
    expect(statSync(at('grouped'))).toMatchObject({ uid: 0, gid: 12345 })
  })
  test('an owner whom the machine does not know leaves nothing', async () => {
    for (const length of [10, size])
      await expect(
        connection.put({ bytes: bytes.subarray(0, length) }, at('owned'), { owner: 'nobody-here' }),
      ).rejects.toMatchObject({ fault: 'io', message: expect.stringContaining('nobody-here') })
    await expect(connection.put({ text: '' }, at('owned'), { owner: '-R root' })).rejects.toThrow(TypeError)
    expect(names()).toEqual([])
  })
})

describe('an upload that is cut', () => {
  test.each([
    [900_000, 'reset', 4_000_000],
    [2_500_000, 'end', 4_000_000],
    [3_900_000, 'reset', undefined],
  ] as const)('each %i bytes goes on from there (%s)', async (cut, how, rate) => {
    const before = way.bytes.up
    way.cutAfter('up', cut, how)
    if (rate !== undefined) way.throttle(rate)
    const cuts = await open()
    try {
      expect(await cuts.put({ file }, at('file'))).toEqual({ size, sha256 })
    } finally {
      way.pass()
      await cuts.close()
    }
    expect(arrived('file')).toBe(true)
    expect(names()).toEqual(['file'])
    expect(notes()).toEqual([])
    // A cut takes what the server has not read yet with it: on a line without any delay up to a window of 2 MB.
    if (rate !== undefined) expect(way.bytes.up - before).toBeLessThan(size * 1.7)
  })
  test('by a peer that froze is taken over from whoever still waits there', async () => {
    const impatient = await open({ watchdog: 0.5 })
    let frozen: readonly number[] = []
    const { stream, opened } = interrupted(2_000_000, async () => {
      await until(() => names().some((name) => statSync(at(name)).size > 1_900_000), 'the first half')
      frozen = sshd.sessions()
      for (const pid of frozen) process.kill(pid, 'SIGSTOP')
      await until(() => opened() === 2, 'the second attempt')
    })
    expect(await impatient.put({ stream, size }, at('file'), { sha256 })).toEqual({ size, sha256 })
    expect(arrived('file')).toBe(true)
    for (const pid of frozen) kill(pid)
    await impatient.close()
    await until(() => names().length === 1, 'one file')
  })
  test('with this process goes on in a later run, and only the rest is sent', async () => {
    const first = await open()
    const { stream } = interrupted(3_000_000, async () => {
      await until(() => names().some((name) => statSync(at(name)).size > 2_900_000), 'most of it')
      await first.close()
    })
    await expect(first.put({ stream, size }, at('file'), { sha256 })).rejects.toMatchObject({
      name: 'ConnectionError',
    })
    await until(() => names().includes(partName), 'the part')
    await until(() => notes().length === 1, 'its note')
    const before = way.bytes.up
    const shown: number[] = []
    const onProgress = (done: number) => shown.push(done)
    await connection.put({ file }, at('file'), { sha256, onProgress })
    expect(way.bytes.up - before).toBeLessThan(1_200_000)
    expect(arrived('file')).toBe(true)
    expect(names()).toEqual(['file'])
    expect(shown.every((done) => done > 2_900_000)).toBe(true)
  })
  test('and left other bytes than those of the file begins anew', async () => {
    for (const left of [randomBytes(1_000_000), randomBytes(size), randomBytes(size + 1)]) {
      writeFileSync(at(partName), left)
      expect(await connection.put({ file }, at('file'), { sha256 })).toEqual({ size, sha256 })
      expect(arrived('file')).toBe(true)
      expect(names()).toEqual(['file'])
    }
  })
  test('and left a link or the file of somebody else begins anew, and leaves those alone', async () => {
    const other = join(sshd.directory, 'other')
    writeFileSync(other, bytes.subarray(0, 1000))
    symlinkSync(other, at(partName))
    await connection.put({ file }, at('file'), { sha256 })
    writeFileSync(at(partName), 'forged')
    execFileSync('chown', ['nobody', at(partName)])
    await connection.put({ file }, at('file'), { sha256 })
    expect(arrived('file')).toBe(true)
    expect(statSync(other).size).toBe(1000)
    expect(names()).toEqual(['file'])
  })
  test('and whose lock passed on meanwhile is not gone on with, and leaves nothing', async () => {
    const holder: LockHolder = {
      run: 'r',
      user: 'test',
      machine: 'here',
      pid: 1,
      state: '/',
      since: new Date(0).toISOString(),
      token: 't',
      by: 'run',
    }
    const { number } = await connection.lock.look()
    await connection.lock.add(number, { held: true, holder })
    let stale = 0
    const fenced = connection.fenced(number + 1, () => stale++)
    const { stream, opened } = interrupted(2_000_000, async () => {
      await until(() => names().some((name) => statSync(at(name)).size > 1_900_000), 'the first half')
      const other = await openSsh(sshd.endpoint, context)
      await other.lock.add(number + 1, { held: true, holder })
      await other.close()
      for (const pid of sshd.sessions()) kill(pid)
      await until(() => stale > 0, 'the fence')
    })
    await expect(fenced.put({ stream, size }, at('file'), { sha256 })).rejects.toMatchObject({
      fault: 'fenced',
    })
    expect(opened()).toBe(1)
    // The one that waited for the rest is ended, or it would leave a part later.
    await until(() => notes().length === 0 || names().length === 0, 'the end')
    expect(names()).toEqual([])
    await connection.put({ file }, at('file'), { sha256 })
    expect(names()).toEqual(['file'])
  })
  test('again and again without coming further is given up', async () => {
    let opened = 0
    const stream = () => {
      opened += 1
      for (const pid of sshd.sessions()) kill(pid)
      return Readable.from([bytes])
    }
    await expect(connection.put({ stream, size }, at('file'))).rejects.toMatchObject({ fault: 'lost' })
    expect(opened).toBeLessThan(8)
  })
  test('with this process leaves nothing of what holds a secret', async () => {
    const knows = await open({ secrets: () => 'x'.repeat(8_000_000) })
    way.throttle(4_000_000)
    try {
      const ended = knows.put({ text: ['key=', secret('k')] }, at('file')).catch((error: Error) => error.name)
      await until(() => names().some((name) => statSync(at(name)).size > 1_000_000), 'some of it')
      await knows.close()
      expect(await ended).toBe('ConnectionError')
    } finally {
      way.pass()
    }
    await until(() => notes().length === 0, 'its end')
    expect(names()).toEqual([])
  })
  test('for good is cleaned up by a later one, after a week', async () => {
    const old = (name: string, days: number) => {
      writeFileSync(at(name), 'x')
      const note = join(workdir(), 'parts', `of ${name}`)
      symlinkSync(at(name), note)
      execFileSync('touch', ['-h', '-d', `${days} days ago`, note])
    }
    await connection.put({ file }, at('file'), { sha256 })
    for (const [name, days] of [
      [".upgrade-fleet-a b's\n", 8],
      ['.upgrade-fleet-old', 8],
      ['.upgrade-fleet-new', 5],
      ['not-ours', 8],
    ] as const)
      old(name, days)
    await connection.put({ file }, at('file'))
    expect(names().toSorted()).toEqual(['.upgrade-fleet-new', 'file', 'not-ours'])
    expect(notes()).toEqual(['of .upgrade-fleet-new'])
    expect(readlinkSync(join(workdir(), 'parts', 'of .upgrade-fleet-new'))).toBe(at('.upgrade-fleet-new'))
  })
})

describe('the cache', () => {
  const entry = () => join(workdir(), 'cache/sha256', sha256)
  test('brings a pack a second time, even to another place, without sending it', async () => {
    await connection.put({ file }, at('one'), { sha256, cache: true })
    const before = way.bytes.up
    const shown: (readonly [number, number])[] = []
    await connection.put({ file }, at('two'), {
      sha256,
      owner: 'nobody',
      mode: 0o640,
      onProgress: (...args) => shown.push(args),
    })
    expect(way.bytes.up - before).toBeLessThan(10_000)
    expect(arrived('two')).toBe(true)
    expect(shown).toEqual([[size, size]])
    expect(execFileSync('stat', ['-c', '%U %a', at('two')], { encoding: 'utf8' })).toBe('nobody 640\n')
    expect(lstatSync(at('one')).ino).not.toBe(lstatSync(entry()).ino)
  })
  test('keeps no secret, whatever is asked', async () => {
    const knows = await open({ secrets: () => 'x'.repeat(100_000) })
    await knows.put({ text: ['key=', secret('k')] }, at('one'), { cache: true })
    await knows.close()
    expect(existsSync(join(workdir(), 'cache'))).toBe(false)
  })
  test('that was spoilt is found out and replaced', async () => {
    await connection.put({ file }, at('one'), { sha256, cache: true })
    for (const spoilt of [Buffer.alloc(size), bytes.subarray(1)]) {
      writeFileSync(entry(), spoilt)
      await connection.put({ file }, at('two'), { sha256, cache: true })
      expect(arrived('two')).toBe(true)
      expect(readFileSync(entry()).equals(bytes)).toBe(true)
    }
    expect(names().toSorted()).toEqual(['one', 'two'])
  })
  test('forgets what nobody used for a month', async () => {
    await connection.put({ file }, at('one'), { sha256, cache: true })
    const [old, used] = ['0'.repeat(64), '1'.repeat(64)].map((name) => join(workdir(), 'cache/sha256', name))
    writeFileSync(old ?? '', 'x')
    writeFileSync(used ?? '', 'x')
    execFileSync('touch', ['-d', '31 days ago', old ?? ''])
    const other = randomBytes(100_000)
    const sum = createHash('sha256').update(other).digest('hex')
    await connection.put({ bytes: other }, at('other'), { sha256: sum, cache: true })
    expect(readdirSync(join(workdir(), 'cache/sha256')).toSorted()).toEqual(
      [sha256, sum, '1'.repeat(64)].toSorted(),
    )
  })
})
