import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { encode } from '../model/charset.ts'
import type { Source } from '../model/connection.ts'
import { isSecret, reveal, type SecretStore } from '../model/secret.ts'

/** A source that can be read any number of times, as long as it does not change. */
export interface Opened {
  readonly size: number
  /** Everything, where it is in memory. */
  readonly bytes?: Buffer
  /** Whether secrets are in it: nothing of it stays on a machine but the file itself. */
  readonly secret?: boolean
  /** Reads from `at` on, which is the offset that was asked for, or the beginning where it cannot be skipped to. */
  open(offset: number): { readonly stream: Readable; readonly at: number }
}

const readSize = 512 * 1024

/** Looks at a source; secrets are revealed. */
export async function opened(source: Source, secrets: SecretStore): Promise<Opened> {
  if ('stream' in source) return { size: source.size, open: () => ({ stream: source.stream(), at: 0 }) }
  if ('file' in source) {
    const { size } = await stat(source.file)
    const open = (at: number) => ({
      stream: createReadStream(source.file, { highWaterMark: readSize, start: at }),
      at,
    })
    return { size, open }
  }
  const bytes =
    'text' in source
      ? encode(reveal(source.text, secrets), source.charset ?? 'UTF-8')
      : Buffer.from(source.bytes)
  const open = (at: number) => ({
    stream: Readable.from([bytes.subarray(at)], { objectMode: false }),
    at,
  })
  const secret = 'text' in source && typeof source.text !== 'string' && source.text.some(isSecret)
  return { size: bytes.length, bytes, secret, open }
}

/** The SHA-256 of bytes, hexadecimal. */
export const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
