import { observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask } from '../target.ts'
import { absolute, reach } from './look.ts'

/** What `stat` tells of a path; times in seconds since 1970. */
export type Stat = {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  /** Permission bits in octal, `0644`. */
  readonly mode: string
  readonly owner: string
  readonly group: string
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  /** How many names it has. */
  readonly names: number
  readonly inode: string
}

const wanted = '%f %a %u %g %s %Y %h %i %U %G'
/** By the first digits of the raw mode. */
const kinds: Readonly<Record<string, Stat['kind']>> = { '4': 'directory', '8': 'file', a: 'link' }

function statOf(path: string, line: string): Stat {
  const [raw = '', mode = '', uid, gid, size, mtime, names, inode = '', owner = '', group = ''] =
    line.split(' ')
  return {
    path,
    kind: kinds[raw.slice(0, -3)] ?? 'other',
    mode: mode.padStart(4, '0'),
    owner,
    group,
    uid: Number(uid),
    gid: Number(gid),
    size: Number(size),
    mtime: Number(mtime),
    names: Number(names),
    inode,
  }
}

/** What stands at a path, if anything does. */
export type Standing =
  | { readonly exists: false }
  | ({ readonly exists: true; readonly target?: string; readonly sha256?: string } & Stat)

/**
 * Looks at a path: `target` is where a link leads, `sha256` is that of a file if `checksum` asks for it. Throws {@link TaskError}
 * where it cannot be seen or the file not be read.
 *
 * @example
 * file.stat({ path: '/srv/app/app.conf', checksum: true })
 */
export const stat = observe(
  'file.stat',
  async (
    on,
    input: { readonly path: string; readonly follow?: boolean; readonly checksum?: boolean },
  ): Promise<Standing> => {
    const { path, follow = false, checksum = false } = input
    absolute(path)
    const { code, stdout, stderr } = await ask(
      on,
      sh.read`${reach}
f=${path}; [ -e "$f" ] || [ -L "$f" ] || { reach "$f"; exit 3; }
stat ${follow ? ['-L'] : []} -c ${wanted} -- "$f" || { reach "$f"; exit 3; }
${checksum ? sh.read`if [ -f "$f" ]; then sum=$(sha256sum <"$f") || exit 1; printf '%s\n' "$sum" | cut -c1-64; else echo; fi` : sh.read`echo`}
[ ! -L "$f" ] || { readlink -- "$f"; printf .; } | base64`,
      { timeout: 600 },
    )
    if (code === 3) return { exists: false }
    if (code !== 0) throw new TaskError(`${path} on ${on.name} cannot be looked at: ${stderr.trim()}`)
    const [line = '', sum = '', ...link] = stdout.split('\n')
    const found = statOf(path, line)
    return {
      exists: true,
      ...found,
      ...(sum !== '' && { sha256: sum }),
      ...(found.kind === 'link' && {
        target: Buffer.from(link.join(''), 'base64').subarray(0, -2).toString(),
      }),
    }
  },
)

type FindInput = {
  /** Absolute paths of directories. */
  readonly paths: readonly string[]
  /** Shell patterns for the last part of a path; any of them; default all. */
  readonly patterns?: readonly string[] | undefined
  readonly fileType?: 'file' | 'directory' | 'link' | 'any' | undefined
  /** Whether directories below are looked into. */
  readonly recurse?: boolean | undefined
  /** At most so many levels below the paths. */
  readonly depth?: number | undefined
  /** Whether names that begin with a dot count. */
  readonly hidden?: boolean | undefined
  /** Last changed at least so long ago (`'90s'`, `'5m'`, `'2h'`, `'7d'`, `'2w'`), or with a minus at most. */
  readonly age?: string | undefined
  /** At least so many bytes (`'512'`, `'10k'`, `'5m'`, `'2g'`), or with a minus at most. */
  readonly size?: string | undefined
}

/** Something that was found. A name that is no UTF-8 has `bytes`, its path in base64; in `path` such bytes are unreadable. */
export type FoundPath = Stat & { readonly bytes?: string }

