import { execFileSync } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { list } from '../../src/modules/archives/list.ts'
import { type UnarchiveInput, unarchive } from '../../src/modules/archives/unarchive.ts'
import { type TreeEntry, tarEnd, tarHeader, tarPadding } from '../../src/modules/tar.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { zipOf } from '../support/zips.ts'
import { pack, sumOf } from './archive-cases.ts'
import { seen } from './contract.ts'

const root = mkdtempSync(join(fastDirectory(), 'hostile-'))
let local: LocalOn
let dir: string
let at = 0

beforeAll(async () => {
  local = await localOn(join(root, 'here'))
})
beforeEach(() => {
  dir = join(root, `${++at}`)
  mkdirSync(dir)
})
afterAll(async () => {
  await local.close()
  rmSync(root, { recursive: true })
})

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

function given(bytes: Buffer, kind: string, more: Partial<UnarchiveInput> = {}): UnarchiveInput {
  const src = join(dir, `a.${kind}`)
  writeFileSync(src, bytes)
  return { src, sha256: digest(bytes), dest: join(dir, 'new'), ...more }
}

/** It is refused for that reason, and of the directory not a byte is another. */
async function refused(input: UnarchiveInput, why: RegExp): Promise<void> {
  const before = seen(dir)
  await expect(perform(local, unarchive(input))).rejects.toThrow(why)
  expect(seen(dir)).toBe(before)
}

const [dirBits, linkBits, deviceBits, fifoBits] = [0o040755, 0o120777, 0o020666, 0o010644]
const far = Buffer.alloc(0)
const unicodePath = (name: string) => {
  const text = Buffer.from(name)
  const head = Buffer.alloc(9)
  head.writeUInt16LE(0x7075, 0)
  head.writeUInt16LE(5 + text.length, 2)
  head[4] = 1
  return Buffer.concat([head, text])
}

