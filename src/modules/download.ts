import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
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
 * digest. Throws {@link ConnectionError}, or {@link TaskError} when the file is not there.
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
  let furthest = -1
  let anew = false
  for (let stalls = 0; ; ) {
    const have = await stat(part).then(
      (is) => is.size,
      () => 0,
    )
    if (have > size) await rm(part)
    const from = have > size ? 0 : have
    stalls = from > furthest ? 0 : stalls + 1
    furthest = Math.max(furthest, from)
    try {
      await machine.get(path, shown(part, from, size, onProgress), { from, ...(signal && { signal }) })
    } catch (error) {
      if (error instanceof ConnectionError && error.fault === 'lost' && stalls < mostStalls) continue
      throw error
    }
    if ((await digestOfFile(part)) === sha256) break
    await rm(part)
    if (anew) throw new ConnectionError(name, 'io', `${name}: ${path} changed while it was read`)
    anew = true
    furthest = -1
  }
  await synced(part)
  await rename(part, file)
  await synced(dirname(file))
  onProgress?.(size, size)
  return { size, sha256 }
}

function shown(
  part: string,
  from: number,
  size: number,
  onProgress: DownloadOptions['onProgress'],
): ReturnType<typeof createWriteStream> {
  const sink = createWriteStream(part, { flags: 'a', mode: 0o600 })
  if (onProgress === undefined) return sink
  let told = performance.now()
  sink.on('drain', () => {
    if (performance.now() - told < progressMs) return
    told = performance.now()
    onProgress(from + sink.bytesWritten, size)
  })
  return sink
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }))
    hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}
