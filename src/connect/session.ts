import { createHmac } from 'node:crypto'
import type { MachineIdentity } from '../model/machine-identity.ts'

/** A process that cannot be mistaken for a later one with its number: pids return, pid and start time together do not. */
export interface Identity {
  readonly pid: number
  readonly start: string
}

/** Reads a line of `/proc/PID/stat`; undefined unless the process leads a session of its own. */
export function parseStat(line: string): Identity | undefined {
  const pid = Number(line.split(' ', 1)[0])
  const fields = line.slice(line.lastIndexOf(') ') + 2).split(' ')
  const start = fields[19]
  if (!Number.isInteger(pid) || pid < 2 || start === undefined || !/^\d+$/.test(start)) return undefined
  return Number(fields[3]) === pid ? { pid, start } : undefined
}

/** Says the process of the shell that runs it, the machine-id and the boot, by built-in commands. */
export const helloText = `read -r s </proc/$$/stat; m=; b=
{ read -r m </etc/machine-id; read -r b </proc/sys/kernel/random/boot_id; } 2>/dev/null
printf '%s\\n%s\\n%s' "$s" "$m" "$b"; unset s m b`

/** Reads the answer of {@link helloText}. What is no machine-id counts as none; it leaves here as a hash of our own alone. */
export function parseHello(text: string): {
  readonly shell: Identity | undefined
  readonly who: MachineIdentity
} {
  const [stat = '', id = '', boot = ''] = text.split('\n')
  const named = /^[0-9a-f]{32}$/.test(id) && !/^0+$/.test(id)
  return {
    shell: parseStat(stat),
    who: {
      ...(named && { id: createHmac('sha256', 'upgrade-fleet').update(id).digest('hex').slice(0, 32) }),
      ...(/^[0-9a-f-]{36}$/.test(boot) && { boot }),
    },
  }
}

/**
 * Shell functions over `/proc`, with built-in commands only. `members SID START` says the living processes of a session,
 * its leader first, and nothing when the number has passed on to another leader. `alive PID START` asks for one.
 */
export const sessionFunctions = `stat_of() { { IFS= read -r line <"$1"; } 2>/dev/null || return 1
line="\${line%% *} \${line##*) }"; }
alive() { stat_of "/proc/$1/stat" || return 1; set -- "$2" $line
[ "\${22}" = "$1" ] && [ "$3" != Z ] && [ "$3" != X ]; }
members() { sid=$1; born=$2; if stat_of "/proc/$sid/stat"; then set -- $line; [ "\${21}" = "$born" ] || return 0; fi
first=; others=
for one in /proc/[0-9]*/stat; do stat_of "$one" || continue; set -- $line
[ "$5" = "$sid" ] && [ "$2" != Z ] && [ "$2" != X ] || continue
if [ "$1" = "$sid" ]; then first=$1; else others="$others $1"; fi; done
printf '%s' "$first$others"; }
`

/** The script that kills a session and says how many of it are left. */
export function killScript(session: Identity): string {
  return `${sessionFunctions}round=0
while left=$(members ${session.pid} ${session.start}); [ -n "$left" ] && [ $round -lt 40 ]; do
kill -KILL $left 2>/dev/null; round=$((round + 1)); [ $round -lt 3 ] || sleep 0.05 2>/dev/null || sleep 1; done
set -- $left; printf '%s' "$#"`
}
