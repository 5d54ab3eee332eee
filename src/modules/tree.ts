import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { change, type On, observe } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import type { Connection } from '../model/connection.ts'
import { TaskError, UnknownOutcome } from '../model/errors.ts'
import { download } from './download.ts'
import { archiveOf, inspect, readTree, unpackHere } from './local-tree.ts'
import { manifestDigest, manifestScript } from './manifest.ts'
import { ask } from './target.ts'

/** What a machine must be able to do for its trees; `On` can. */
export type TreeMachine = Pick<Connection, 'endpoint' | 'exec' | 'put' | 'get' | 'workdir'>

export interface TreeOptions {
  readonly signal?: AbortSignal
  /** Called with the bytes of the archive that have come and its size, a few times a second. */
  readonly onProgress?: (done: number, total: number) => void
}

/** A tree that arrived whole: how many files, directories and links, and the digest of its manifest. */
export interface StoredTree {
  readonly entries: number
  readonly manifest: string
}

const longest = 24 * 3600

/**
 * Brings a directory of the controller to a machine, where it appears whole under a new name: one archive, whose manifest is
 * proved there before. Throws {@link TaskError} where the path is taken or the tree holds what none may.
 */
export async function putTree(
  machine: TreeMachine,
  from: string,
  to: string,
  options: TreeOptions = {},
): Promise<StoredTree> {
  const manifest = await readTree(from)
  const digest = manifestDigest(manifest)
  const archive = `${to}.${digest.slice(0, 16)}.tar`
  await machine.put(archiveOf(from, manifest), archive, options)
  await unpackThere(machine, archive, to, digest, options.signal)
  return { entries: manifest.entries.length, manifest: digest }
}

/** Brings a directory of a machine to the controller, likewise; the archive goes on where it was cut. */
export async function getTree(
  machine: TreeMachine,
  from: string,
  to: string,
  options: TreeOptions = {},
): Promise<StoredTree> {
  const { path, digest } = await packThere(machine, from, options.signal)
  const archive = `${to}.${digest.slice(0, 16)}.tar`
  try {
    await download(machine, path, archive, options)
    return { entries: await unpackHere(archive, to, digest), manifest: digest }
  } finally {
    await rm(archive, { force: true })
    await must(machine, sh`rm -f -- ${path}`)
  }
}

/** Brings a directory of one machine to another through the controller, which looks into the archive and keeps nothing of it. */
export async function copyTree(
  source: TreeMachine,
  from: string,
  target: TreeMachine,
  to: string,
  options: TreeOptions = {},
): Promise<StoredTree> {
  const { signal } = options
  const { path, digest, size } = await packThere(source, from, signal)
  try {
    let entries = 0
    async function* looked() {
      const incoming = new PassThrough()
      // Who reads it tells of its failure.
      incoming.on('error', () => {})
      source
        .get(path, incoming, { ...(signal && { signal }) })
        .catch((error: Error) => incoming.destroy(error))
      const handed = new PassThrough({ highWaterMark: 512 * 1024 })
      handed.on('error', () => {})
      const seen = inspect(incoming, async (chunk) => {
        if (!handed.write(chunk)) await new Promise<void>((resolve) => handed.once('drain', resolve))
      }).then((manifest) => {
        if (manifestDigest(manifest) !== digest)
          throw new TaskError(`${source.endpoint.name}: the archive of ${from} holds another tree`)
        entries = manifest.entries.length
        handed.end()
      })
      seen.catch((error: Error) => handed.destroy(error))
      yield* handed
    }
    const archive = `${to}.${digest.slice(0, 16)}.tar`
    await target.put({ stream: () => Readable.from(looked(), { objectMode: false }), size }, archive, options)
    await unpackThere(target, archive, to, digest, signal)
    return { entries, manifest: digest }
  } finally {
    await must(source, sh`rm -f -- ${path}`)
  }
}

