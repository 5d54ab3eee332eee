import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { change, type On, observe } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import type { Connection } from '../model/connection.ts'
import { TaskError, UnknownOutcome } from '../model/errors.ts'
import { download } from './download.ts'
import { type Standing, standingAt, takeFromPlace } from './files/in-place.ts'
import { treePrinter } from './files/keep-tree.ts'
import { archiveOf, inspect, readTree, unpackHere } from './local-tree.ts'
import { manifestDigest, manifestScript, type Root } from './manifest.ts'
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
// As parts of uploads: who has not come back then does not.
const sweptDays = 7

/** What lies beside a tree that is not there yet is named after it, so that undo finds it. */
const archiveOfTree = (to: string, digest: string): string => `${to}.upgrade-fleet-${digest.slice(0, 16)}.tar`

/**
 * Brings a directory of the controller to a machine, where it appears whole under a new name: one archive, whose manifest is
 * proved there before. `made` is a file of the machine that gets its number and state before it appears. Throws
 * {@link TaskError} where the path is taken or the tree holds what none may.
 */
export async function putTree(
  machine: TreeMachine,
  from: string,
  to: string,
  options: TreeOptions & { readonly made?: string } = {},
): Promise<StoredTree> {
  const manifest = await readTree(from)
  const digest = manifestDigest(manifest)
  const archive = archiveOfTree(to, digest)
  await machine.put(archiveOf(from, manifest), archive, options)
  await unpackThere(machine, archive, to, digest, manifest.root, options.signal, options.made)
  return { entries: manifest.entries.length, manifest: digest }
}

/** Brings a directory of a machine to the controller, likewise; the archive goes on where it was cut. */
export async function getTree(
  machine: TreeMachine,
  from: string,
  to: string,
  options: TreeOptions = {},
): Promise<StoredTree> {
  const { path, digest, root } = await packThere(machine, from, options.signal)
  const archive = archiveOfTree(to, digest)
  try {
    await download(machine, path, archive, options)
    return { entries: await unpackHere(archive, to, digest, root), manifest: digest }
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
  const { path, digest, size, root } = await packThere(source, from, signal)
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
      }).then((contents) => {
        if (manifestDigest({ root, ...contents }) !== digest)
          throw new TaskError(`${source.endpoint.name}: the archive of ${from} holds another tree`)
        entries = contents.entries.length
        handed.end()
      })
      seen.catch((error: Error) => handed.destroy(error))
      yield* handed
    }
    const archive = archiveOfTree(to, digest)
    await target.put({ stream: () => Readable.from(looked(), { objectMode: false }), size }, archive, options)
    await unpackThere(target, archive, to, digest, root, signal)
    return { entries, manifest: digest }
  } finally {
    await must(source, sh`rm -f -- ${path}`)
  }
}

interface Packed {
  readonly path: string
  readonly digest: string
  readonly size: number
  readonly root: Root
}

async function packThere(
  machine: TreeMachine,
  from: string,
  signal: AbortSignal | undefined,
): Promise<Packed> {
  const directory = `${await machine.workdir()}/trees`
  const path = `${directory}/${randomBytes(9).toString('hex')}.tar`
  const said = await must(
    machine,
    sh`umask 077; p=${path}; d=${directory}; mkdir -p -- "$d" && cd -- ${from} || exit 1
find "$d" -maxdepth 1 -type f -name '*.tar' -mtime +${sweptDays - 1} -exec rm -f -- {} +
odd=$(find . \( -perm /6000 -o ! -type f ! -type d ! -type l \) -printf '%P (mode %m)' -quit) || exit 1
[ -z "$odd" ] || { printf '%s is no file, directory or link of an ordinary kind\n' "$odd" >&2; exit 1; }
set -- $(du -sbl . && find . -printf '.' | wc -c) && s=$(($1 + $3 * 1024)) r=$d
${room}
trap '[ -z "$bad" ] || rm -f -- "$p"' EXIT; bad=1
find . -mindepth 1 -print0 | LC_ALL=C sort -z | tar --null --no-recursion --hard-dereference --format=gnu -cf "$p" -T - || exit 1
digest=$(${manifestScript(from)}) && stat -c %s -- "$p" && printf '%s\n' "$digest" && stat -c '%a %Y' . && bad=`,
    signal,
  )
  const [size, digest = '', root = ''] = said.split('\n')
  const [mode = '', mtime] = root.split(' ')
  return {
    path,
    digest,
    size: Number(size),
    root: { mode: Number.parseInt(mode, 8), mtime: Number(mtime) },
  }
}

// Ends a script where the directory `r` has no room for `s` bytes; one that cannot say how much it has may have it.
const room = sh.read`set -- $(stat -f -c '%a %S %b' -- "$r")
if [ $# = 3 ] && [ "$3" != 0 ] && [ $(($1 * $2)) -lt "$s" ]; then
printf 'No space left: it needs %s bytes, and %s are free in %s\n' "$s" $(($1 * $2)) "$r" >&2; exit 1; fi`