describe('a zip is refused before anything is written, with', () => {
  test.each<readonly [string, Buffer, RegExp]>([
    ['a way up', zipOf([{ name: '../evil' }]), /leads out/],
    ['a way up in the middle', zipOf([{ name: 'a/../../evil' }]), /leads out/],
    ['an absolute name', zipOf([{ name: '/etc/evil' }]), /leads out/],
    ['a backslash', zipOf([{ name: '..\\evil' }]), /backslash/],
    ['a NUL in a name', zipOf([{ name: 'a\0b' }]), /a name that is none/],
    ['no name', zipOf([{ name: '' }]), /no name/],
    ['an empty part of a name', zipOf([{ name: 'a//b' }]), /leads out/],
    ['a link', zipOf([{ name: 'l', content: '/etc', mode: linkBits }]), /a link or a device/],
    ['a device', zipOf([{ name: 'd', mode: deviceBits }]), /a link or a device/],
    ['a pipe', zipOf([{ name: 'p', mode: fifoBits }]), /a link or a device/],
    ['set-user-ID', zipOf([{ name: 's', mode: 0o104755 }]), /bits of another user/],
    ['set-group-ID of a directory', zipOf([{ name: 'd/', mode: 0o042755 }]), /bits of another user/],
    ['a name twice', zipOf([{ name: 'a' }, { name: 'a' }]), /there twice/],
    ['a file that is a directory too', zipOf([{ name: 'a' }, { name: 'a/b' }]), /it is in a file/],
    ['a directory that is a file too', zipOf([{ name: 'a/b' }, { name: 'a' }]), /there twice/],
    ['a directory with content', zipOf([{ name: 'a/', content: 'x', stored: true }]), /with content/],
    ['a directory by its bits alone', zipOf([{ name: 'a', mode: dirBits }]), /a file and a directory/],
    ['two names', zipOf([{ name: 'a', extra: unicodePath('../evil') }]), /two names/],
    ['an encrypted file', zipOf([{ name: 'a', flags: 1 }]), /encrypted/],
    ['an unknown method', zipOf([{ name: 'a', method: 99 }]), /method 99/],
    ['two sizes', zipOf([{ name: 'a', content: 'abc', stored: true, size: 4 }]), /two sizes/],
    ['more than deflate can say', zipOf([{ name: 'a', content: 'abc', size: 10 ** 7 }]), /two sizes/],
    ['a deep name', zipOf([{ name: `${'a/'.repeat(101)}b` }]), /deep/],
    ['a long name', zipOf([{ name: 'a'.repeat(256) }]), /too long/],
    [
      'entries over one another',
      zipOf([
        { name: 'a', content: 'abc', stored: true },
        { name: 'b', content: 'abc', stored: true, offset: 0 },
      ]),
      /over one another/,
    ],
    [
      'entries over its directory',
      zipOf([{ name: 'a', packed: 1000, size: 1000, method: 0 }]),
      /over its directory/,
    ],
    [
      'something before it',
      zipOf([{ name: 'a' }], { before: Buffer.from('#!/bin/sh\n') }),
      /before its first/,
    ],
    ['something behind it', zipOf([{ name: 'a' }], { behind: Buffer.from('x') }), /does not end where/],
    [
      'a second end in its comment',
      zipOf([{ name: 'a' }], { comment: zipOf([{ name: '../b' }]) }),
      /damaged/,
    ],
    ['something between', zipOf([{ name: 'a' }], { between: Buffer.alloc(9) }), /beside its directory/],
    ['another number of entries', zipOf([{ name: 'a' }], { entries: 2 }), /number of entries/],
    [
      'a bad end of 64 bits',
      zipOf([{ name: 'a' }], { large: true, between: Buffer.alloc(9) }),
      /elsewhere|beside/,
    ],
    ['no bytes at all', far, /no zip, or ends early/],
    ['other bytes', Buffer.alloc(100_000, 'PK'), /no zip, or ends early/],
    [
      'a bomb by its ratio',
      zipOf([{ name: 'a', content: Buffer.alloc(20_000_000) }]),
      /would become 20000000: `limits` says/,
    ],
  ])('%s', async (_name, bytes, why) => refused(given(bytes, 'zip'), why))

  test('more than it may have: entries, bytes, directories that names imply', async () => {
    const many = zipOf(Array.from({ length: 50 }, (_, n) => ({ name: `f${n}`, content: 'x' })))
    await refused(given(many, 'zip', { limits: { entries: 49 } }), /more than 49 entries/)
    await refused(given(many, 'zip', { limits: { bytes: 49 } }), /more than 49 bytes/)
    const deep = zipOf([{ name: `${'a/'.repeat(60)}b` }])
    await refused(given(deep, 'zip', { limits: { entries: 60 } }), /more than 60 entries/)
    await refused(given(many, 'zip', { root: 'f1' }), /outside of its one directory f1/)
    await refused(given(many, 'zip', { root: true }), /outside of its one directory/)
  })
})

describe('what only unpacking can show leaves nothing behind:', () => {
  test.each<readonly [string, Buffer]>([
    ['a file larger than was said', zipOf([{ name: 'a', content: Buffer.alloc(900_000, 'ab'), size: 900 }])],
    ['a file smaller than was said', zipOf([{ name: 'a', content: 'abc', size: 4 }])],
    [
      'bytes that are no deflate',
      zipOf([{ name: 'a', content: '\xff\xff\xff\xff', stored: true, method: 8 }]),
    ],
  ])('%s', async (_name, bytes) => refused(given(bytes, 'zip'), /unarchive on here exited 3/))

  test('another name before the content writes nothing outside', async () => {
    const bytes = zipOf([{ name: 'a/x', localName: '../../evil', content: 'x' }])
    const input = given(bytes, 'zip')
    const done = await perform(local, unarchive(input)).catch(() => undefined)
    expect(readdirSync(dir).filter((name) => name !== 'a.zip' && name !== 'new')).toEqual([])
    if (done !== undefined) expect(readFileSync(join(dir, 'new/a/x'), 'utf8')).toBe('x')
  })
})

