import type { On } from '../../model/action.ts'
import type { Charset } from '../../model/charset.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import type { Text } from '../../model/secret.ts'
import { ask, readBytes } from '../target.ts'

/** What stands at a path of a machine. */
export interface Found {
  /** The path that is meant: where a link leads, if links are followed. */
  readonly path: string
  readonly kind: 'none' | 'file' | 'directory' | 'link' | 'other'
  /** Permission bits in octal without leading zeros, as `stat -c %a` says them; '' for none. */
  readonly mode: string
  /** Name and number of its user, and of its group. */
  readonly owner: readonly string[]
  readonly group: readonly string[]
  readonly size: number
  /** How many names the file has. */
  readonly names: number
  /** Whether this task wrote what stands there. */
  readonly ours: boolean
  /** A file's bytes, if they were wanted; its SHA-256; or whether it has the wanted text. */
  readonly bytes?: Buffer
  readonly sha256?: string
  readonly same?: boolean
}

/** What of a file's content is wanted: its bytes, its digest, whether it is this text, that of another file of the machine, or nothing. */
export type Wanted =
  | 'bytes'
  | 'digest'
  | 'nothing'
  | { readonly text: Text; readonly charset?: Charset }
  | { readonly here: string }

export interface LookOptions {
  /** Whether a link is looked through. */
  readonly follow: boolean
  readonly want: Wanted
  /** Where the task noted what it wrote, if it began. */
  readonly written?: string | undefined
}

/** Larger files are read by a round trip of their own. */
const atOnce = 1024 * 1024
/** Files larger than this are not edited. */
const mostEdited = 16 * 1024 * 1024

/** Says what state a path is in, in a word that changes with its content: `print PATH`. */
export const printer: Command = sh.read`print() {
if [ -L "$1" ]; then printf 'link %s\n' "$(readlink -- "$1" | sha256sum | cut -c1-64)"
elif [ -f "$1" ]; then sum=$(sha256sum <"$1") || return 1; printf 'file %s\n' "$(printf %s "$sum" | cut -c1-64)"
elif [ -e "$1" ]; then echo other
else echo none; fi; }`

/**
 * `reach PATH` ends the script, naming the directory, where a path is not seen because a directory on the way to it may not be
 * entered: however far up, and behind links. Whoever finds nothing at a path asks this before saying so.
 */
export const reach: Command = sh.read`reach() {
p=$1; i=0; while [ $i -lt 400 ]; do i=$((i + 1))
if [ -d "$p" ]; then [ -x "$p" ] || { printf '%s may not be entered\n' "$(readlink -f -- "$p")" >&2; exit 1; }; break; fi
if [ -L "$p" ]; then l=$(readlink -- "$p"; printf .); l=$(printf %s "$l" | sed '$s/\.$//'); case $l in /*) p=$l ;; *) p=$(dirname -- "$p")/$l ;; esac
elif [ -e "$p" ]; then break
else p=$(dirname -- "$p"); fi; done; }`

/** A path of a machine; throws a {@link TypeError} unless it is absolute. */
export function absolute(path: string): string {
  if (!path.startsWith('/'))
    throw new TypeError(`A path on a machine must be absolute, got ${JSON.stringify(path)}.`)
  return path
}

/** Sets `f` to a path, or to where a link there leads. */
export const pointTo = (path: string, follow: boolean): Command =>
  sh.read`${reach}
f=${path}; ${
    follow
      ? sh.read`if [ -L "$f" ]; then l=$f; f=$(readlink -f -- "$l") || { reach "$l"; printf '%s leads nowhere\n' "$l" >&2; exit 1; }
if [ -e "$l" ] && ! [ "$f" -ef "$l" ]; then printf '%s leads to a name that is not read here\n' "$l" >&2; exit 1; fi; fi`
      : sh.read`:`
  }`

