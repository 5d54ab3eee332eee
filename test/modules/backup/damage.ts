import { readFileSync, writeFileSync } from 'node:fs'

/** Numbers that look random, the same for the same seed (xorshift). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Where a file may be cut: at 0, 1, its last byte, the boundaries of its structure, and 50 offsets by the seed. */
export function cutsOf(length: number, boundaries: readonly number[], seed: number): readonly number[] {
  const random = randomOf(seed)
  const some = Array.from({ length: 50 }, () => random(length))
  const all = [0, 1, length - 1, ...boundaries, ...some].filter((at) => at >= 0 && at < length)
  return [...new Set(all)].sort((a, b) => a - b)
}

/** One damaged form of a file. */
export interface Damage {
  readonly what: string
  readonly bytes: Buffer
}

/** The file cut at each of these, and with one bit flipped at each. */
export function* damages(whole: Buffer, cuts: readonly number[], seed: number): Generator<Damage> {
  const random = randomOf(seed)
  for (const at of cuts) {
    yield { what: `cut at ${at} of ${whole.length}`, bytes: whole.subarray(0, at) }
    const bit = random(8)
    const bytes = Buffer.from(whole)
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at)
    yield { what: `bit ${bit} of byte ${at} of ${whole.length} flipped`, bytes }
  }
}

/** Tries damaged forms of a file of the machine; says how many there were and which were accepted, and leaves the file whole. */
export async function corpus(
  file: string,
  forms: Iterable<Damage>,
  accepts: () => Promise<unknown>,
): Promise<{ readonly tried: number; readonly accepted: readonly string[] }> {
  const whole = readFileSync(file)
  const accepted: string[] = []
  let tried = 0
  for (const { what, bytes } of forms) {
    writeFileSync(file, bytes)
    tried += 1
    try {
      await accepts()
      accepted.push(what)
    } catch {
      // Refused, as it must be.
    }
  }
  writeFileSync(file, whole)
  return { tried, accepted }
}

/** Where the entries of a plain tar begin, their content ends, and the end of the archive begins. */
export function tarBoundaries(plain: Buffer): readonly number[] {
  const found: number[] = []
  let at = 0
  while (at + 512 <= plain.length && plain[at] !== 0) {
    const size = Number.parseInt(plain.toString('latin1', at + 124, at + 135), 8)
    found.push(at, at + 512, at + 512 + size)
    at += 512 + Math.ceil(size / 512) * 512
  }
  return [...found, at, at + 512]
}

/** Where statements of SQL begin and end: at the ends of lines. */
export const lineBoundaries = (plain: Buffer): readonly number[] => starts(plain, '\n').map((at) => at + 1)

/** Where revisions, nodes and their contents begin in a dump of Subversion. */
export const svnBoundaries = (plain: Buffer): readonly number[] =>
  ['Revision-number: ', 'Node-path: ', 'PROPS-END\n', '\n\n'].flatMap((mark) =>
    starts(plain, mark).flatMap((at) => [at, at + mark.length]),
  )

/** Where the parts of a zip begin. */
export const zipBoundaries = (whole: Buffer): readonly number[] =>
  ['PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06'].flatMap((mark) => starts(whole, mark))

/** The end of gzip's header, and of what was compressed. */
export const gzipBoundaries = (whole: Buffer): readonly number[] => [
  2,
  10,
  whole.length - 8,
  whole.length - 4,
]

function starts(bytes: Buffer, mark: string): number[] {
  const found: number[] = []
  for (let at = bytes.indexOf(mark, 0, 'latin1'); at >= 0; at = bytes.indexOf(mark, at + 1, 'latin1'))
    found.push(at)
  return found
}