test('zip64, in the directory and at the end, is read as unzip reads it', async () => {
  const bytes = zipOf([{ name: 'd/a', content: 'abc', large: true }], { large: true })
  const { out } = await perform(local, unarchive(given(bytes, 'zip')))
  expect(out).toMatchObject({ entries: 2, bytes: 3 })
  expect(readFileSync(join(dir, 'new/d/a'), 'utf8')).toBe('abc')
})

const entry = (given: Partial<TreeEntry> & { readonly path: string }, content = ''): Buffer => {
  const bytes = Buffer.from(content)
  const full = { kind: 'file', mode: 0o644, mtime: 0, size: bytes.length, ...given } as TreeEntry
  return Buffer.concat([tarHeader(full), bytes, tarPadding(bytes.length)])
}

/** The header with another type, and where it leads. */
function typed(type: string, path: string, link = '', mode = 0o644): Buffer {
  const bytes = Buffer.from(entry({ path, mode }))
  bytes.write(type, 156, 'latin1')
  bytes.write(link, 157, 'latin1')
  bytes.write(' '.repeat(8), 148, 'latin1')
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}
const tar = (...parts: readonly Buffer[]) => Buffer.concat([...parts, tarEnd])
const link = (path: string, target: string) => entry({ kind: 'link', path, target })

describe('a tar is refused before anything is written, with', () => {
  test.each<readonly [string, Buffer, RegExp]>([
    ['a way up', tar(entry({ path: '../evil' }, 'x')), /leads out/],
    ['an absolute name', tar(entry({ path: '/tmp/evil' }, 'x')), /leads out/],
    ['a link that leads up', tar(link('l', '../..')), /a link that leads out/],
    ['an absolute link', tar(link('l', '/etc')), /a link that leads out/],
    ['a name through a link', tar(link('l', 'd'), entry({ path: 'l/evil' }, 'x')), /it is in a link/],
    ['a link behind what is in it', tar(entry({ path: 'l/x' }), link('l', 'd')), /there twice/],
    ['a hard link', tar(entry({ path: 'a' }), typed('1', 'b', 'a')), /no file, directory or link/],
    ['a hard link out', tar(typed('1', 'b', '/etc/passwd')), /no file, directory or link/],
    ['a device', tar(typed('3', 'null')), /no file, directory or link/],
    ['a disk', tar(typed('4', 'sda')), /no file, directory or link/],
    ['a pipe', tar(typed('6', 'p')), /no file, directory or link/],
    ['set-user-ID', tar(entry({ path: 's', mode: 0o4755 })), /bits of another user/],
    ['set-group-ID', tar(entry({ path: 's', mode: 0o2755 })), /bits of another user/],
    ['a name twice', tar(entry({ path: 'a' }), entry({ path: 'a' })), /there twice/],
    ['a name twice by another way', tar(entry({ path: 'a' }), entry({ path: './a' })), /there twice/],
    ['a file in a file', tar(entry({ path: 'a' }), entry({ path: 'a/b' })), /it is in a file/],
    ['no end', Buffer.concat([entry({ path: 'a' }, 'x')]), /ends early|damaged/],
    ['other bytes', Buffer.alloc(10_240, 'x'), /damaged|not understood/],
  ])('%s', async (_name, bytes, why) => {
    await refused(given(bytes, 'tar'), why)
    await refused(given(gzipSync(bytes), 'tar.gz'), why)
  })

  test('a name that looks like another line', async () => {
    const evil = `a\nblock 9: ** Block of NULs **\nlrwxrwxrwx 0/0 0 1970-01-01 00:00:00 "l" -> "/etc"`
    const { out } = await perform(
      local,
      unarchive(given(tar(entry({ path: evil.replaceAll('/', '_') })), 'tar')),
    )
    expect(out).toMatchObject({ entries: 1 })
    expect(readdirSync(join(dir, 'new'))).toEqual([evil.replaceAll('/', '_')])
  })

  test('a bomb: by ratio, by size, by holes, by entries', async () => {
    const zeros = tar(entry({ path: 'a' }, '\0'.repeat(8_000_000)))
    await refused(given(gzipSync(zeros), 'tar.gz'), /would become 8000000/)
    await refused(
      given(gzipSync(zeros), 'tar.gz', { limits: { bytes: 7_000_000 } }),
      /more than 7000000 bytes/,
    )
    await refused(
      given(gzipSync(Buffer.alloc(9_000_000)), 'tar.gz', { limits: { bytes: 1, entries: 1 } }),
      /damaged, or larger/,
    )
    execFileSync('sh', ['-c', 'truncate -s 20G hole && tar -Scf a.tar hole && rm hole'], { cwd: dir })
    await refused(given(readFileSync(join(dir, 'a.tar')), 'tar'), /more than \d+ bytes/)
    const many = tar(...Array.from({ length: 30 }, (_, n) => entry({ path: `f${n}` })))
    await refused(given(many, 'tar', { limits: { entries: 29 } }), /more than 29 entries/)
    await refused(given(many, 'tar', { limits: { entries: 5 } }), /more than 5 entries/)
  })
})

