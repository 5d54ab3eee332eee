import { createHash } from 'node:crypto'
import { TaskError } from '../model/errors.ts'

/** What a tree may hold. Names are bytes, each a character (latin1): a file system knows no encoding. */
export type TreeEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number; readonly mtime: number }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly mode: number
      readonly mtime: number
      readonly size: number
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string; readonly mtime: number }

const block = 512
const longestFile = 8 ** 11 - 1
const longestName = 16 * 1024
/** What is kept in memory of an archive whoever wrote it: far more than a home has. */
const mostEntries = 1_000_000
const mostNames = 64 * 1024 * 1024
const zeros = Buffer.alloc(64 * 1024)
const isZero = (bytes: Buffer): boolean => {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length)
    if (!part.equals(zeros.subarray(0, part.length))) return false
  }
  return true
}

const padding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block)

/** The header blocks of an entry, in GNU's format where a name is too long for one block. */
export function tarHeader(entry: TreeEntry): Buffer {
  const target = entry.kind === 'link' ? entry.target : ''
  const name = entry.kind === 'directory' ? `${entry.path}/` : entry.path
  return Buffer.concat([
    ...(target.length > 100 ? longName('K', target) : []),
    ...(name.length > 100 ? longName('L', name) : []),
    header(
      name.slice(0, 100),
      entry.kind === 'link' ? 0o777 : entry.mode,
      entry.kind === 'file' ? entry.size : 0,
      entry.mtime,
      { directory: '5', file: '0', link: '2' }[entry.kind],
      target.slice(0, 100),
    ),
  ])
}

/** What follows a file's bytes. */
export const tarPadding = padding
/** The end of an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * block)

function longName(type: 'K' | 'L', name: string): readonly Buffer[] {
  const bytes = Buffer.from(`${name}\0`, 'latin1')
  return [header('././@LongLink', 0o644, bytes.length, 0, type, ''), bytes, padding(bytes.length)]
}

function header(name: string, mode: number, size: number, mtime: number, type: string, link: string): Buffer {
  if (size > longestFile) throw new TaskError(`${name} has more than 8 GiB: a tree cannot hold it`)
  const bytes = Buffer.alloc(block)
  const octal = (value: number, at: number, digits: number) =>
    bytes.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1')
  bytes.write(name, 0, 'latin1')
  octal(mode, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(size, 124, 11)
  octal(Math.max(0, Math.floor(mtime)), 136, 11)
  bytes.write(' '.repeat(8), 148, 'latin1')
  bytes.write(type, 156, 'latin1')
  bytes.write(link, 157, 'latin1')
  bytes.write('ustar  \0', 257, 'latin1')
  bytes.write(`${sum(bytes).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}

function sum(bytes: Buffer): number {
  let total = 0
  for (const byte of bytes) total += byte
  return total
}

/** Reads an archive as it comes. */
export interface TarReader {
  /** Takes the next bytes; throws {@link TaskError} at the first thing that a tree may not hold. */
  take(chunk: Buffer): void
  /** Throws unless the archive has come to its end. */
  end(): void
}

/** What a reader of an archive tells: each entry, a file's bytes, and the SHA-256 of each file once it is whole. */
export interface TarListener {
  entry(entry: TreeEntry): void
  bytes?(chunk: Buffer): void
  file(path: string, sha256: string): void
}

/**
 * Reads an archive and refuses what does not belong into a tree: names that lead out of it or through a link, links that
 * lead out, devices, further names of a file, set-user-ID. What it tells of, an unpacker may make as it is.
 */
