import { change, type On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask } from '../target.ts'
import { bringTreeBack, type KeptTree, keepTree, mustBeAsKept, noteMoved, statePrinter } from './keep-tree.ts'
import { reach } from './look.ts'
import { besideOf } from './private.ts'

/**
 * A file or tree that is not there. It is kept on the machine, for undo, which moves aside what somebody else put there since.
 *
 * @example
 * file.absent({ path: '/srv/app/old.conf' })
 */
export const absent = change<{ readonly path: string }, { readonly path: string }, KeptTree>('file.absent', {
  async check(on, { path }, remembered) {
    // What a try that was cut off left under its second name is to go too.
    const rest = remembered ? sh.read`test ! -e ${besideOf(on, path)}` : sh.read`:`
    const { code, stderr } = await ask(
      on,
      sh.read`${reach}
f=${path}; if [ -e "$f" ] || [ -L "$f" ]; then exit 3; fi; reach "$f"; ${rest} || exit 3`,
    )
    if (code !== 0 && code !== 3)
      throw new TaskError(`${path} on ${on.name} cannot be looked at: ${stderr.trim()}`)
    return code === 0 ? { path } : undefined
  },
  diff: async (on, { path }) => [{ path, before: await kindOf(on, path), after: '' }],
  remember: (on, { path }) => keepTree(on, path),
  async apply(on, { path }, kept) {
    // Renamed first, so that at every moment it is there whole or not at all.
    await on.must(
      sh`f=${path}; t=${besideOf(on, path)}
${statePrinter}
rm -rf -- "$t" || exit 1
if [ -e "$f" ] || [ -L "$f" ]; then
${mustBeAsKept(kept)}
${noteMoved(kept)}
mv -T -- "$f" "$t" || exit 1; fi; rm -rf -- "$t"`,
      { timeout: 3600 },
    )
    return { path }
  },
  undo: (on, { path }, kept) => bringTreeBack(on, path, kept),
})

/**
 * Moves what stands at a path aside, if anything does, under a name with the run in it. Undo moves it back.
 *
 * @example
 * file.setAside({ path: '/srv/app/tree' })
 */
export const setAside = change('file.setAside', {
  async check(
    on,
    { path }: { path: string },
    remembered?: { aside: string },
  ): Promise<{ aside: string | null } | undefined> {
    const aside = remembered?.aside ?? ''
    const { code, stdout } = await ask(
      on,
      sh.read`test ! -e ${path} && test ! -L ${path} || exit 3; if [ -e ${aside} ] || [ -L ${aside} ]; then echo ours; fi`,
    )
    if (code !== 0) return undefined
    return { aside: stdout === '' ? null : aside }
  },
  diff: async (on, { path }) => [{ path, before: await kindOf(on, path), after: '' }],
  async remember(on, { path }) {
    // A step before this one may have set the same path aside, and somebody has filled it since.
    const number = await on.must(
      sh.read`a=${`${path}.aside-${on.run}`}; n=; i=0; while [ -e "$a$n" ] || [ -L "$a$n" ]; do i=$((i + 1)); n=.$i; done; printf %s "$n"`,
    )
    return { aside: `${path}.aside-${on.run}${number.trim()}` }
  },
  async apply(on, { path }, { aside }): Promise<{ aside: string | null }> {
    await on.must(sh`if [ ! -e ${aside} ] && [ ! -L ${aside} ]; then mv -T -- ${path} ${aside}
elif [ -e ${path} ] || [ -L ${path} ]; then
printf '%s\n' ${`somebody else put something at ${path} after it was set aside as ${aside}: move it away, then run again`} >&2; exit 1; fi`)
    return { aside }
  },
  async undo(on, { path }, { aside }) {
    await on.must(sh`{ [ ! -e ${aside} ] && [ ! -L ${aside} ]; } || { [ ! -e ${path} ] && [ ! -L ${path} ] && mv -T -- ${aside} ${path}; } || {
printf '%s\n' ${`somebody else put something at ${path}: move it away, what was there is ${aside}`} >&2; exit 1; }`)
  },
})

async function kindOf(on: On, path: string): Promise<string> {
  const { stdout } = await ask(on, sh.read`stat -c '%F' -- ${path}`)
  return stdout
}