test('another digest, a kind that nobody told, a digest that is none, a name that is taken, no directory above', async () => {
  const input = given(zipOf([{ name: 'a' }]), 'zip')
  await refused({ ...input, sha256: '0'.repeat(64) }, /has another SHA-256/)
  await refused({ ...input, sha256: '' }, /needs the SHA-256/)
  await refused({ ...input, src: join(dir, 'none.zip') }, /is no file/)
  await refused({ ...input, src: join(dir, 'a.rar') }, /say `format`/)
  await refused({ ...input, dest: join(dir, 'no/new') }, /no directory: make it first/)
  mkdirSync(join(dir, 'new'))
  await refused(input, /exists, and is not .* what the archive holds/)
})

test('cut anywhere, an archive is refused, though its digest is that of what is left', async () => {
  let accepted = 0
  let cuts = 0
  for (const kind of ['zip', 'tar', 'tar.gz', 'tar.zst'] as const) {
    pack(dir, kind)
    const src = join(dir, `a b.${kind}`)
    const whole = readFileSync(src)
    const { names } = await list(local.on, { src, sha256: sumOf(src), format: kind })
    const last = whole.length - 1
    // A tar is padded with zeros behind its end: cut there, it is whole.
    const end = kind === 'tar' ? whole.toString('latin1').replace(/\0+$/, '').length : last
    const offsets = [
      0,
      1,
      Math.min(512, last),
      Math.min(1024, last),
      end,
      ...Array.from({ length: 15 }, () => randomInt(end)),
    ]
    for (const offset of offsets) {
      cuts += 1
      writeFileSync(src, whole.subarray(0, offset))
      const said = await list(local.on, { src, sha256: sumOf(src), format: kind }).catch(() => undefined)
      if (said !== undefined) accepted += 1
      expect(said?.names, `${kind} cut at ${offset}`).not.toBe(names)
    }
    rmSync(src)
  }
  expect([accepted, cuts]).toEqual([0, 80])
})

test('an unpacking that was broken off in another run is swept by the next', async () => {
  const input = given(zipOf([{ name: 'a', content: 'x' }]), 'zip')
  const first = await perform(local, unarchive(input))
  await first.undo()
  const { partOf } = await import('../../src/modules/archives/mark.ts')
  mkdirSync(join(partOf(input.dest), 'tree'), { recursive: true })
  await perform(local, unarchive(input))
  expect(readdirSync(dir).toSorted()).toEqual(['a.zip', 'new'])
  expect(statSync(join(dir, 'new')).mode & 0o777).toBe(0o755)
})

