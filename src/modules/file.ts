import type { On } from '../model/action.ts'
import { change } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { shownText, type Text } from '../model/secret.ts'
import { ask, holds, linesOf, looks } from './target.ts'

/** A directory that is there, its parents too. Undo removes what was made, as far as it is empty. */
export const directory = change('file.directory', {
  async check(on, { path }: { path: string; mode?: string }) {
    return (await holds(on, sh.read`test -d ${path}`)) ? { path } : undefined
  },
  diff: async (_on, { path, mode }) => [
    { path, before: '', after: `a directory of mode ${mode ?? '0755'}\n` },
  ],
  async remember(on, { path }) {
    const missing = await on.must(
      sh.read`d=${path}; while [ ! -e "$d" ] && [ "$d" != / ]; do printf '%s\n' "$d"; d=$(dirname -- "$d"); done`,
    )
    return { missing: linesOf(missing) }
  },
  async apply(on, { path, mode }) {
    await on.must(sh`mkdir -p -- ${path} && chmod ${mode ?? '0755'} -- ${path}`)
    return { path }
  },
  async undo(on, _input, { missing }) {
    for (const path of missing) await on.must(sh`rmdir -- ${path} 2>/dev/null || :`)
  },
})

type Before = { readonly copy: string } | null

/** A file with this text, secrets put in on the way. The file that stood there is kept on the machine, for undo. */
export const render = change('file.render', {
  async check(on, { path, text, mode }: { path: string; text: Text; mode?: number }) {
    const same = await holds(on, sh.read`cmp -s -- - ${path}`, { stdin: text })
    const bits = (mode ?? 0o600).toString(8)
    return same && (await holds(on, sh.read`test "$(stat -c %a -- ${path})" = ${bits}`))
      ? { path }
      : undefined
  },
  async diff(on, { path, text, mode }) {
    const is = await looks(on, path)
    const bits = (mode ?? 0o600).toString(8)
    return [
      { path: `${path} (mode)`, before: `${is.mode}\n`, after: `${bits}\n` },
      { path, before: is.text, after: shownText(text) },
    ]
  },
  remember: (on, { path }): Promise<Before> => keepFile(on, path),
  async apply(on, { path, text, mode }) {
    await on.put({ text }, path, { mode: mode ?? 0o600, signal: on.signal })
    return { path }
  },
  undo: (on, { path }, before) => bringBack(on, path, before),
})

/** A file or tree that is not there. It is kept on the machine, for undo. */
export const absent = change('file.absent', {
  async check(on, { path }: { path: string }) {
    return (await holds(on, sh.read`test ! -e ${path} && test ! -L ${path}`)) ? { path } : undefined
  },
  diff: async (on, { path }) => [{ path, before: await kindOf(on, path), after: '' }],
  remember: (on, { path }): Promise<Before> => keepFile(on, path),
  async apply(on, { path }) {
    await on.must(sh`rm -rf -- ${path}`)
    return { path }
  },
  undo: (on, { path }, before) => bringBack(on, path, before),
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

async function kindOf(on: On, path: string): Promise<string> {
  const { stdout } = await ask(on, sh.read`stat -c '%F' -- ${path}`)
  return stdout
}

type Place = { keep(): Promise<string>; must: Parameters<typeof holds>[0]['must']; name: string }

// The copy is complete before its name appears, and a copy that is there is never overwritten.
async function keepFile(on: Place, path: string): Promise<Before> {
  const copy = `${await on.keep()}/before`
  const said = await on.must(
    sh`if [ -e ${copy} ]; then echo kept; elif [ -e ${path} ]; then
      rm -rf -- ${`${copy}.part`} && cp -a -- ${path} ${`${copy}.part`} && mv -- ${`${copy}.part`} ${copy} && echo kept
      else echo none; fi`,
  )
  return said.trim() === 'kept' ? { copy } : null
}

async function bringBack(on: Place, path: string, before: Before): Promise<void> {
  if (path === '/' || path === '') throw new TaskError(`${on.name}: refused to replace ${path || 'nothing'}`)
  const next = `${path}.upgrade-fleet-back`
  if (before === null) await on.must(sh`rm -rf -- ${path}`)
  else
    await on.must(
      sh`rm -rf -- ${next} && cp -a -- ${before.copy} ${next} && rm -rf -- ${path} && mv -- ${next} ${path}`,
    )
}
