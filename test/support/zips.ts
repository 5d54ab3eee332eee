import { crc32, deflateRawSync } from 'node:zlib'

/** An entry of a zip, with whatever lies a test wants in it. */
export interface ZipEntry {
  readonly name: string | Buffer
  readonly content?: string | Buffer
  /** Method 0 instead of 8. */
  readonly stored?: boolean
  /** Unix mode with type, into the upper half of the attributes. */
  readonly mode?: number
  readonly flags?: number
  readonly method?: number
  readonly extra?: Buffer
  /** What the directory says, instead of what is so. */
  readonly size?: number
  readonly packed?: number
  readonly offset?: number
  /** What the header before the content says. */
  readonly localName?: string
  /** Sizes and place as zip64 tells them. */
  readonly large?: boolean
}

/** What is wrong with a whole zip. */
export interface ZipLies {
  readonly before?: Buffer
  readonly comment?: Buffer
  readonly behind?: Buffer
  /** Something between directory and end. */
  readonly between?: Buffer
  readonly entries?: number
  readonly large?: boolean
}

const u16 = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(values.length * 2)
  for (const [at, value] of values.entries()) bytes.writeUInt16LE(value, at * 2)
  return bytes
}
const u32 = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, at * 4)
  return bytes
}
const u64 = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [at, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), at * 8)
  return bytes
}
const all = 0xffffffff

/** Makes a zip byte by byte. */
export function zipOf(entries: readonly ZipEntry[], lies: ZipLies = {}): Buffer {
  const parts: Buffer[] = lies.before === undefined ? [] : [lies.before]
  const directory: Buffer[] = []
  let at = lies.before?.length ?? 0
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? '')
    const data = entry.stored === true ? content : deflateRawSync(content)
    const name = Buffer.from(entry.name)
    const local = Buffer.from(entry.localName ?? entry.name)
    const [packed, size] = [entry.packed ?? data.length, entry.size ?? content.length]
    const about = Buffer.concat([
      u16(20, entry.flags ?? 0x0800, entry.method ?? (entry.stored === true ? 0 : 8), 0, 0x21),
      u32(crc32(content)),
    ])
    const offset = entry.offset ?? at
    const own = entry.extra ?? Buffer.alloc(0)
    const extra = entry.large === true ? Buffer.concat([u16(1, 24), u64(size, packed, offset), own]) : own
    parts.push(u32(0x04034b50), about, u32(data.length, content.length), u16(local.length, 0), local, data)
    at += 30 + local.length + data.length
    directory.push(
      u32(0x02014b50),
      u16(0x031e),
      about,
      entry.large === true ? u32(all, all) : u32(packed, size),
      u16(name.length, extra.length, 0, 0, 0),
      u32(((entry.mode ?? 0) << 16) >>> 0, entry.large === true ? all : offset),
      name,
      extra,
    )
  }
  const list = Buffer.concat(directory)
  const count = lies.entries ?? entries.length
  const end64 =
    lies.large === true
      ? [
          u32(0x06064b50),
          u64(44),
          u16(45, 45),
          u32(0, 0),
          u64(count, count, list.length, at),
          u32(0x07064b50, 0),
          u64(at + list.length),
          u32(1),
        ]
      : []
  const end =
    lies.large === true ? [u16(0xffff, 0xffff), u32(all, all)] : [u16(count, count), u32(list.length, at)]
  const comment = lies.comment ?? Buffer.alloc(0)
  return Buffer.concat([
    ...parts,
    list,
    lies.between ?? Buffer.alloc(0),
    ...end64,
    u32(0x06054b50),
    u16(0, 0),
    ...end,
    u16(comment.length),
    comment,
    lies.behind ?? Buffer.alloc(0),
  ])
}
