import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename, rm, statfs } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { sh } from '../model/command.ts'
import type { Connection, Stored } from '../model/connection.ts'
import { ConnectionError, TaskError } from '../model/errors.ts'

export interface DownloadOptions {
  readonly signal?: AbortSignal
  /** Called with the bytes that are here and the total, when a part has come and at the end. */
  readonly onProgress?: (done: number, total: number) => void
}

const mostStalls = 4
const progressMs = 250
const longest = 24 * 3600

/**
 * Brings a file of a machine to a path here: what is cut goes on from what has come, now or in a later call for the same
 * content, and the name appears when the SHA-256 of the whole is the machine's. The part lies beside it, named by its
 * digest, and is held open. Not a byte more than the machine announced is taken, and nothing where it has no room. Throws
 * {@link ConnectionError}, or {@link TaskError} when the file is not there or has no room here.
 */
export async function download(
  machine: Pick<Connection, 'endpoint' | 'exec' | 'get'>,
  path: string,
  file: string,
  { signal, onProgress }: DownloadOptions = {},
): Promise<Stored> {
  const { name } = machine.endpoint
  const said = await machine.exec(sh.read`stat -Lc %s -- ${path} && sha256sum <${path}`, {
    timeout: longest,
    ...(signal && { signal }),
  })
  const [, digits, sha256] = /^(\d+)\n([0-9a-f]{64}) /.exec(said.stdout) ?? []
  if (said.kind !== 'exit' || said.code !== 0 || digits === undefined || sha256 === undefined)
    throw new TaskError(`${name}: ${path} could not be read`, [said.stderr.trim()])
  const size = Number(digits)
  const part = `${file}.${sha256.slice(0, 16)}.part`
  const held = await ourPart(part)
  try {
    let furthest = -1
    let anew = false
    for (let stalls = 0; ; ) {
      const have = (await held.stat()).size
      if (have > size) await held.truncate(0)
      const from = have > size ? 0 : have
      await mustHaveRoom(file, size - from)
      stalls = from > furthest ? 0 : stalls + 1
      furthest = Math.max(furthest, from)
      try {
        await machine.get(path, into(held, from, size, onProgress), { from, ...(signal && { signal }) })
      } catch (error) {
        if (error instanceof ConnectionError && error.fault === 'lost' && stalls < mostStalls) continue
        throw error
      }
      if ((await digestOf(held)) === sha256) break
      await held.truncate(0)
      if (anew) throw new ConnectionError(name, 'io', `${name}: ${path} changed while it was read`)
      anew = true
      furthest = -1
    }
    await held.sync()
    if (!(await isStill(part, held)))
      throw new TaskError(`${part} is another file by now: who may write into that directory?`)
    await rename(part, file)
  } finally {
    if ((await held.stat()).size === 0) await rm(part, { force: true })
    await held.close()
  }
  const directory = await open(dirname(file))
  await directory.sync().finally(() => directory.close())
  onProgress?.(size, size)
  return { size, sha256 }
}

/** Opens a part to go on with it: one that another could have made, or can write to, is thrown away. */
async function ourPart(part: string): Promise<FileHandle> {
  const { O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
  const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
  const left = await open(part, flags, 0o600).catch(() => undefined)
  if (left !== undefined) {
    const is = await left.stat()
    const isOurs = is.isFile() && is.uid === userInfo().uid && is.nlink === 1 && (is.mode & 0o077) === 0
    if (isOurs) return left
    await left.close()
  }
  await rm(part, { force: true })
  return open(part, flags | O_EXCL, 0o600)
}

async function isStill(path: string, held: FileHandle): Promise<boolean> {
  const [named, is] = await Promise.all([lstat(path).catch(() => undefined), held.stat()])
  return named?.ino === is.ino && named.dev === is.dev
}

async function mustHaveRoom(file: string, size: number): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(dirname(file))
  // A file system that counts no blocks cannot say.
  if (blocks > 0 && bavail * bsize < size)
    throw new TaskError(
      `${file}: No space left: it needs ${size} bytes more, and ${bavail * bsize} are free there`,
    )
}

function into(
  held: FileHandle,
  from: number,
  size: number,
  onProgress: DownloadOptions['onProgress'],
): Writable {
  let have = from
  let told = performance.now()
  return new Writable({
    highWaterMark: 1024 * 1024,
    write: (chunk: Buffer, _encoding, done) => {
      have += chunk.length
      if (have > size) return done(new Error(`it is longer than the ${size} bytes that were announced`))
      held.appendFile(chunk).then(() => done(), done)
      if (onProgress === undefined || performance.now() - told < progressMs) return
      told = performance.now()
      onProgress(have, size)
    },
  })
}

async function digestOf(held: FileHandle): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(256 * 1024)
  for (let at = 0; ; ) {
    const { bytesRead } = await held.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}
