import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  type FileHandle,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { TaskError } from '../model/errors.ts'
import { type Contents, type Manifest, manifestDigest, type Root } from './manifest.ts'
import { staysInside, type TreeEntry, tarEnd, tarHeader, tarPadding, tarReader } from './tar.ts'

const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1')
const inside = (root: string, path: string): Buffer => Buffer.concat([Buffer.from(`${root}/`), bytesOf(path)])

/** Reads a directory of the controller, the digests of its files too. Throws {@link TaskError} for what a tree may not hold. */
export async function readTree(root: string): Promise<Manifest> {
  const entries: TreeEntry[] = []
  const sums = new Map<string, string>()
  const is = await lstat(root)
  if (!is.isDirectory()) throw new TaskError(`${root} is no directory`)
  if ((is.mode & 0o6000) !== 0) throw new TaskError(`${root} has the bits of another user`)
  const walk = async (path: string): Promise<void> => {
    const names = await readdir(path === '' ? root : inside(root, path), { encoding: 'buffer' })
    for (const name of names.toSorted(Buffer.compare)) {
      const each = path === '' ? name.toString('latin1') : `${path}/${name.toString('latin1')}`
      const is = await lstat(inside(root, each))
      const refuse = (why: string): never => {
        throw new TaskError(`${root} holds ${JSON.stringify(each)}: ${why}`)
      }
      const mtime = is.mtimeMs / 1000
      const mode = is.mode & 0o7777
      if (is.isSymbolicLink()) {
        const target = (await readlink(inside(root, each), 'buffer')).toString('latin1')
        if (!staysInside(each, target)) refuse('a link that leads out of the tree')
        entries.push({ kind: 'link', path: each, target, mtime })
        continue
      }
      if (!is.isDirectory() && !is.isFile()) refuse('it is no file, directory or link')
      if ((mode & 0o6000) !== 0) refuse('it has the bits of another user')
      if (is.isDirectory()) {
        entries.push({ kind: 'directory', path: each, mode, mtime })
        await walk(each)
        continue
      }
      entries.push({ kind: 'file', path: each, mode, mtime, size: is.size })
      const hash = createHash('sha256')
      for await (const chunk of createReadStream(inside(root, each))) hash.update(chunk as Buffer)
      sums.set(each, hash.digest('hex'))
    }
  }
  await walk('')
  return { root: { mode: is.mode & 0o7777, mtime: Math.floor(is.mtimeMs / 1000) }, entries, sums }
}

/** The archive of a tree, as often as it is read, and its size. */
export function archiveOf(root: string, { entries }: Contents): { size: number; stream: () => Readable } {
  let size = tarEnd.length
  for (const entry of entries) {
    size += tarHeader(entry).length
    if (entry.kind === 'file') size += entry.size + tarPadding(entry.size).length
  }
  async function* pieces() {
    for (const entry of entries) {
      yield tarHeader(entry)
      if (entry.kind !== 'file') continue
      if (entry.size > 0)
        yield* createReadStream(inside(root, entry.path), { end: entry.size - 1, highWaterMark: 512 * 1024 })
      yield tarPadding(entry.size)
    }
    yield tarEnd
  }
  return { size, stream: () => Readable.from(pieces(), { objectMode: false }) }
}

/**
 * Unpacks an archive into a new directory of the controller, which gets its name when what it holds has the digest of the
 * manifest; says how many entries. Throws {@link TaskError}, and leaves nothing then.
 */
export async function unpackHere(archive: string, to: string, digest: string, root: Root): Promise<number> {
  // Whoever may write beside it cannot have made it before us, and cannot look into it.
  const temporary = await mkdtemp(`${to}.upgrade-fleet-`)
  try {
    const { entries, sums } = await inspect(createReadStream(archive))
    if (manifestDigest({ root, entries, sums }) !== digest)
      throw new TaskError(`${archive} holds another tree than its manifest says`)
    await write(archive, temporary)
    await settle(bytesOf(temporary), root.mode, root.mtime)
    if (manifestDigest(await readTree(temporary)) !== digest)
      throw new TaskError(`${to}: what was unpacked is not what its manifest says`)
    await mustBeFree(to)
    await rename(temporary, to)
    const parent = await open(dirname(to))
    await parent.sync().finally(() => parent.close())
    return entries.length
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

async function mustBeFree(to: string): Promise<void> {
  const is = await lstat(to).catch(() => undefined)
  if (is !== undefined) throw new TaskError(`${to} exists already`)
}

/** Reads an archive to its end and says what it holds; throws {@link TaskError} for what no tree may hold. */
export async function inspect(archive: Readable, also?: (chunk: Buffer) => Promise<void>): Promise<Contents> {
  const entries: TreeEntry[] = []
  const sums = new Map<string, string>()
  const reader = tarReader({
    entry: (entry) => void entries.push(entry),
    file: (path, sum) => void sums.set(path, sum),
  })
  for await (const chunk of archive) {
    reader.take(chunk as Buffer)
    await also?.(chunk as Buffer)
  }
  reader.end()
  return { entries, sums }
}

async function write(archive: string, root: string): Promise<void> {
  const steps: (() => Promise<void>)[] = []
  const last: (() => Promise<void>)[] = []
  let file: FileHandle | undefined
  const reader = tarReader({
    entry: (entry) => {
      const path = inside(root, entry.path)
      if (entry.kind === 'link') steps.push(() => symlink(bytesOf(entry.target), path))
      if (entry.kind === 'directory') {
        steps.push(async () => void (await mkdir(path, { mode: 0o700 })))
        last.push(() => settle(path, entry.mode, entry.mtime))
      }
      if (entry.kind === 'file')
        steps.push(async () => {
          file = await open(path, 'wx', 0o600)
        })
      if (entry.kind === 'file') last.push(() => settle(path, entry.mode, entry.mtime))
    },
    bytes: (chunk) => steps.push(async () => void (await file?.write(chunk))),
    file: () =>
      steps.push(async () => {
        await file?.sync()
        await file?.close()
        file = undefined
      }),
  })
  try {
    for await (const chunk of createReadStream(archive, { highWaterMark: 512 * 1024 })) {
      reader.take(chunk as Buffer)
      for (const step of steps.splice(0)) await step()
    }
    // Directories get their own modes when all that is in them is there.
    for (const step of last.toReversed()) await step()
  } finally {
    await file?.close()
  }
}

async function settle(path: Buffer, mode: number, mtime: number): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.chmod(mode)
    await handle.utimes(mtime, mtime)
  } finally {
    await handle.close()
  }
}
