import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { download } from '../../src/modules/download.ts'
import { proxied, type TcpProxy } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const bytes = randomBytes(6_000_000)
let sshd: Sshd
let way: TcpProxy
let through: Endpoint
let here: string
let source: string
let rounds = 0
const open = () => openSsh(through, { secrets: () => '', home: here, retry: { tries: 5, base: 20 } })

beforeAll(async () => {
  sshd = await startSshd('127.104.0.20')
  const made = await proxied(sshd, '127.104.0.21')
  way = made.proxy
  through = made.endpoint
  source = join(sshd.directory, "the source's")
  writeFileSync(source, bytes)
})
afterAll(async () => {
  await way.stop()
  await sshd.stop()
})
beforeEach(() => {
  rounds += 1
  here = join(sshd.directory, `here ${rounds}`)
  mkdirSync(here)
})

test('a file that is cut on its way goes on from what has come', async () => {
  const before = way.bytes.down
  way.cutAfter('down', 2_500_000)
  way.throttle(6_000_000)
  const machine = await open()
  try {
    const shown: number[] = []
    const stored = await download(machine, source, join(here, 'file'), {
      onProgress: (done) => shown.push(done),
    })
    expect(stored.size).toBe(bytes.length)
    expect(shown.at(-1)).toBe(bytes.length)
    expect(shown).toEqual(shown.toSorted((a, b) => a - b))
  } finally {
    way.pass()
    await machine.close()
  }
  expect(readFileSync(join(here, 'file')).equals(bytes)).toBe(true)
  expect(readdirSync(here)).toEqual(['file'])
  expect(way.bytes.down - before).toBeLessThan(bytes.length * 1.7)
})

test('in a later run too; a part that is not its beginning is thrown away', async () => {
  const machine = await open()
  try {
    const { sha256 } = await download(machine, source, join(here, 'file'))
    const part = join(here, `file.${sha256.slice(0, 16)}.part`)
    writeFileSync(part, bytes.subarray(0, 5_900_000), { mode: 0o600 })
    const before = way.bytes.down
    await download(machine, source, join(here, 'file'))
    expect(way.bytes.down - before).toBeLessThan(200_000)
    for (const left of [randomBytes(1000), randomBytes(bytes.length), randomBytes(bytes.length + 1)]) {
      writeFileSync(part, left, { mode: 0o600 })
      await download(machine, source, join(here, 'file'))
      expect(readFileSync(join(here, 'file')).equals(bytes)).toBe(true)
    }
    expect(readdirSync(here)).toEqual(['file'])
    await expect(download(machine, '/none', join(here, 'none'))).rejects.toThrow(/none could not be read/)
  } finally {
    await machine.close()
  }
})

test('a part that another could have made, or has by another name, is not gone on with', async () => {
  const machine = await open()
  const other = join(here, 'other')
  try {
    const { sha256 } = await download(machine, source, join(here, 'file'))
    const part = join(here, `file.${sha256.slice(0, 16)}.part`)
    for (const make of [
      () => symlinkSync(other, part),
      () => linkSync(other, part),
      () => {
        writeFileSync(part, bytes.subarray(0, 1000))
        chmodSync(part, 0o666)
      },
    ]) {
      writeFileSync(other, 'of another', { mode: 0o600 })
      make()
      await download(machine, source, join(here, 'file'))
      expect(readFileSync(join(here, 'file')).equals(bytes)).toBe(true)
      expect(readFileSync(other, 'utf8')).toBe('of another')
    }
    expect(readdirSync(here).toSorted()).toEqual(['file', 'other'])
  } finally {
    await machine.close()
  }
})

test('not a byte more than was announced is taken, and nothing where it has no room', async () => {
  const machine = await open()
  const full = join(here, 'full')
  mkdirSync(full)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', full])
  try {
    const before = way.bytes.down
    await expect(download(machine, source, join(full, 'file'))).rejects.toThrow(
      /full\/file: No space left: it needs 6000000 bytes more, and \d+ are free there/,
    )
    expect(way.bytes.down - before).toBeLessThan(100_000)
    expect(readdirSync(full)).toEqual([])
    const lies: typeof machine = {
      ...machine,
      exec: (...given) =>
        machine
          .exec(...given)
          .then((said) =>
            'stdout' in said ? { ...said, stdout: said.stdout.replace('6000000', '900000') } : said,
          ),
    }
    await expect(download(lies, source, join(full, 'file'))).rejects.toThrow(/longer than the 900000 bytes/)
    expect(existsSync(join(full, 'file'))).toBe(false)
  } finally {
    execFileSync('umount', [full])
    await machine.close()
  }
})
