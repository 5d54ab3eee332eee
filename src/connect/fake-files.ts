import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { encode } from '../model/charset.ts'
import type { PutOptions, Source, Stored } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { reveal, type SecretStore } from '../model/secret.ts'

/** A file of a fake machine. */
export interface FakeFile {
  readonly bytes: Buffer
  readonly mode: number
  readonly owner?: string
  readonly group?: string
}

/** The files of a fake machine. */
export interface FakeFiles {
  readonly content: Map<string, FakeFile>
  readonly directories: Set<string>
  put(
    host: string,
    secrets: SecretStore,
    broken: AbortSignal,
    source: Source,
    path: string,
    options?: PutOptions,
    /** Called before the name appears; throws to prevent it. */
    last?: () => void,
  ): Promise<Stored>
  get(host: string, path: string, sink: Writable, from?: number): Promise<Stored>
}

/** Files in memory, those given and their directories first. */
export function fakeFiles(initial: Readonly<Record<string, string | Uint8Array>>): FakeFiles {
  const content = new Map<string, FakeFile>()
  const cache = new Map<string, Buffer>()
  const directories = new Set(['/', '/tmp', '/root'])
  for (const [path, text] of Object.entries(initial)) {
    content.set(path, { bytes: Buffer.from(text), mode: 0o644 })
    for (let parent = parentOf(path); !directories.has(parent); parent = parentOf(parent))
      directories.add(parent)
  }
  const error = (host: string, path: string, why: string) =>
    new ConnectionError(host, 'io', `${host}: ${path} ${why}`)
  return {
    content,
    directories,
    put: async (
      host,
      secrets,
      broken,
      source,
      path,
      { mode = 0o600, owner, group, ...options } = {},
      last = () => undefined,
    ) => {
      mustBeAbsolute(path)
      const bytes = cache.get(options.sha256?.toLowerCase() ?? '') ?? (await bytesOf(source, secrets))
      if (options.signal?.aborted)
        throw new ConnectionError(host, 'refused', `${host}: ${path} could not be stored: cancelled`)
      if (broken.aborted)
        throw new ConnectionError(host, 'lost', `${host}: ${path} could not be stored: connection lost`)
      const size = 'stream' in source ? source.size : bytes.length
      const stored = storedOf(bytes)
      if (size !== bytes.length)
        throw error(host, path, `could not be stored: ${bytes.length} of ${size} bytes`)
      if (options.sha256 !== undefined && options.sha256.toLowerCase() !== stored.sha256)
        throw error(host, path, `could not be stored: its SHA-256 is ${stored.sha256}, not ${options.sha256}`)
      if (!directories.has(parentOf(path)))
        throw error(host, path, `could not be stored: there is no directory ${parentOf(path)}`)
      if (directories.has(path)) throw error(host, path, 'could not be stored: it is a directory')
      if (options.exclusive && content.has(path))
        throw new ConnectionError(host, 'refused', `${host}: ${path} exists already`)
      last()
      content.set(path, {
        bytes,
        mode,
        ...(owner !== undefined && { owner }),
        ...(group !== undefined && { group }),
      })
      if (options.cache) cache.set(stored.sha256, bytes)
      options.onProgress?.(size, size)
      return stored
    },
    get: async (host, path, sink, from = 0) => {
      mustBeAbsolute(path)
      const file = content.get(path)
      if (file === undefined) {
        sink.destroy()
        throw error(host, path, 'could not be read: No such file or directory')
      }
      await new Promise<void>((resolve, reject) =>
        sink.once('error', reject).end(file.bytes.subarray(from), () => resolve()),
      )
      return storedOf(file.bytes.subarray(from))
    },
  }
}

function mustBeAbsolute(path: string): void {
  if (!path.startsWith('/') || path.includes('\0'))
    throw new TypeError(`A path on a machine must be absolute, got "${path}".`)
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function storedOf(bytes: Buffer): Stored {
  return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

async function bytesOf(source: Source, secrets: SecretStore): Promise<Buffer> {
  if ('text' in source) return encode(reveal(source.text, secrets), source.charset ?? 'UTF-8')
  if ('bytes' in source) return Buffer.from(source.bytes)
  if ('file' in source) return readFile(source.file)
  const chunks: Buffer[] = []
  for await (const chunk of source.stream()) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
