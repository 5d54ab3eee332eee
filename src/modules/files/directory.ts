import { posix } from 'node:path'
import { change } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask } from '../target.ts'
import { bringFileBack, type Kept, keepFile, storeFile } from './keep.ts'
import { fullMode, giveRights, hasRights, look, modeText, type Rights, reach } from './look.ts'
import { rightsDiff } from './rewrite.ts'

type Before = {
  /** Directories that were not there, the lowest first. */
  readonly missing: readonly string[]
  /** Mode, user and group of what was there. */
  readonly rights: readonly string[] | null
}

type PathInput = Rights & { readonly path: string }

const rightsOf = ({ mode, owner, group }: PathInput): Rights => ({ mode, owner, group })

/**
 * A directory that is there, its parents too, with these rights; a new one has mode 0755 unless told another. Undo gives the
 * rights back and removes what was made, as far as it is empty.
 *
 * @example
 * file.directory({ path: '/srv/app/new/deep', mode: '0750' })
 */
export const directory = change('file.directory', {
  async check(on, input: PathInput) {
    const { path } = input
    if (input.mode !== undefined) modeText(input.mode)
    const found = await look(on, path, { follow: true, want: 'nothing' })
    if (found.kind === 'file' || found.kind === 'other')
      throw new TaskError(`${path} on ${on.name} is no directory (${found.kind})`)
    return found.kind === 'directory' && hasRights(found, input) ? { path } : undefined
  },
  async diff(on, input) {
    const found = await look(on, input.path, { follow: true, want: 'nothing' })
    if (found.kind === 'directory') return rightsDiff(input, found)
    const after = `a directory of mode ${modeText(input.mode ?? '0755')}\n`
    return [{ path: input.path, before: '', after }]
  },
  async remember(on, { path }): Promise<Before> {
    const said = await on.must(
      sh.read`d=${path}; n=0; while [ ! -e "$d" ] && [ "$d" != / ]; do n=$((n + 1)); d=$(dirname -- "$d"; printf .); d=$(printf %s "$d" | sed '$s/\.$//'); done
printf '%s\n' $n; [ $n != 0 ] || stat -L -c '%a %u %g' -- ${path}`,
    )
    const [count = '', rights = ''] = said.split('\n')
    return { missing: upwards(path, Number(count)), rights: rights === '' ? null : rights.split(' ') }
  },
  async apply(on, input, { rights }) {
    const mode = input.mode ?? (rights === null ? '0755' : undefined)
    await on.must(sh`t=${input.path}; mkdir -p -- "$t" || exit 1
${giveRights({ ...rightsOf(input), mode }, true)}`)
    return { path: input.path }
  },
  async undo(on, { path }, { missing, rights }) {
    const [mode = '', user = '', group = ''] = rights ?? []
    const back = sh`t=${path}; [ ! -d "$t" ] || [ "$(stat -L -c '%a %u %g' -- "$t")" = ${`${mode} ${user} ${group}`} ] || {
chown -- ${`${user}:${group}`} "$t" && chmod -- ${rights === null ? '' : fullMode(mode)} "$t"; }`
    await on.must(rights === null ? sh`for d in ${missing}; do rmdir -- "$d" 2>/dev/null || :; done` : back)
  },
})

/** A path and those above it, as many as are wanted. */
function upwards(path: string, count: number): readonly string[] {
  const all: string[] = []
  for (let at = posix.normalize(path).replace(/(.)\/+$/s, '$1'); all.length < count; at = posix.dirname(at))
    all.push(at)
  return all
}

/**
 * Mode, owner or group of a file or directory that is there; a link is followed. There is no recursion on purpose: in a tree
 * that others may write into, it can be led astray. Undo gives back what it had.
 *
 * @example
 * file.rights({ path: '/srv/app/app.conf', mode: '0640' })
 */
export const rights = change('file.rights', {
  async check(on, input: PathInput) {
    const found = await there(on, input)
    return hasRights(found, input) ? { path: input.path } : undefined
  },
  diff: async (on, input) => rightsDiff(input, await there(on, input)),
  async remember(on, input) {
    const { mode, owner, group } = await there(on, input)
    return { mode, owner: owner[1] ?? '', group: group[1] ?? '' }
  },
  async apply(on, input) {
    await on.must(sh`t=${input.path}; ${giveRights(rightsOf(input), true)}`)
    return { path: input.path }
  },
  async undo(on, { path }, before) {
    await on.must(sh`t=${path}; [ ! -e "$t" ] || { ${giveRights(before, true)}; }`)
  },
})

async function there(on: Parameters<typeof look>[0], input: PathInput) {
  if (input.mode !== undefined) modeText(input.mode)
  const found = await look(on, input.path, { follow: true, want: 'nothing' })
  if (found.kind === 'none') throw new TaskError(`${input.path} on ${on.name}: there is nothing`)
  return found
}

type LinkInput = {
  /** Absolute path of the link. */
  readonly path: string
  /** Where it leads: absolute, or from the link's directory. */
  readonly src: string
  /** Whether a file may be there, whose place it takes. */
  readonly force?: boolean | undefined
}

/**
 * A symbolic link that leads there, whether anything is there or not. Undo brings back the link or file that was there.
 *
 * @example
 * file.link({ path: '/srv/app/current', src: 'tree' })
 */
export const link = change<LinkInput, { readonly path: string }, Kept>('file.link', {
  async check(on, { path, src, force = false }) {
    const { code, stdout, stderr } = await ask(
      on,
      sh.read`${reach}
f=${path}; if [ ! -e "$f" ] && [ ! -L "$f" ]; then reach "$f"; fi
p=$f; if [ -L "$p" ]; then if [ "$(readlink -- "$p"; printf .)" = "$(printf '%s\n.' ${src})" ]; then echo same; else echo link; fi
elif [ -d "$p" ]; then echo directory; elif [ -e "$p" ]; then echo file; else echo none; fi`,
    )
    const is = stdout.trim()
    if (is === '') throw new TaskError(`${path} on ${on.name} cannot be looked at: ${stderr.trim()}`)
    if (code !== 0 || is === 'directory' || (is === 'file' && !force))
      throw new TaskError(
        `${path} on ${on.name} is a ${is}, and no link: ${is === 'file' ? 'say `force: true`, or ' : ''}move it away first`,
      )
    return is === 'same' ? { path } : undefined
  },
  async diff(on, { path, src }) {
    const { stdout } = await ask(
      on,
      sh.read`if [ -L ${path} ]; then readlink -- ${path}; else stat -c %F -- ${path}; fi 2>/dev/null`,
    )
    return [{ path, before: stdout, after: `${src}\n` }]
  },
  remember: (on, { path }) => keepFile(on, path, false),
  async apply(on, { path, src }, kept) {
    await storeFile(on, kept, { source: { made: sh`ln -sT -- ${src} "$t"` } })
    return { path }
  },
  undo: (on, _input, kept) => bringFileBack(on, kept),
})
