import { change, type On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask, holds } from '../target.ts'
import { besideOf } from './keep.ts'

type Before = {
  /** Where its copy lies. */
  readonly copy: string
  /** Device and number of what was there: what has others at undo is somebody else's. */
  readonly is: string
}

/** A file or tree that is not there. It is kept on the machine, for undo, which moves aside what somebody else put there since. */
export const absent = change<{ readonly path: string }, { readonly path: string }, Before>('file.absent', {
  async check(on, { path }, remembered) {
    // What a try that was cut off left under its second name is to go too.
    const rest = remembered ? sh.read`test ! -e ${besideOf(on, path)}` : sh.read`:`
    const gone = sh.read`test ! -e ${path} && test ! -L ${path} && ${rest}`
    return (await holds(on, gone)) ? { path } : undefined
  },
  diff: async (on, { path }) => [{ path, before: await kindOf(on, path), after: '' }],
  async remember(on, { path }) {
    mustBeBelowRoot(path)
    const kept = await on.keep()
    const said = await on.must(
      sh`umask 077; f=${path}; d=${kept}; is=$(stat -c %d:%i -- "$f") || exit 1
n=1; while c=$d/gone.$n; [ -e "$c" ] || [ -L "$c" ]; do n=$((n + 1)); done
rm -rf -- "$d/part" && cp -a -- "$f" "$d/part" && { sync -f -- "$d/part" 2>/dev/null || sync; } && mv -- "$d/part" "$c" || exit 1
printf '%s %s\n' $n "$is"`,
      { timeout: 3600 },
    )
    const [number = '', is = ''] = said.trim().split(' ')
    return { copy: `${kept}/gone.${number}`, is }
  },
  async apply(on, { path }) {
    // Renamed first, so that at every moment it is there whole or not at all.
    await on.must(
      sh`f=${path}; t=${besideOf(on, path)}; rm -rf -- "$t" || exit 1
if [ -e "$f" ] || [ -L "$f" ]; then mv -T -- "$f" "$t" || exit 1; fi; rm -rf -- "$t"`,
      { timeout: 3600 },
    )
    return { path }
  },
  async undo(on, { path }, { copy, is }) {
    mustBeBelowRoot(path)
    const aside = `${path}.aside-${on.run}`
    const said = await on.must(
      sh`f=${path}; t=${besideOf(on, path)}; c=${copy}; a=${aside}
if [ -e "$f" ] || [ -L "$f" ]; then now=$(stat -c %d:%i -- "$f") || exit 1
if [ "$now" = ${is} ] || grep -qxF -e "$now" -- "$c.back" 2>/dev/null; then rm -rf -- "$t"; exit 0; fi
n=; i=0; while [ -e "$a$n" ] || [ -L "$a$n" ]; do i=$((i + 1)); n=.$i; done
mv -T -- "$f" "$a$n" && echo aside || exit 1; fi
rm -rf -- "$t" && cp -a -- "$c" "$t" && { sync -f -- "$t" 2>/dev/null || sync; } && stat -c %d:%i -- "$t" >>"$c.back" && mv -T -- "$t" "$f"`,
      { timeout: 3600 },
    )
    if (said.includes('aside'))
      on.say(`somebody else put something at ${path} after this run; it is now beside it, as ${aside}`)
  },
})

/** Moves what stands at a path aside, if anything does, under a name with the run in it. Undo moves it back. */
export const setAside = change('file.setAside', {
  async check(on, { path }: { path: string }): Promise<{ aside: string | null } | undefined> {
    return (await holds(on, sh.read`test ! -e ${path} && test ! -L ${path}`)) ? { aside: null } : undefined
  },
  diff: async (on, { path }) => [{ path, before: await kindOf(on, path), after: '' }],
  async remember(on, { path }) {
    return { aside: `${path}.aside-${on.run}` }
  },
  async apply(on, { path }, { aside }): Promise<{ aside: string | null }> {
    await on.must(sh`[ -e ${aside} ] || mv -- ${path} ${aside}`)
    return { aside }
  },
  async undo(on, { path }, { aside }) {
    await on.must(sh`[ ! -e ${aside} ] || { [ ! -e ${path} ] && mv -- ${aside} ${path}; }`)
  },
})

function mustBeBelowRoot(path: string): void {
  if (/^\/*(\.{0,2}\/*)*$/.test(path)) throw new TaskError(`refused to remove ${path || 'nothing'}`)
}

async function kindOf(on: On, path: string): Promise<string> {
  const { stdout } = await ask(on, sh.read`stat -c '%F' -- ${path}`)
  return stdout
}
