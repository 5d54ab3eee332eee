import { TaskError } from '../../model/errors.ts'
import type { Listed } from './listing.ts'

const [endMark, locatorMark, end64Mark, entryMark] = [0x06054b50, 0x07064b50, 0x06064b50, 0x02014b50]
const none16 = 0xffff
const none32 = 0xffffffff
/** An end without zip64 and with the longest comment. */
export const longestEnd = 22 + 0xffff + 20 + 56

/** Where a zip's directory lies. */
export interface Directory {
  readonly offset: number
  readonly size: number
  readonly entries: number
}

const damaged = (what: string): never => {
  throw new TaskError(`the zip is damaged, or made to be read in two ways: ${what}`)
}

/**
 * Finds the directory of a zip in its last bytes ({@link longestEnd} of them, or all). What is behind its end, or between
 * its directory and its end, is refused, since programs that read a zip look for its end in ways of their own.
 */
export function findDirectory(tail: Buffer, fileSize: number): Directory {
  const from = fileSize - tail.length
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(endMark)
  const at = tail.lastIndexOf(mark)
  if (at < 0 || at + 22 > tail.length) throw new TaskError('the file is no zip, or ends early')
  if (at + 22 + tail.readUInt16LE(at + 20) !== tail.length) damaged('it does not end where it says')
  if (tail.readUInt16LE(at + 4) !== 0 || tail.readUInt16LE(at + 6) !== 0) damaged('it is one part of several')
  const plain = {
    entries: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  }
  if (tail.readUInt16LE(at + 8) !== plain.entries) damaged('its directory has two lengths')
  const isLarge = at >= 20 && tail.readUInt32LE(at - 20) === locatorMark
  if (!isLarge) {
    if (plain.offset + plain.size !== from + at) damaged('something is beside its directory')
    return plain
  }
  const there = Number(tail.readBigUInt64LE(at - 12)) - from
  if (there !== at - 20 - 56 || there < 0 || tail.readUInt32LE(there) !== end64Mark)
    damaged('its end of 64 bits is elsewhere')
  if (tail.readBigUInt64LE(there + 4) !== 44n) damaged('its end of 64 bits has another length')
  const large = {
    entries: Number(tail.readBigUInt64LE(there + 32)),
    size: Number(tail.readBigUInt64LE(there + 40)),
    offset: Number(tail.readBigUInt64LE(there + 48)),
  }
  const agree = (a: number, b: number, none: number) => a === none || a === b
  if (
    !agree(plain.entries, large.entries, none16) ||
    !agree(plain.size, large.size, none32) ||
    !agree(plain.offset, large.offset, none32)
  )
    damaged('its two ends say different things')
  if (large.offset + large.size !== from + there) damaged('something is beside its directory')
  return large
}

/**
 * Reads the directory of a zip. Throws {@link TaskError} for what is encrypted, packed in a way that not every program
 * knows, a link or device, or has two names; and where entries lie over one another, as those of a bomb do.
 */
export function readDirectory(bytes: Buffer, { offset, entries }: Directory): readonly Listed[] {
  const listed: Listed[] = []
  const places: (readonly [number, number])[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== entryMark) damaged('an entry of its directory')
    const [nameLength, extraLength] = [bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30)]
    const next = at + 46 + nameLength + extraLength + bytes.readUInt16LE(at + 32)
    if (next > bytes.length) damaged('an entry of its directory')
    const name = bytes.subarray(at + 46, at + 46 + nameLength)
    const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
    const entry = entryOf(bytes.subarray(at, at + 46), name, extra)
    listed.push(entry.listed)
    places.push([entry.from, entry.from + 30 + nameLength + entry.packed])
    at = next
  }
  if (listed.length !== entries) damaged('its directory has another number of entries')
  places.sort((a, b) => a[0] - b[0])
  let free = 0
  for (const [from, to] of places) {
    if (from < free) damaged('its entries lie over one another')
    if (free === 0 && from !== 0) damaged('something is before its first entry')
    free = to
  }
  if (free > offset || (places.length === 0 && offset !== 0)) damaged('its entries lie over its directory')
  return listed
}

function entryOf(
  head: Buffer,
  name: Buffer,
  extra: Buffer,
): { readonly listed: Listed; readonly from: number; readonly packed: number } {
  const path = name.toString('latin1')
  const refuse = (why: string): never => {
    throw new TaskError(`the archive holds ${JSON.stringify(name.toString())}: ${why}`)
  }
  const flags = head.readUInt16LE(8)
  const method = head.readUInt16LE(10)
  if ((flags & 0x2041) !== 0) refuse('it is encrypted')
  if ((flags & 0x0020) !== 0 || (method !== 0 && method !== 8)) refuse(`it is packed by method ${method}`)
  // Some programs take a backslash for a slash.
  if (path.includes('\\')) refuse('a name with a backslash')
  if (path === '') refuse('it has no name')
  const { size, packed, from } = numbersOf(head, name, extra)
  if (method === 0 ? size !== packed : size > 1040 * packed + 1024) refuse('it has two sizes')
  const bits = head.readUInt16LE(40)
  const type = bits >> 12
  const isDirectory = path.endsWith('/')
  if (type !== 0 && type !== 0o10 && type !== 0o4) refuse('it is a link or a device')
  if (type !== 0 && isDirectory !== (type === 0o4)) refuse('it is a file and a directory')
  if (isDirectory && size !== 0) refuse('it is a directory with content')
  const mode = type === 0 ? (isDirectory ? 0o755 : 0o644) : bits & 0o7777
  return { listed: { kind: isDirectory ? 'directory' : 'file', path, mode, size }, from, packed }
}

function numbersOf(head: Buffer, name: Buffer, extra: Buffer) {
  if (head.readUInt16LE(34) !== 0) damaged('it is one part of several')
  let size = head.readUInt32LE(24)
  let packed = head.readUInt32LE(20)
  let from = head.readUInt32LE(42)
  let isLarge = false
  for (let at = 0; at < extra.length; ) {
    if (at + 4 > extra.length) return damaged('what an entry has beside its name')
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)]
    const field = extra.subarray(at + 4, at + 4 + length)
    if (field.length !== length) return damaged('what an entry has beside its name')
    at += 4 + length
    // A second name that some programs use and others do not.
    if (id === 0x7075 && !field.subarray(5).equals(name)) return damaged('an entry has two names')
    if (id !== 1) continue
    if (isLarge) return damaged('an entry has two sizes')
    isLarge = true
    let next = 0
    const large = (small: number): number => {
      if (small !== none32) return small
      if (next + 8 > field.length) return damaged('an entry has no size')
      next += 8
      return Number(field.readBigUInt64LE(next - 8))
    }
    size = large(size)
    packed = large(packed)
    from = large(from)
  }
  if (!isLarge && [size, packed, from].includes(none32)) return damaged('an entry has no size')
  if (![size, packed, from].every(Number.isSafeInteger)) return damaged('an entry has no size')
  return { size, packed, from }
}
