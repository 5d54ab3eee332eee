import { quote } from '../model/command.ts'
import type { JobId, JobOptions } from '../model/connection.ts'
import { exports } from './frame.ts'
import { passedOn } from './lock-scripts.ts'
import { sessionFunctions } from './session.ts'
import { needs } from './tools.ts'

const own = ['command', 'stdin', 'pid', 'pid.new', 'log', 'rc', 'rc.new', 'cancelled']

/** The path of a job's directory below `jobs/`; refuses what is no list of file names. */
export function jobPath(id: JobId): string {
  const bad = id
    .split('/')
    .find((part) => !/^[^.\0\n][^\0\n]*$/.test(part) || Buffer.byteLength(part) > 200 || own.includes(part))
  if (bad !== undefined) throw new TypeError(`"${bad}" cannot be part of the job id "${id}".`)
  return id
}

/**
 * Becomes the leader of the job. It says who it is before it runs anything, gives up the channel's streams, and writes
 * the exit status under its name only when it is on disk. TERM ends its children; it stays to write down their status.
 * Where the lock has passed on it ends before it is anybody.
 */
const leader = (fence: string | undefined): string => `trap : HUP INT TERM; d=$1
${fence === undefined ? ':' : `{ ${fence}; } || exit`}
IFS= read -r s </proc/$$/stat && IFS= read -r b </proc/sys/kernel/random/boot_id || exit 1
p=$$; set -- \${s##*) }
printf '%s %s %s\\n' "$p" "\${20}" "$b" >"$d/pid.new" && : >"$d/log" && mv "$d/pid.new" "$d/pid" || exit 1
exec >>"$d/log" 2>&1
if [ -e "$d/stdin" ]; then exec <"$d/stdin"; rm -f "$d/stdin"; fi
/bin/sh "$d/command"; r=$?
printf '%s\\n' "$r" >"$d/rc.new" && { sync "$d/rc.new" 2>/dev/null || sync; } && mv "$d/rc.new" "$d/rc"
sync "$d" 2>/dev/null || sync`

/** Starts a job unless its directory exists; ends when the leader has said who it is. Its input is the job's. */
export function startScript(
  workdir: string,
  id: JobId,
  text: string,
  options: JobOptions,
  fence?: string,
): string {
  const directory = `${workdir}/jobs/${jobPath(id)}`
  // A TERM that finds the leader, or its child before its exec, ends neither: the mark that stands before it does.
  const command = [
    `[ ! -e "\${0%/*}/cancelled" ] || exit 143`,
    ...(options.cwd === undefined ? ['cd || exit'] : [`cd -- ${quote(options.cwd)} || exit`]),
    ...exports(options.env),
    text,
  ].join('\n')
  return `${needs('mkdir', 'setsid', 'mv', 'rm', 'sync', ...(options.stdin === undefined ? [] : ['cat']), 'stat', 'tail', 'head')}
m=$(umask); umask 077; d=${quote(directory)}
mkdir -p -- ${quote(directory.slice(0, directory.lastIndexOf('/')))} || exit 1
if ! mkdir -- "$d" 2>/dev/null; then [ -d "$d" ] && exit 0; mkdir -- "$d"; exit 1; fi
give_up() { rm -rf -- "$d"; exit 1; }
printf 'umask %s\\n%s\\n' "$m" ${quote(command)} >"$d/command" || give_up
${options.stdin === undefined ? ':' : 'cat >"$d/stdin" || give_up'}
said=$(setsid /bin/sh -c ${quote(leader(fence))} upgrade-fleet-job "$d" </dev/null 2>&1 &)
${fence === undefined ? ':' : `[ -e "$d/pid" ] || { ${fence}; } || { rm -rf -- "$d"; exit ${passedOn}; }`}
[ -e "$d/pid" ] || { printf '%s\\n' "$said" >&2; give_up; }`
}

/** What a job is at one moment, as the first line of {@link stateScript}. */
export interface JobState {
  readonly state: 'ended' | 'running' | 'starting' | 'dead' | 'rebooted' | 'absent'
  readonly code: number | undefined
  readonly cancelled: boolean
}

const stateOf = `${sessionFunctions}
state() { code=; if [ -e "$d/rc" ]; then IFS= read -r code <"$d/rc"; say ended; return; fi
[ -d "$d" ] || { say absent; return; }
[ -e "$d/pid" ] || { say starting; return; }
IFS=' ' read -r pid born boot <"$d/pid"; IFS= read -r now </proc/sys/kernel/random/boot_id
[ "$boot" = "$now" ] || { say rebooted; return; }
if alive "$pid" "$born"; then say running
elif [ -e "$d/rc" ]; then IFS= read -r code <"$d/rc"; say ended
else say dead; fi; }
`

/** Says a job's state, then its log from a byte on, at most `most` bytes. The state is read first, so an ended job's log is whole. */
export function stateScript(directory: string, from: number, most: number): string {
  return `d=${quote(directory)}
say() { c=; [ ! -e "$d/cancelled" ] || c=cancelled; printf '%s %s %s\\n' "$1" "\${code:--}" "\${c:--}"; }
${stateOf}state
size=$(stat -c %s -- "$d/log" 2>/dev/null) || exit 0
[ "$size" -gt ${from} ] && tail -c +${from + 1} -- "$d/log" | head -c ${most}
exit 0`
}

/** Reads the first line of {@link stateScript}. */
export function parseState(line: string): JobState {
  const [state, code, cancelled] = line.split(' ')
  const known = ['ended', 'running', 'starting', 'dead', 'rebooted', 'absent'] as const
  return {
    state: known.find((one) => one === state) ?? 'absent',
    code: code === undefined || !/^\d+$/.test(code) ? undefined : Number(code),
    cancelled: cancelled === 'cancelled',
  }
}

/**
 * Signals a job's session and says how many of its processes live. `first` refuses when the job has ended by itself, and
 * leaves the mark that it was cancelled, with which a command that has not begun never does; later rounds go on with what
 * is left, since children may outlive their leader.
 */
export function signalScript(directory: string, signal: 'TERM' | 'KILL' | '0', first: boolean): string {
  return `umask 077; d=${quote(directory)}; s=
say() { s=$1; }
${stateOf}state
${first ? 'case $s in starting | running | dead) : >"$d/cancelled" || exit 1; [ -e "$d/pid" ] || { printf 0; exit 0; } ;; *) printf 0; exit 0 ;; esac' : 'case $s in rebooted | absent | starting) printf 0; exit 0 ;; esac'}
IFS=' ' read -r pid born boot <"$d/pid"
left=$(members "$pid" "$born")
${signal === '0' ? ':' : `[ -z "$left" ] || kill -${signal} $left 2>/dev/null`}
set -- $left; printf '%s' "$#"
exit 0`
}

/** Lists the ids of the jobs below a directory of `jobs/`, one a line. */
export function listScript(jobs: string, prefix: string): string {
  const top = prefix === '' ? jobs : `${jobs}/${jobPath(prefix)}`
  return `walk() { [ ! -e "$1/command" ] || printf '%s\\n' "$1"
for one in "$1"/*/; do [ ! -d "$one" ] || (walk "\${one%/}"); done; }
[ ! -d ${quote(top)} ] || walk ${quote(top)}`
}