/**
 * What lies in directories, by name, age and size, in the order of their bytes; links are not followed. Names may hold
 * anything. Throws {@link TaskError} for what cannot be read, and for more than can be told at once (about 10,000).
 *
 * @example
 * file.find({ paths: ['/srv/app'], patterns: ['*.conf'], recurse: true })
 */
export const find = observe(
  'file.find',
  async (
    on,
    input: FindInput,
  ): Promise<{ readonly files: readonly FoundPath[]; readonly examined: number }> => {
    const { paths, patterns = [], fileType = 'file', recurse = false, hidden = false } = input
    for (const path of paths) absolute(path)
    const depth = input.depth ?? (recurse ? undefined : 1)
    const old = input.age === undefined ? undefined : bound(input.age, ages, 'an age')
    const large = input.size === undefined ? undefined : bound(input.size, sizes, 'a size')
    const type = { file: ['-type', 'f'], directory: ['-type', 'd'], link: ['-type', 'l'], any: [] }[fileType]
    const names = patterns.flatMap((pattern, at) => [...(at === 0 ? [] : ['-o']), '-name', pattern])
    const { code, stdout, stderr, truncated } = await ask(
      on,
      sh.read`${reach}
{ date +%s; for f in ${paths.map((path) => path.replace(/(.)\/+$/s, '$1'))}; do
[ -d "$f" ] || { reach "$f"; printf '%s is no directory\n' "$f" >&2; exit 1; }
find -H "$f" -mindepth 1 ${depth === undefined ? [] : ['-maxdepth', depth]} ${hidden ? [] : sh.read`-name '.*' -prune -o`} ${type} ${
        names.length === 0 ? [] : sh.read`\( ${names} \)`
      } -exec sh -c ${`stat -c '${wanted}' -- "$@" || exit 1; printf '\\0'; printf '%s\\0' "$@"`} sh {} + || exit 1
done; printf end; } | base64`,
      { timeout: 600 },
    )
    const bytes = Buffer.from(stdout, 'base64')
    if (truncated) throw new TaskError('more was found than can be told at once: narrow the search')
    // A pipe hides how its first part ended.
    if (code !== 0 || bytes.subarray(-3).toString() !== 'end')
      throw new TaskError(`${paths.join(', ')} on ${on.name} cannot be searched: ${stderr.trim()}`)
    const begin = bytes.indexOf(10) + 1
    const now = Number(bytes.subarray(0, begin).toString())
    const all = batches(bytes.subarray(begin, -3))
    const files = all
      .filter(({ mtime }) => old === undefined || within(now - mtime, old))
      .filter(({ size }) => large === undefined || within(size, large))
    return { files, examined: all.length }
  },
)

/** Lines of `stat`, a NUL, and as many names, each with one; and again. */
function batches(bytes: Buffer): readonly FoundPath[] {
  const found: { readonly name: Buffer; readonly is: FoundPath }[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at)
    if (end < 0) throw new TaskError('what was found changed while it was looked at: try again')
    const lines = bytes.subarray(at, end).toString().split('\n').slice(0, -1)
    at = end + 1
    for (const line of lines) {
      const next = bytes.indexOf(0, at)
      const name = bytes.subarray(at, next)
      const path = name.toString()
      const odd = Buffer.from(path).equals(name) ? {} : { bytes: name.toString('base64') }
      found.push({ name, is: { ...statOf(path, line), ...odd } })
      at = next + 1
    }
  }
  return found.sort((a, b) => Buffer.compare(a.name, b.name)).map(({ is }) => is)
}

type Bound = { readonly least: number } | { readonly most: number }
const ages = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
const sizes = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }
const within = (value: number, bound: Bound): boolean =>
  'least' in bound ? value >= bound.least : value <= bound.most

function bound(text: string, units: Readonly<Record<string, number>>, what: string): Bound {
  const [, minus, number, unit = ''] = /^(-?)(\d+)([a-z]?)$/.exec(text) ?? []
  const factor = unit === '' ? 1 : units[unit]
  if (number === undefined || factor === undefined)
    throw new TypeError(
      `${JSON.stringify(text)} is not ${what}: a number and one of ${Object.keys(units).join(', ')}`,
    )
  return minus === '-' ? { most: Number(number) * factor } : { least: Number(number) * factor }
}