export function tarReader(listener: TarListener): TarReader {
  let held: Buffer = Buffer.alloc(0)
  let left = 0
  let pad = 0
  let over = false
  let count = 0
  let names = 0
  let into: ((chunk: Buffer) => void) | undefined
  let done: () => void = () => undefined
  let name: string | undefined
  let target: string | undefined
  const seen = new Map<string, TreeEntry['kind']>()
  const refuse = (path: string, why: string): never => {
    throw new TaskError(`the archive holds ${JSON.stringify(path)}: ${why}`)
  }

  const place = (given: string): string => {
    const path = given.replace(/^(\.\/)+/, '').replace(/\/+$/, '')
    if (path === '.' || path === '') return ''
    const parts = path.split('/')
    if (path.startsWith('/') || parts.some((part) => part === '' || part === '.' || part === '..'))
      refuse(given, 'a name that leads out of the tree')
    const parent = parts.slice(0, -1).join('/')
    if (parent !== '' && seen.get(parent) !== 'directory') refuse(given, 'it is in no directory of the tree')
    if (seen.has(path)) refuse(given, 'it is there twice')
    return path
  }

  const begin = (bytes: Buffer): void => {
    if (isZero(bytes)) {
      if (name !== undefined || target !== undefined) throw new TaskError('the archive is damaged')
      over = true
      return
    }
    // Where two programs read one header in two ways, what was looked at is not what is unpacked.
    const magic = bytes.toString('latin1', 257, 265)
    if (magic !== 'ustar  \0' && (magic !== 'ustar\u000000' || bytes[345] !== 0))
      throw new TaskError('the archive is not of a kind that is read here')
    const blank = Buffer.from(bytes)
    blank.fill(' ', 148, 156)
    if (number(bytes, 148, 8) !== sum(blank)) throw new TaskError('the archive is damaged')
    const type = bytes.toString('latin1', 156, 157)
    for (const at of [108, 116]) owner(bytes, at)
    const size = number(bytes, 124, 12)
    count += 1
    if (count > mostEntries) throw new TaskError(`the archive holds more than ${mostEntries} entries`)
    if (type === 'L' || type === 'K') {
      if (size > longestName || size < 2)
        throw new TaskError('the archive holds a name that is too long, or none')
      const parts: Buffer[] = []
      expect(
        size,
        (chunk) => void parts.push(chunk),
        () => {
          const text = Buffer.concat(parts).toString('latin1').replace(/\0.*$/s, '')
          if (type === 'L') name = text
          else target = text
        },
      )
      return
    }
    const given = name ?? text(bytes, 0, 100)
    const link = target ?? text(bytes, 157, 100)
    name = undefined
    target = undefined
    const mode = number(bytes, 100, 8) & 0o7777
    const mtime = number(bytes, 136, 12, true)
    const path = place(given)
    if (size > 0 && type !== '0') refuse(given, 'it has content, and is no file')
    if (path === '') {
      if (type !== '5') refuse(given, 'the tree itself is no directory')
      return
    }
    if (type !== '5' && given.endsWith('/')) refuse(given, 'it is no directory, and has the name of one')
    names += path.length + link.length
    if (names > mostNames) throw new TaskError(`the names in the archive have more than ${mostNames} bytes`)
    if (type === '2') {
      seen.set(path, 'link')
      if (!staysInside(path, link))
        refuse(given, `a link that leads out of the tree, to ${JSON.stringify(link)}`)
      listener.entry({ kind: 'link', path, target: link, mtime })
      return
    }
    if ((mode & 0o6000) !== 0) refuse(given, 'it has the bits of another user')
    if (type === '5') {
      seen.set(path, 'directory')
      listener.entry({ kind: 'directory', path, mode, mtime })
      return
    }
    if (type !== '0') refuse(given, 'it is no file, directory or link')
    seen.set(path, 'file')
    listener.entry({ kind: 'file', path, mode, mtime, size })
    const hash = createHash('sha256')
    expect(
      size,
      (chunk) => {
        hash.update(chunk)
        listener.bytes?.(chunk)
      },
      () => listener.file(path, hash.digest('hex')),
    )
  }

  const expect = (size: number, take: (chunk: Buffer) => void, then: () => void): void => {
    left = size
    pad = padding(size).length
    into = take
    done = then
    if (size === 0) finish()
  }
  const finish = () => {
    into = undefined
    done()
  }

  return {
    take: (chunk) => {
      let data = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      held = Buffer.alloc(0)
      while (data.length > 0) {
        if (over) {
          if (!isZero(data)) throw new TaskError('the archive goes on behind its end')
          return
        }
        if (into !== undefined) {
          const part = data.subarray(0, left)
          left -= part.length
          data = data.subarray(part.length)
          into(part)
          if (left === 0) finish()
        } else if (pad > 0) {
          const skipped = Math.min(pad, data.length)
          pad -= skipped
          data = data.subarray(skipped)
        } else if (data.length < block) {
          held = Buffer.from(data)
          return
        } else {
          begin(data.subarray(0, block))
          data = data.subarray(block)
        }
      }
    },
    end: () => {
      if (!over) throw new TaskError('the archive ends early')
    },
  }
}

function text(bytes: Buffer, at: number, length: number): string {
  return bytes.toString('latin1', at, at + length).replace(/\0.*$/s, '')
}

// Nobody is made an owner by it, but tar stops at a number that is no user's. GNU writes large ones in base 256.
function owner(bytes: Buffer, at: number): void {
  if ((bytes[at] ?? 0) < 0x80) return void number(bytes, at, 8)
  if (bytes[at] !== 0x80 || bytes.readUIntBE(at + 1, 3) !== 0) throw new TaskError('the archive is damaged')
}

function number(bytes: Buffer, at: number, length: number, signed = false): number {
  // GNU writes what octal digits cannot say, a time before 1970 too, in base 256; no size of ours is.
  const first = bytes[at] ?? 0
  if (first >= 0x80) {
    const value =
      first === 0xff ? bytes.readBigInt64BE(at + length - 8) : bytes.readBigUInt64BE(at + length - 8)
    const rest = bytes.subarray(at + 1, at + length - 8)
    const plain =
      signed &&
      length > 8 &&
      (first === 0x80 || first === 0xff) &&
      rest.every((byte) => byte === (first & 0x7f ? 0xff : 0))
    if (!plain || !Number.isSafeInteger(Number(value))) throw new TaskError('the archive is damaged')
    return Number(value)
  }
  const [, digits] = /^ *([0-7]*)[ \0]*$/.exec(bytes.toString('latin1', at, at + length)) ?? []
  if (digits === undefined) throw new TaskError('the archive is damaged')
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

/**
 * Whether a link stays in its tree, whatever other such links are on its way: it may go up only at its beginning, where the
 * directories are real ones.
 */
export function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/')) return false
  const parts = target.split('/').filter((part) => part !== '' && part !== '.')
  const up = parts.findIndex((part) => part !== '..')
  const ups = up < 0 ? parts.length : up
  return ups < path.split('/').length && !parts.slice(ups).includes('..')
}