test('broken off between its two moves, it is gone on with, and taken back', async () => {
  const input = given(zipOf([{ name: 'a', content: 'x' }]), 'zip', { replace: true })
  mkdirSync(join(dir, 'new/old'), { recursive: true })
  const before = seen(dir)
  const { work } = unarchive(input)
  if (work.kind !== 'change' || typeof work.undo !== 'function') throw new Error('it is no change')
  const memory = (await work.remember?.(local.on, input)) ?? null
  renameSync(join(dir, 'new'), join(dir, 'new.aside-run-1'))
  const on: LocalOn['on'] = { ...local.on, job: (name, ...rest) => local.on.job(`${name}-moves`, ...rest) }
  await work.apply(on, input, memory)
  expect(readdirSync(dir).toSorted()).toEqual(['a.zip', 'new', 'new.aside-run-1'])
  await work.undo(local.on, input, memory)
  expect(seen(dir)).toBe(before)
  renameSync(join(dir, 'new'), join(dir, 'new.aside-run-1'))
  await work.undo(local.on, input, memory)
  expect(seen(dir)).toBe(before)
})

test('what was changed since is found, and by undo moved aside', async () => {
  const input = given(zipOf([{ name: 'a', content: 'x' }]), 'zip')
  const made = await perform(local, unarchive(input))
  writeFileSync(join(dir, 'new/a'), 'another')
  await expect(perform(local, unarchive(input))).rejects.toThrow(/not any more/)
  expect((await perform(local, unarchive({ ...input, verify: 'mark' }))).changed).toBe(false)
  await made.undo()
  expect(readdirSync(dir).toSorted()).toEqual(['a.zip', 'new.aside-run-1'])
  expect(local.said.at(-1)).toMatch(/it is now beside it/)
})

test('without unzip the jar of a JDK unpacks, and programs stay programs; without either it is said', async () => {
  pack(dir, 'zip')
  const src = join(dir, 'a b.zip')
  const input = { src, sha256: sumOf(src), dest: join(dir, 'new'), root: true } as const
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  const tools =
    'sh stat ls mkdir rm mv cat head tail sha256sum cut sort xargs find grep sed ln id base64 tr dirname readlink chmod sync printf mktemp cp du setsid date ps sleep'
  for (const tool of [...tools.split(' '), 'jar']) {
    const path = execFileSync('sh', ['-c', `readlink -f "$(command -v ${tool})"`], {
      encoding: 'utf8',
    }).trim()
    if (path.startsWith('/')) execFileSync('ln', ['-s', path, join(bin, tool)])
  }
  const without = { ...local, on: withPath(local, bin) }
  const { out } = await perform(without, unarchive(input))
  expect(out.entries).toBe(5)
  expect(statSync(join(dir, 'new/bin/run.sh')).mode & 0o777).toBe(0o755)
  rmSync(join(bin, 'jar'))
  await expect(perform(without, unarchive({ ...input, dest: join(dir, 'b') }))).rejects.toThrow(
    /unzip, or the jar of a JDK on the PATH, is needed/,
  )
  const zst = { ...input, src: join(dir, 'x.tar.zst') }
  writeFileSync(zst.src, '')
  await expect(perform(without, unarchive({ ...zst, dest: join(dir, 'b') }))).rejects.toThrow(
    /GNU tar is needed/,
  )
})

/** The same machine where only these programs are. */
const withPath = ({ on }: LocalOn, path: string): LocalOn['on'] => ({
  ...on,
  exec: (command, options) => on.exec(command, { ...options, env: { PATH: path } }),
  must: (command, options) => on.must(command, { ...options, env: { PATH: path } }),
  job: (name, command, options) => on.job(name, command, { ...options, env: { PATH: path } }),
})
