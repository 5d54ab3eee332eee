import { createHash } from 'node:crypto'
import { change, type On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { archiveOf, readTree } from '../local-tree.ts'
import type { Manifest } from '../manifest.ts'
import type { TreeEntry } from '../tar.ts'
import { ask } from '../target.ts'
import { bringTreeBack, type KeptTree, keepTree, mustBeAsKept, noteMoved, statePrinter } from './keep-tree.ts'
import { besideOf, enterPrivate, partsOf, privateOf } from './private.ts'

type SynchronizeInput = {
  /** A directory of the controller. */
  readonly src: string
  /** Absolute path of the directory that is to hold the same. */
  readonly dest: string
  /** Whether what the source has not goes; an empty directory is no reason to begin. */
  readonly delete?: boolean | undefined
  /** Shell patterns for names, or with a slash for paths from the top: neither sent nor deleted. */
  readonly exclude?: readonly string[] | undefined
}

type Synchronized = { readonly dest: string; readonly entries: number }

const long = { timeout: 24 * 3600 }

/**
 * A directory that holds what one of the controller holds: content, modes and links; owners are those of who logs in. Only files that
 * differ are sent. It is made beside the old one and takes its place when its manifest is proved, so it needs room for both
 * and for the copy that undo brings back.
 *
 * @example
 * file.synchronize({ src: '/srv/app/tree', dest: '/srv/app/copy', delete: true })
 */
export const synchronize = change<SynchronizeInput, Synchronized, KeptTree>('file.synchronize', {
  async check(on, input) {
    const tree = await sourceOf(input)
    return (await agrees(on, input.dest, tree, input)) ? outOf(input, tree) : undefined
  },
  async diff(on, input) {
    const tree = await sourceOf(input)
    const { code } = await ask(on, sh.read`[ -d ${input.dest} ]`)
    const after = `a directory with ${tree.entries.length} entries of ${input.src}\n`
    return [{ path: input.dest, before: code === 0 ? 'a directory with other content\n' : '', after }]
  },
  remember: (on, { dest }) => keepTree(on, dest),
  async apply(on, input, kept) {
    const { dest, exclude = [] } = input
    const tree = await sourceOf(input)
    if (await agrees(on, dest, tree, input)) return outOf(input, tree)
    const same = await sameThere(on, dest, tree)
    const sent = tree.entries.filter((entry) => entry.kind !== 'file' || !same.has(entry))
    const archive = `${besideOf(on, dest)}.tar`
    await on.put(archiveOf(input.src, { ...tree, entries: sent }), archive, {
      onProgress: (done, total) => on.progress(done, total, 'bytes'),
    })
    const beside = partsOf(privateOf(on, dest)).name
    const { name } = partsOf(dest)
    const cleared = sh`( cd -- ./new && { printf %s "$stay" | base64 -d; find . -mindepth 1 ${spared(exclude)} ! -type d -print0; } | LC_ALL=C sort -z | uniq -zu | xargs -0 -r rm -f -- || exit 1
find . -mindepth 1 ${spared(exclude)} -type d -print0 | LC_ALL=C sort -rz | xargs -0 -r rmdir -- 2>/dev/null; : ) || exit 1`
    await on.must(
      sh`umask 077; f=${dest}; a=${archive}; m=${kept.made}; trap 'rm -f -- "$a"' EXIT
${statePrinter}
if [ -e "$f" ] && [ ! -d "$f" ]; then printf '%s is no directory\n' "$f" >&2; exit 1; fi
exec 9<"$a" && [ -f /proc/self/fd/9 ] && [ "$(stat -L -c '%u %h %a' -- /proc/self/fd/9)" = "$(id -u) 1 600" ] ||
{ printf 'somebody else put something in place of %s\n' "$a" >&2; exit 1; }
${enterPrivate(on, dest)}
trap 'leave; rm -f -- "$a"' EXIT
exec 8<. || exit 1
IFS= read -r stay
# A crash between the two renames leaves nothing at the name, and what was there is kept.
from=../${name}; [ -e "$from" ] || [ -L "$from" ] || from=${kept.copy ?? ''}
if [ -n "$from" ]; then
is=$(stat -L -c %d:%i -- "$from") || exit 1
if [ -L "$from" ]; then [ "$(stat -c %d:%i -- "$from")" = ${kept.is ?? ''} ]; else [ "$(stat -c %d:%i -- "$from")" = "$is" ]; fi &&
( cd -- "$from" && [ "$(stat -c %d:%i .)" = "$is" ] && cp -a -- . /proc/self/fd/8/new ) || { printf '%s was changed by somebody else\n' "$f" >&2; exit 1; }
${input.delete === true ? cleared : sh`:`}
else mkdir -m 0755 ./new || exit 1; fi
tar -xpf - --no-same-owner -C ./new <&9 || exit 1
rm -f -- "$a"
${proof(sh`./new`, input)}
[ "$digest" = ${expected(tree, input)} ] || { printf 'what was unpacked is not what its manifest says\n' >&2; exit 1; }
{ sync -f ./new 2>/dev/null || sync; } && printf '%s %s\n' "$(stat -c %d:%i ./new)" "$(tree ./new)" >>"$m" || exit 1
if [ -d "$f" ] && [ "$(stat -c %d:%i -- "$f")" = ${kept.is ?? ''} ]; then ${mustBeAsKept(kept)}; fi
${noteMoved(kept)}
[ . -ef ../${beside} ] || { printf 'somebody else put something in place of %s\n' ${beside} >&2; exit 1; }
[ ! -d ../${name} ] || mv -T -- ../${name} ./old || exit 1
mv -T -- ./new ../${name} || { [ ! -d ./old ] || mv -T -- ./old ../${name}; exit 1; }
sync .. 2>/dev/null || sync`,
      { ...long, stdin: `${nulList([...same]).toString('base64')}\n${listsOf(tree)}` },
    )
    return outOf(input, tree)
  },
  undo: (on, { dest }, kept) => bringTreeBack(on, dest, kept),
})

const outOf = ({ dest }: SynchronizeInput, { entries }: Manifest): Synchronized => ({
  dest,
  entries: entries.length,
})

/** What the source holds of what is sent. */
async function sourceOf({ src, exclude = [] }: SynchronizeInput): Promise<Manifest> {
  const patterns = exclude.map((pattern) => ({
    whole: pattern.includes('/'),
    glob: globOf(pattern.replace(/^\//, '')),
  }))
  const isOut = (path: string) => {
    const parts = path.split('/')
    return parts.some((part, at) =>
      patterns.some(({ whole, glob }) => glob.test(whole ? parts.slice(0, at + 1).join('/') : part)),
    )
  }
  const tree = await readTree(src).catch((error: Error) => {
    throw new TaskError(`${src} of this machine cannot be sent: ${error.message}`)
  })
  const entries = tree.entries.filter(({ path }) => !isOut(path))
  return { ...tree, entries, sums: new Map([...tree.sums].filter(([path]) => !isOut(path))) }
}

/** A shell pattern as `find` reads it, for bytes as characters. */
function globOf(pattern: string): RegExp {
  const latin = Buffer.from(pattern).toString('latin1')
  const source = latin.replace(/\[!?[^\]]+\]|[\\^$.*+?()[\]{}|]/g, (sign) =>
    sign === '*' ? '.*' : sign === '?' ? '.' : sign.length > 1 ? sign.replace('[!', '[^') : `\\${sign}`,
  )
  return new RegExp(`^${source}$`, 's')
}

/** The same for `find`, which goes past what is excluded. */
const spared = (exclude: readonly string[]): Command =>
  exclude.length === 0
    ? sh.read``
    : sh.read`\( ${exclude.flatMap((pattern, at) => [
        ...(at === 0 ? [] : ['-o']),
        ...(pattern.includes('/') ? ['-path', `./${pattern.replace(/^\//, '')}`] : ['-name', pattern]),
      ])} \) -prune -o`

const sorted = ({ entries }: Manifest, kind: TreeEntry['kind']): readonly TreeEntry[] =>
  entries.filter((entry) => entry.kind === kind).toSorted((a, b) => (a.path < b.path ? -1 : 1))

const nulList = (entries: readonly TreeEntry[]): Buffer =>
  Buffer.from(entries.map(({ path }) => `./${path}\0`).join(''), 'latin1')

/** The directories, files and links of a tree, a line of base64 for each kind. */
const listsOf = (tree: Manifest): string =>
  (['directory', 'file', 'link'] as const)
    .map((kind) => `${nulList(sorted(tree, kind)).toString('base64')}\n`)
    .join('')

/** Sets `digest` to that of the paths in its input, in a directory; with `delete` there may be no other files. */
const proof = (
  directory: Command,
  { delete: mirror = false, exclude = [] }: SynchronizeInput,
): Command => sh.read`
IFS= read -r ds; IFS= read -r fs; IFS= read -r ls
digest=$(cd -- ${directory} && { printf %s "$ds" | base64 -d | xargs -0 -r stat -c %f --
printf %s "$fs" | base64 -d | xargs -0 -r stat -c '%f %s' --
printf %s "$fs" | base64 -d | xargs -0 -r sha256sum -- | sed 's/^\\//' | cut -c1-64
printf %s "$ls" | base64 -d | xargs -0 -r stat -c %f --
printf %s "$ls" | base64 -d | xargs -0 -r -n 1 readlink --
${mirror ? sh.read`find . -mindepth 1 ${spared(exclude)} ! -type d -print0 | LC_ALL=C sort -z` : sh.read`:`}
} 2>/dev/null | sha256sum | cut -c1-64)`

/** The digest that {@link proof} gives where all is as in the tree. */
function expected(tree: Manifest, { delete: mirror = false }: SynchronizeInput): string {
  const hash = createHash('sha256')
  const say = (line: string) => hash.update(Buffer.from(`${line}\n`, 'latin1'))
  const raw = (type: number, mode: number) => (type | mode).toString(16)
  const [directories, files, links] = (['directory', 'file', 'link'] as const).map((kind) =>
    sorted(tree, kind),
  )
  for (const one of directories ?? []) if (one.kind === 'directory') say(raw(0o040000, one.mode))
  for (const one of files ?? []) if (one.kind === 'file') say(`${raw(0o100000, one.mode)} ${one.size}`)
  for (const { path } of files ?? []) say(tree.sums.get(path) ?? '')
  for (const _ of links ?? []) say('a1ff')
  for (const one of links ?? []) if (one.kind === 'link') say(one.target)
  const listed = tree.entries.filter(({ kind }) => kind !== 'directory')
  if (mirror) hash.update(nulList(listed.toSorted((a, b) => (a.path < b.path ? -1 : 1))))
  return hash.digest('hex')
}

/** The files of a tree that a directory of the machine has already, with mode and content: these are not sent. */
async function sameThere(on: On, dest: string, tree: Manifest): Promise<ReadonlySet<TreeEntry>> {
  const files = sorted(tree, 'file')
  const lines: string[] = []
  const { code } = await ask(
    on,
    sh.read`cd -- ${dest} 2>/dev/null || exit 3
