import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { change, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask } from '../target.ts'
import { look } from './look.ts'
import { beforeOf } from './rewrite.ts'

/** A small file as it is. What is no UTF-8 has no `text`. */
export type Slurped = {
  readonly path: string
  readonly size: number
  readonly sha256: string
  readonly text?: string
  readonly base64?: string
}

/** Reads a file of at most 1 MiB. The journal keeps what was read: nothing for files with secrets. */
export const slurp = observe(
  'file.slurp',
  async (on, { path }: { readonly path: string }): Promise<Slurped> => {
    const found = await look(on, path, { follow: true, want: 'nothing' })
    if (found.kind !== 'file') throw new TaskError(`${path} on ${on.name} is no file (${found.kind})`)
    if (found.size > 1024 * 1024)
      throw new TaskError(`${path} on ${on.name} has more than 1 MiB: use file.fetch`)
    const { bytes = Buffer.alloc(0) } = await look(on, path, { follow: true, want: 'bytes' })
    const { text, encoding } = beforeOf(bytes)
    return {
      path,
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      ...(encoding === 'utf8' ? { text } : { base64: bytes.toString('base64') }),
    }
  },
)

type FetchInput = {
  /** Absolute path of a file of the machine. */
  readonly src: string
  /** A directory of the controller, below which the file gets `HOST/its/path`; with `flat` the file itself. */
  readonly dest: string
  readonly flat?: boolean | undefined
  /** Refuse if it has another SHA-256 (hexadecimal). */
  readonly sha256?: string | undefined
}

type Fetched = { readonly dest: string; readonly sha256: string }

/** Before-images of the controller: what stood there is renamed, and directories that were made are named. */
type Before = {
  readonly aside: string | null
  readonly made: readonly string[]
  readonly sha256: string | null
}

/**
 * Brings a file of the machine to the controller, proved by its SHA-256, mode 0600. Undo removes it again, or brings back
 * what stood there.
 */
export const fetch = change<FetchInput, Fetched, Before>('file.fetch', {
  async check(on, input) {
    const sha256 = await digestThere(on, input)
    const dest = placeHere(on.name, input)
    return (await digestHere(dest)) === sha256 ? { dest, sha256 } : undefined
  },
  async remember(on, input) {
    const dest = placeHere(on.name, input)
    const sha256 = await digestHere(dest)
    const made: string[] = []
    for (let at = dirname(dest); (await stat(at).catch(() => undefined)) === undefined; at = dirname(at))
      made.push(at)
    return { aside: sha256 === null ? null : `${dest}.before-${on.run}`, made, sha256 }
  },
  async apply(on, input, before) {
    const dest = placeHere(on.name, input)
    await mkdir(dirname(dest), { recursive: true, mode: 0o700 })
    const temporary = join(dirname(dest), `.upgrade-fleet-${randomBytes(9).toString('hex')}`)
    // Open before anything is asked for: a stream that opens by itself may make the file after it was removed.
    const made = await open(temporary, 'wx', 0o600)
    const sink = made.createWriteStream()
    try {
      const stored = await on.get(input.src, sink)
      if (input.sha256 !== undefined && stored.sha256 !== input.sha256)
        throw new TaskError(`${input.src} on ${on.name} has another SHA-256 than was given: ${stored.sha256}`)
      const file = await open(temporary)
      await file.sync().finally(() => file.close())
      if (before.aside !== null && (await digestHere(before.aside)) === null) await rename(dest, before.aside)
      await rename(temporary, dest)
      return { dest, sha256: stored.sha256 }
    } finally {
      sink.destroy()
      await made.close()
      await rm(temporary, { force: true })
    }
  },
  async undo(on, input, { aside, made, sha256 }) {
    const dest = placeHere(on.name, input)
    if (aside !== null) {
      if ((await digestHere(aside)) === sha256) await rename(aside, dest)
      return
    }
    await rm(dest, { force: true })
    for (const directory of made) await rmdir(directory).catch(() => undefined)
  },
})

/** The path here. A host's name and its path never lead out of the directory. */
function placeHere(host: string, { src, dest, flat = false }: FetchInput): string {
  if (flat) return dest
  return join(dest, host.replaceAll('/', '_').replace(/^\.+$/, '_'), normalize(src).replace(/^\/+/, ''))
}

async function digestThere(on: Parameters<typeof ask>[0], { src }: FetchInput): Promise<string> {
  const { code, stdout, stderr } = await ask(on, sh.read`[ -f ${src} ] && sha256sum <${src}`, {
    timeout: 3600,
  })
  if (code !== 0)
    throw new TaskError(
      `${src} on ${on.name} is no file that can be read`,
      stderr === '' ? [] : [stderr.trim()],
    )
  return stdout.slice(0, 64)
}

async function digestHere(path: string): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  return hash.digest('hex')
}