/** Looks at a path in one round trip; a file of more than 1 MiB whose bytes are wanted takes two. */
export async function look(on: On, path: string, { follow, want, written }: LookOptions): Promise<Found> {
  const content =
    want === 'nothing'
      ? sh.read`:`
      : want === 'bytes'
        ? sh.read`[ "$(stat -c %s -- "$f")" -gt ${atOnce} ] || base64 <"$f"`
        : want === 'digest'
          ? sh.read`sha256sum <"$f"`
          : sh.read`if cmp -s -- ${'here' in want ? want.here : '-'} "$f"; then echo same; else echo other; fi`
  const ours = sh.read`if [ -s ${written ?? ''} ]; then ${printer}
w=$(print "$f"); if grep -qxF -e "$w" -- ${written ?? ''}; then echo ours; else echo others; fi; else echo others; fi`
  const source =
    typeof want === 'object' && 'here' in want
      ? sh.read`[ -f ${want.here} ] || { printf 'there is no file %s\n' ${want.here} >&2; exit 1; }`
      : sh.read`:`
  const { code, stdout, stderr } = await ask(
    on,
    sh.read`${source}
${pointTo(path, follow)}
if [ -L "$f" ]; then k=link; elif [ -f "$f" ]; then k=file; elif [ -d "$f" ]; then k=directory; elif [ -e "$f" ]; then k=other
else k=none; reach "$f"; fi
printf %s "$f" | base64 | tr -d '\n'; printf '\n%s ' $k
if [ $k = none ]; then echo; else stat -c '%a %U %u %G %g %s %h' -- "$f" || exit 1; fi
${written === undefined ? sh.read`echo others` : ours}
[ $k != file ] || { ${content}; }`,
    {
      timeout: 600,
      ...(typeof want === 'object' &&
        'text' in want && { stdin: want.text, stdinCharset: want.charset ?? 'UTF-8' }),
    },
  )
  if (code !== 0) throw new TaskError(`${path} on ${on.name} cannot be read: ${stderr.trim()}`)
  const [name = '', is = '', whose = '', ...rest] = stdout.split('\n')
  const [kind = '', mode = '', user = '', uid = '', group = '', gid = '', size = '', names = ''] =
    is.split(' ')
  const found: Found = {
    path: Buffer.from(name, 'base64').toString(),
    kind: kind as Found['kind'],
    mode,
    owner: [user, uid],
    group: [group, gid],
    size: Number(size),
    names: Number(names),
    ours: whose === 'ours',
  }
  if (kind !== 'file' || want === 'nothing') return found
  if (want === 'digest') return { ...found, sha256: rest[0]?.slice(0, 64) ?? '' }
  if (want !== 'bytes') return { ...found, same: rest[0] === 'same' }
  const bytes =
    found.size > atOnce ? await readBytes(on, found.path, mostEdited) : Buffer.from(rest.join(''), 'base64')
  return { ...found, bytes }
}

/** Permission bits: octal as text (`'0644'`), or a number (`0o644`). */
export type Mode = string | number

/** A mode as `stat` says it; throws a {@link TypeError} for what is none. */
export function modeText(mode: Mode): string {
  const text = typeof mode === 'number' ? mode.toString(8) : mode
  if (!/^[0-7]{1,5}$/.test(text) || Number.parseInt(text, 8) > 0o7777)
    throw new TypeError(`A mode is octal, '0644' or 0o644; got ${JSON.stringify(mode)}.`)
  return Number.parseInt(text, 8).toString(8)
}

/** A mode for `chmod`: with fewer digits it leaves a directory the bits of another user or group. */
export const fullMode = (mode: Mode): string => modeText(mode).padStart(5, '0')

/** Whose a file is to be, and who may do what with it; what is left out stays as it is. */
export type Rights = {
  readonly mode?: Mode | undefined
  /** Name or number of the user. */
  readonly owner?: string | undefined
  /** Name or number of the group. */
  readonly group?: string | undefined
}

/** Whether what was found has these rights. */
export const hasRights = (found: Pick<Found, 'mode' | 'owner' | 'group'>, wanted: Rights): boolean =>
  (wanted.mode === undefined || found.mode === modeText(wanted.mode)) &&
  (wanted.owner === undefined || found.owner.includes(wanted.owner)) &&
  (wanted.group === undefined || found.group.includes(wanted.group))

/** Gives `t` of a script its rights; of what a link there leads to, if it is followed. */
export function giveRights({ mode, owner, group }: Rights, follow = false): Command {
  const whose =
    owner === undefined
      ? group === undefined
        ? ''
        : `:${group}`
      : group === undefined
        ? owner
        : `${owner}:${group}`
  return sh`${whose === '' ? sh`:` : sh`chown ${follow ? [] : ['-h']} -- ${whose} "$t" || exit 1`}
${mode === undefined ? sh`:` : sh`chmod -- ${fullMode(mode)} "$t" || exit 1`}`
}