async function packThere(
  machine: TreeMachine,
  from: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly path: string; readonly digest: string; readonly size: number }> {
  const directory = `${await machine.workdir()}/trees`
  const path = `${directory}/${randomBytes(9).toString('hex')}.tar`
  const said = await must(
    machine,
    sh`umask 077; p=${path}; mkdir -p -- ${directory} && cd -- ${from} || exit 1
odd=$(find . \( -perm /6000 -o ! -type f ! -type d ! -type l \) -printf '%P (mode %m)' -quit) || exit 1
[ -z "$odd" ] || { printf '%s is no file, directory or link of an ordinary kind\n' "$odd" >&2; exit 1; }
trap '[ -z "$bad" ] || rm -f -- "$p"' EXIT; bad=1
find . -mindepth 1 -print0 | LC_ALL=C sort -z | tar --null --no-recursion --hard-dereference --format=gnu -cf "$p" -T - || exit 1
digest=$(${manifestScript(from)}) && stat -c %s -- "$p" && printf '%s\n' "$digest" && bad=`,
    signal,
  )
  const [size, digest = ''] = said.split('\n')
  return { path, digest, size: Number(size) }
}

/** Unpacks an archive that the controller wrote or looked into, beside the new name, and gives it that name when its manifest is proved. */
async function unpackThere(
  machine: TreeMachine,
  archive: string,
  to: string,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const temporary = `${to}.upgrade-fleet-new`
  await must(
    machine,
    sh`umask 077; f=${to}; n=${temporary}; a=${archive}; trap 'rm -rf -- "$n" "$a"' EXIT
if [ -e "$f" ] || [ -L "$f" ]; then printf '%s exists already\n' "$f" >&2; exit 1; fi
rm -rf -- "$n"; mkdir -m 0700 -- "$n" && tar -xpf "$a" --no-same-owner -C "$n" || exit 1
digest=$(${manifestScript(temporary)})
[ "$digest" = ${digest} ] || { printf 'what was unpacked is not what its manifest says\n' >&2; exit 1; }
chmod 0755 -- "$n" && { sync -f -- "$n" 2>/dev/null || sync; } && mv -T -- "$n" "$f" &&
{ sync -- "$(dirname -- "$f")" 2>/dev/null || sync; }`,
    signal,
  )
}

async function must(
  machine: TreeMachine,
  command: Command,
  signal?: AbortSignal | undefined,
): Promise<string> {
  const result = await machine.exec(command, { timeout: longest, ...(signal && { signal }) })
  if (result.kind === 'exit' && result.code === 0) return result.stdout
  const { name } = machine.endpoint
  if (result.kind === 'lost') throw new UnknownOutcome(`${name}: ${result.reason}`)
  throw new TaskError(`${name}: a tree could not be brought`, [result.stderr.trim() || result.kind])
}

/** A directory of the controller on the machine, under a name that nobody has there. Undo removes it. */
export const place = change('tree.place', {
  async check(on, { from, to }: { from: string; to: string }) {
    const manifest = manifestDigest(await readTree(from))
    return (await digestThere(on, to)) === manifest ? { path: to, manifest } : undefined
  },
  async remember(on, { to }) {
    if ((await digestThere(on, to)) !== undefined)
      throw new TaskError(`${to} on ${on.name} exists, and this run did not make it: move it away`)
    return null
  },
  async apply(on, { from, to }) {
    const { manifest } = await putTree(on, from, to, {
      signal: on.signal,
      onProgress: (done, total) => on.progress(done, total, 'bytes'),
    })
    return { path: to, manifest }
  },
  async undo(on, { to }) {
    await on.must(sh`rm -rf -- ${`${to}.upgrade-fleet-new`} ${to}`, { timeout: 600 })
  },
})

/**
 * The digest of a directory's manifest: kind, mode, size, link target and content of all that is in it, in no order that
 * matters. Two trees that have the same are the same, owners and times left aside. Needs GNU find.
 */
export const digest = observe('tree.digest', async (on, { path }: { readonly path: string }) => {
  const found = await digestThere(on, path)
  if (found === undefined || !/^[0-9a-f]{64}$/.test(found))
    throw new TaskError(`${path} on ${on.name} is no directory that can be read`)
  return { path, manifest: found }
})

async function digestThere(on: On, to: string): Promise<string | undefined> {
  const { code, stdout } = await ask(
    on,
    sh.read`[ -e ${to} ] || [ -L ${to} ] || exit 3; [ ! -d ${to} ] || ${manifestScript(to)}`,
    {
      timeout: longest,
    },
  )
  return code === 3 ? undefined : stdout.trim()
}
