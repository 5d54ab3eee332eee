import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { change, type On, observe } from '../../model/action.ts'
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

/**
 * Reads a file of at most 1 MiB. The journal keeps what was read: nothing for files with secrets.
 *
 * @example
 * file.slurp({ path: '/srv/app/app.conf' })
 */
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
 * what stood there; what is neither that nor what the machine has is moved aside, which is said.
 *
 * @example
 * file.fetch({ src: '/srv/app/app.conf', dest: '/srv/app/brought' })
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
    const task = createHash('sha256').update(on.task).digest('hex').slice(0, 8)
    return { aside: sha256 === null ? null : `${dest}.before-${on.run}-${task}`, made, sha256 }
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
      const directory = await open(dirname(dest))
      await directory.sync().finally(() => directory.close())
      return { dest, sha256: stored.sha256 }
    } finally {
      sink.destroy()
      await made.close()
      await rm(temporary, { force: true })
    }
  },
  async undo(on, input, { aside, made, sha256 }) {
    const dest = placeHere(on.name, input)
    if (aside !== null && (await digestHere(aside)) !== sha256) return
    await spareTheirs(on, input, sha256)
    if (aside !== null) return rename(aside, dest)
    await rm(dest, { force: true })
    for (const directory of made) await rmdir(directory).catch(() => undefined)
  },
})

/** Moves aside what stands here, unless it is what stood there before or what the machine has. */
async function spareTheirs(on: On, input: FetchInput, before: string | null): Promise<void> {
  const dest = placeHere(on.name, input)
  const is = await digestHere(dest)
  if (is === null || is === before) return
  // Where it cannot be asked this throws, so that undo is done again: only a file that is gone counts as another.
  const there = await answerThere(on, input)
  if (there.code === 0 && is === there.stdout.slice(0, 64)) return
  const name = `${dest}.aside-${on.run}`
  let free = name
  for (let number = 1; (await lstat(free).catch(() => undefined)) !== undefined; number += 1)
    free = `${name}.${number}`
  await rename(dest, free)
  on.say(
    `${dest} is not what ${on.name} has; it may have been changed here after this run, and is now ${free}`,
  )
}

/** The path here. A host's name and its path never lead out of the directory. */
function placeHere(host: string, { src, dest, flat = false }: FetchInput): string {
  if (flat) return dest
  return join(dest, host.replaceAll('/', '_').replace(/^\.+$/, '_'), normalize(src).replace(/^\/+/, ''))
}

const answerThere = (on: On, { src }: FetchInput) =>
  ask(on, sh.read`[ -f ${src} ] && sha256sum <${src}`, { timeout: 3600 })

async function digestThere(on: On, input: FetchInput): Promise<string> {
  const { code, stdout, stderr } = await answerThere(on, input)
  if (code !== 0)
    throw new TaskError(
      `${input.src} on ${on.name} is no file that can be read`,
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
