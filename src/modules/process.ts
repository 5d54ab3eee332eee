import type { On } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import { linesOf } from './target.ts'

/** A process, so named that another one which later gets its pid is not taken for it. */
export type Process = {
  readonly pid: number
  /** Clock ticks after boot, from `/proc/PID/stat`. */
  readonly started: string
  readonly args: readonly string[]
}

/** Processes with each of these whole arguments on their command line, as far as the user may see them. */
export async function withArguments(
  on: Pick<On, 'must'>,
  args: readonly string[],
): Promise<readonly Process[]> {
  return withoutForks(linesOf(await on.must(listing(args))))
}

/** The command that says their `stat` lines, each followed by its arguments: for {@link withoutForks}. */
export function listing(args: readonly string[]): Command {
  return sh.read`ls -d /proc/[0-9]*/cmdline ${among(args)} | while IFS= read -r file; do
  d=$(dirname -- "$file")
  stat=$(cat -- "$d/stat" 2>/dev/null) && args=$(tr '\n\0' ' \t' 2>/dev/null < "$file") && printf '%s\n%s\n' "$stat" "$args"
done; :`
}

/** A filter of names of `cmdline` files: those of processes with each of these whole arguments. */
export function among(args: readonly string[]): Command {
  return args
    .map((arg) => sh.read`| xargs -r grep -lzsx -e ${pattern(arg)}`)
    .reduce((all, next) => sh.read`${all} ${next}`, sh.read``)
}

/**
 * The processes of `stat` lines, each followed by its arguments. One whose parent is among them is left out: between
 * fork and exec the child of a virtual machine still shows its parent's command line.
 */
export function withoutForks(lines: readonly string[]): readonly Process[] {
  const found = lines.flatMap((stat, at) => {
    const process = at % 2 === 0 ? parse(stat, lines[at + 1] ?? '') : undefined
    return process === undefined ? [] : [{ process, parent: Number(fieldsOf(stat)[1]) }]
  })
  const pids = new Set(found.map(({ process }) => process.pid))
  return found.filter(({ parent }) => !pids.has(parent)).map(({ process }) => process)
}

/** Sends a signal to exactly that process: nothing when it has gone, even if another has its pid by now. */
export async function signal(
  on: Pick<On, 'must'>,
  { pid, started }: Process,
  name: 'TERM' | 'KILL',
): Promise<void> {
  await on.must(
    sh`[ "$(sed 's/.*) //' ${`/proc/${pid}/stat`} 2>/dev/null | cut -d ' ' -f 20)" != ${started} ] || kill -s ${name} ${pid} 2>/dev/null || :`,
  )
}

/** A process from its `stat` line and its arguments parted by tabs. */
export function parse(stat: string, args: string): Process | undefined {
  const pid = Number.parseInt(stat, 10)
  const started = fieldsOf(stat)[19]
  if (Number.isNaN(pid) || started === undefined) return undefined
  return { pid, started, args: args.split('\t').filter((arg) => arg !== '') }
}

// Those behind the command's name, which may hold blanks and brackets: state, parent, ...
const fieldsOf = (stat: string): readonly string[] => stat.slice(stat.lastIndexOf(') ') + 2).split(' ')

// A pattern that does not match itself, so that grep does not find grep.
function pattern(arg: string): string {
  return arg
    .replace(/[.[\]*^$\\]/g, '\\$&')
    .replace(/^-?\w/, (head) => `${head.slice(0, -1)}[${head.slice(-1)}]`)
}
