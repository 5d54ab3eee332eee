import { type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { type Asking, asked, listens } from './http.ts'
import { withArguments } from './process.ts'
import { ask, clock, holds, pauses } from './target.ts'

type Patience = {
  /** How long is waited at most, in seconds; default 300. */
  readonly timeout?: number
}

/** What a look saw: what was waited for, or why not yet. */
export type Look<Out> = { readonly is: Out } | { readonly not: string }

/**
 * Looks until it is so. Why not yet is said when it changes, and the time that has passed is shown. Throws {@link TaskError} at the
 * deadline, with the last reason. It looks once, however short the time is.
 */
export async function awaited<Out>(
  on: On,
  what: string,
  { timeout = 300 }: Patience,
  look: () => Promise<Look<Out>>,
): Promise<Out> {
  const begun = clock()
  const rest = pauses(on)
  let said = ''
  for (;;) {
    const seen = await look()
    if ('is' in seen) return seen.is
    const waited = clock() - begun
    if (waited >= timeout)
      throw new TaskError(`${what} on ${on.name}: not within ${timeout} seconds`, [seen.not])
    if (seen.not !== said) on.say(`${what}: not yet: ${seen.not}`)
    said = seen.not
    on.progress(Math.round(waited), timeout, 'seconds')
    await rest()
  }
}

/**
 * Waits until something accepts TCP connections at an address that the machine reaches, or (`stopped`) nothing does.
 *
 * @example
 * waitFor.port({ address: '127.0.0.1', port: 9443, timeout: 300 })
 */
export const port = observe(
  'waitFor.port',
  (
    on,
    input: Patience & {
      readonly address: string
      readonly port: number
      readonly state?: 'started' | 'stopped'
    },
  ) => {
    const { address, port: number, state = 'started' } = input
    const where = `${address}:${number}`
    return awaited(on, `port ${where}`, input, async (): Promise<Look<true>> => {
      if ((await listens(on, address, number)) === (state === 'started')) return { is: true }
      return { not: state === 'started' ? 'nothing listens there' : 'something listens there' }
    })
  },
)

/**
 * Waits until a file is there, has a line that matches an extended regular expression, or (`absent`) is not there.
 *
 * @example
 * waitFor.file({ path: '/srv/app/app.log', matches: 'started' })
 */
export const file = observe(
  'waitFor.file',
  (
    on,
    input: Patience & {
      readonly path: string
      readonly state?: 'present' | 'absent'
      readonly matches?: string
    },
  ) => {
    const { path, state = 'present', matches } = input
    return awaited(on, path, input, async (): Promise<Look<true>> => {
      const { code, stderr } = await ask(
        on,
        sh.read`f=${path}; [ -e "$f" ] || [ -L "$f" ] || exit 3; ${matches === undefined ? sh.read`exit 0` : sh.read`[ -f "$f" ] || exit 4; grep -qaE -e ${matches} -- "$f" || { [ $? = 1 ] && exit 4; exit 5; }`}`,
      )
      if (code === 5) throw new TaskError(`${path} on ${on.name} cannot be searched`, [stderr.trim()])
      if ((state === 'present' && code === 0) || (state === 'absent' && code === 3)) return { is: true }
      return {
        not: code === 3 ? 'it is not there' : code === 4 ? `no line matches ${matches}` : 'it is there',
      }
    })
  },
)

/** Where a log stood: its inode and size, so that only what comes after is looked at, even where it is rotated. */
export type Mark = { readonly inode: number; readonly offset: number }

/**
 * Where a log stands now; zeros where there is none. Ask it before what is to write into it.
 *
 * @example
 * waitFor.mark({ path: '/srv/app/app.log' })
 */
export const mark = observe(
  'waitFor.mark',
  async (on, { path }: { readonly path: string }): Promise<Mark> => {
    const said = await on.must(sh.read`stat -L -c '%i %s' -- ${path} 2>/dev/null || echo '0 0'`)
    const [inode = 0, offset = 0] = said.trim().split(' ').map(Number)
    return { inode, offset }
  },
)

/**
 * Waits for a line of a log that has a text, after a mark; gives the line. A log that was renamed since is read to its end, and so
 * are those that came after it; one that was cut is read from its beginning. A line with one of `fails` ends the waiting.
 *
 * @example
 * waitFor.log({ path: '/srv/app/app.log', says: 'started', fails: ['FATAL'] })
 */
export const log = observe(
  'waitFor.log',
  (
    on,
    input: Patience & {
      readonly path: string
      readonly says: string
      readonly fails?: readonly string[]
      readonly since?: Mark
    },
  ) => {
    const { path, says, fails = [], since = { inode: 0, offset: 0 } } = input
    const slash = path.lastIndexOf('/')
    const [directory, base] = [path.slice(0, slash) || '/', path.slice(slash + 1)]
    return awaited(on, `"${says}" in ${path}`, input, async (): Promise<Look<{ readonly line: string }>> => {
      const { stdout } = await ask(
        on,
        sh.read`cd -- ${directory} 2>/dev/null || exit 0; b=${base}; i=${since.inode}; o=${since.offset}
[ -e "./$b" ] || echo none; echo log
old=; [ "$i" = 0 ] || for f in "./$b"*; do [ "$(stat -L -c %i -- "$f" 2>/dev/null)" != "$i" ] || old=$f; done
if [ -n "$old" ]; then [ "$(stat -L -c %s -- "$old")" -ge "$o" ] || o=0; fi
{ if [ -n "$old" ]; then tail -c "+$((o + 1))" -- "$old"; for f in "./$b"*; do
[ "$f" = "./$b" ] || [ "$f" = "$old" ] || [ ! "$f" -nt "$old" ] || cat -- "$f"; done; fi
[ "./$b" = "$old" ] || cat -- "./$b" 2>/dev/null; } | grep -aF ${[says, ...fails].flatMap((text) => ['-e', text])} | cut -c 1-1000 | head -n 50; :`,
      )
      const at = stdout.indexOf('log\n')
      const lines =
        at < 0
          ? []
          : stdout
              .slice(at + 4)
              .split('\n')
              .filter((line) => line !== '')
      const bad = lines.find((line) => fails.some((text) => line.includes(text)))
      if (bad !== undefined) throw new TaskError(`${path} on ${on.name} says that it will not come`, [bad])
      const line = lines.find((each) => each.includes(says))
      if (line !== undefined) return { is: { line } }
      return { not: at !== 0 ? 'there is no such log' : 'no line has it' }
    })
  },
)

/**
 * Waits until a process with all of these whole arguments is there, or (`gone`) none is.
 *
 * @example
 * waitFor.process({ args: ['-Dcarbon.home=/srv/app/wso2am-3.0.0'], state: 'gone' })
 */
export const process = observe(
  'waitFor.process',
  (on, input: Patience & { readonly args: readonly string[]; readonly state?: 'there' | 'gone' }) => {
    const { args, state = 'there' } = input
    if (args.length === 0 || args.includes(''))
      throw new TypeError('A process is waited for by its arguments, and there is none.')
    return awaited(
      on,
      `a process ${args.join(' ')}`,
      input,
      async (): Promise<Look<{ readonly pids: readonly number[] }>> => {
        const look = async () => (await withArguments(on, args)).map(({ pid }) => pid)
        const pids = await look()
        if (state === 'there') return pids.length > 0 ? { is: { pids } } : { not: 'there is none' }
        // What was started while it looked is not in that look: only the next one sees it.
        const left = pids.length > 0 ? pids : await look()
        return left.length === 0
          ? { is: { pids: left } }
          : { not: `there is still ${left.map((pid) => `pid ${pid}`).join(', ')}` }
      },
    )
  },
)

/**
 * Waits until a URL answers as it is to: `http.ask`, asked again. Its own `timeout` is that of the waiting, `each` that of one question (10).
 *
 * @example
 * waitFor.http({ url: 'http://gw1.example.com:8280/services/Version', says: '3.0.0', timeout: 300 })
 */
export const http = observe(
  'waitFor.http',
  (
    on,
    input: Asking & {
      /** Deadline in seconds of each question; default 10. */
      readonly each?: number
    },
  ) => {
    const { each = 10, timeout = 300, ...asking } = input
    return awaited(on, input.url, { timeout }, async (): Promise<Look<{ readonly status: number }>> => {
      try {
        const { status } = await asked(on, { ...asking, timeout: each })
        return { is: { status } }
      } catch (error) {
        if (error instanceof TaskError && !on.signal.aborted) return { not: error.message }
        throw error
      }
    })
  },
)

/**
 * Waits until a program that only reads exits 0.
 *
 * @example
 * waitFor.command({ argv: ['test', '-e', '/srv/app/app.conf'] })
 */
export const command = observe(
  'waitFor.command',
  (on, input: Patience & { readonly argv: readonly string[] }) =>
    awaited(
      on,
      input.argv.join(' '),
      input,
      async (): Promise<Look<true>> =>
        (await holds(on, sh.read`( exec ${input.argv} )`)) ? { is: true } : { not: 'it exits other than 0' },
    ),
)