/**
 * Unpacks an archive that the controller wrote or looked into, in a new directory beside the name, where nobody else may be:
 * it is left by no name but its own. The tree gets its name when its manifest is proved.
 */
async function unpackThere(
  machine: TreeMachine,
  archive: string,
  to: string,
  digest: string,
  { mode, mtime }: Root,
  signal: AbortSignal | undefined,
  made?: string,
): Promise<void> {
  const noted = sh`${treePrinter}
is() { printf '%s %s\n' "$(stat -c %d:%i .)" "$(tree .)"; }
{ chmod ${mode.toString(8).padStart(4, '0')} . && is && chmod u+w . && is; } >>${made ?? ''} && { sync -- ${made ?? ''} 2>/dev/null || sync; } || exit 1`
  const bits = mode.toString(8).padStart(4, '0')
  await must(
    machine,
    sh`umask 077; f=${to}; a=${archive}; trap 'rm -f -- "$a"' EXIT; trap 'exit 9' HUP INT TERM
if [ -e "$f" ] || [ -L "$f" ]; then printf '%s exists already\n' "$f" >&2; exit 1; fi
for q in "$f".upgrade-fleet-??????????; do rm -rf -- "$q"; done
exec 9<"$a" || exit 1
[ -f /proc/self/fd/9 ] && [ "$(stat -L -c '%u %h %a' -- /proc/self/fd/9)" = "$(id -u) 1 600" ] ||
{ printf 'somebody else put something in place of %s\n' "$a" >&2; exit 1; }
s=$(stat -L -c %s -- /proc/self/fd/9)
n=$(mktemp -d -- "$f.upgrade-fleet-XXXXXXXXXX") && r=$n || exit 1
trap 'rm -f -- "$a"; rmdir -- "$n"' EXIT
${room}
cd -- "$n" && [ "$(stat -c '%u %a' .) $(ls -A)" = "$(id -u) 700 " ] ||
{ printf 'somebody else put something in place of %s\n' "$n" >&2; exit 1; }
mkdir -m 0700 .upgrade-fleet-tree && cd .upgrade-fleet-tree && trap 'rm -f -- "$a"; cd .. && rm -rf .upgrade-fleet-tree && cd / && rmdir -- "$n"' EXIT || exit 1
tar -xpf - --no-same-owner <&9 && chmod ${bits} . || exit 1
digest=$(${manifestScript('.')})
[ "$digest" = ${digest} ] || { printf 'what was unpacked is not what its manifest says\n' >&2; exit 1; }
chmod u+w . && touch -c -d @${mtime} . || exit 1
${made === undefined ? sh`:` : noted}
{ sync -f . 2>/dev/null || sync; } && mv -nT -- ../.upgrade-fleet-tree "$f" || exit 1
[ . -ef "$f" ] || { printf '%s exists already\n' "$f" >&2; exit 1; }
trap 'rm -f -- "$a"; rmdir -- "$n"' EXIT
chmod ${bits} . && cd / && { sync -- "$(dirname -- "$f")" 2>/dev/null || sync; }`,
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

/**
 * A directory of the controller on the machine, under a name that nobody has there. Undo removes it; what somebody changed in
 * it, or put in its place, is moved aside.
 *
 * @example
 * tree.place({ from: '/srv/app/tree', to: '/srv/app/placed' })
 */
export const place = change<PlaceInput, { readonly path: string; readonly manifest: string }, Standing>(
  'tree.place',
  {
    async check(on, { from, to }) {
      const manifest = manifestDigest(await readTree(from))
      return (await digestThere(on, to)) === manifest ? { path: to, manifest } : undefined
    },
    async remember(on, { to }) {
      const standing = await standingAt(on, to)
      if (standing.is !== null)
        throw new TaskError(`${to} on ${on.name} exists, and this run did not make it: move it away`)
      return standing
    },
    async apply(on, { from, to }, { made }) {
      const { manifest } = await putTree(on, from, to, {
        signal: on.signal,
        onProgress: (done, total) => on.progress(done, total, 'bytes'),
        made,
      })
      return { path: to, manifest }
    },
    async undo(on, { to }, standing) {
      // What an unpacking that was broken off left has the tool's name and ten signs, its archive sixteen.
      await on.must(
        sh`f=${to}; rm -rf -- "$f".upgrade-fleet-?????????? "$f".upgrade-fleet-????????????????.tar`,
        {
          timeout: 600,
        },
      )
      await takeFromPlace(on, to, standing)
    },
  },
)

type PlaceInput = { readonly from: string; readonly to: string }

/**
 * The digest of a directory's manifest: kind, mode, size, link target and content of all that is in it, in no order that
 * matters. Two trees that have the same are the same, owners and times left aside. Needs GNU find.
 *
 * @example
 * tree.digest({ path: '/srv/app/tree' })
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