IFS= read -r fs
each() { printf %s "$fs" | base64 -d | xargs -0 -r -n 1000 sh -c "$1" sh; }
is='[ -f "$f" ] && [ ! -L "$f" ] && [ -r "$f" ]'
each "for f; do if $is; then printf 1; else printf 0; fi; done; echo"; echo
each "for f; do if $is; then printf '%s\\0' \"\$f\"; fi; done" | xargs -0 -r stat -c '%f %s' --; echo
each "for f; do if $is; then printf '%s\\0' \"\$f\"; fi; done" | xargs -0 -r sha256sum -- | sed 's/^\\//' | cut -c1-64`,
    {
      ...long,
      stdin: `${nulList(files).toString('base64')}\n`,
      onLine: (line, stream) => void (stream === 'stdout' && lines.push(line)),
    },
  )
  const first = lines.indexOf('')
  const second = lines.indexOf('', first + 1)
  const flags = lines.slice(0, first).join('')
  const there = files.filter((_, at) => flags[at] === '1')
  const states = lines.slice(first + 1, second)
  const sums = lines.slice(second + 1)
  // What cannot be told apart is sent: only the proof of the whole counts.
  if (code !== 0 || states.length !== there.length || sums.length !== there.length) return new Set()
  return new Set(
    there.filter(
      (file, at) =>
        file.kind === 'file' &&
        states[at] === `${(0o100000 | file.mode).toString(16)} ${file.size}` &&
        sums[at] === tree.sums.get(file.path),
    ),
  )
}

async function agrees(on: On, dest: string, tree: Manifest, input: SynchronizeInput): Promise<boolean> {
  const { code, stdout } = await ask(
    on,
    sh.read`f=${dest}; [ -d "$f" ] || { if [ -e "$f" ]; then exit 4; else exit 3; fi; }
${proof(sh.read`"$f"`, input)}
printf %s "$digest"`,
    { ...long, stdin: listsOf(tree) },
  )
  if (code === 4) throw new TaskError(`${dest} on ${on.name} is no directory`)
  return code === 0 && stdout === expected(tree, input)
}
