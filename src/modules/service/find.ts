import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { among, listing, type Process, withoutForks } from '../process.ts'
import { ask, linesOf } from '../target.ts'

/** Which service: by its name (without `.service`), by a directory that what starts it names, or both. */
export type Service = {
  readonly name?: string
  readonly path?: string
  /** Whole arguments by which its processes are known: without them, whatever names the path is taken for one. */
  readonly args?: readonly string[]
}

/** A unit, as `systemctl show` tells it. */
export type Unit = {
  readonly kind: 'systemd'
  readonly unit: string
  readonly active: string
  /** `enabled`, `disabled`, `static`, `generated`, `masked`, ... */
  readonly enabled: string
  readonly restart: string
  /** Timers, sockets and paths that start it. */
  readonly triggeredBy: readonly string[]
}
/** A script of `/etc/init.d`, and its links that a boot starts. */
export type InitScript = { readonly kind: 'sysv'; readonly script: string; readonly links: readonly string[] }
/** A line of rc.local, of a table of cron, or (`crontab`) of the user's own. */
export type TableLine = { readonly kind: 'line'; readonly file: string; readonly line: string }

export type Supervisor = Unit | InitScript | TableLine

/** Who starts a service, and what of it runs. */
export type Found = { readonly supervisors: readonly Supervisor[]; readonly running: readonly Process[] }

const unitDirectories = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
]
const properties = ['Id', 'LoadState', 'ActiveState', 'UnitFileState', 'Restart', 'TriggeredBy']

/** Asks who starts it and what runs, in one script that only reads. */
export async function findService(on: On, service: Service): Promise<Found> {
  const { code, stdout, stderr } = await ask(on, question(service))
  if (code !== 0) throw new TaskError(`${on.name}: nothing tells who starts it`, linesOf(stderr).slice(-5))
  return foundIn(stdout)
}

/** The script. Of systemd only what runs as PID 1 is asked. */
export function question({ name = '', path = '', args }: Service): Command {
  if (name === '' && path === '') throw new TypeError('A service is found by its name or by a path.')
  if (!/^[\w@.:\\-]*$/.test(name) || name.startsWith('-'))
    throw new TypeError(`"${name}" is no name of a service.`)
  return sh.read`n=${name}; p=${path}; r=; [ -z "$p" ] || r=$(readlink -f -- "$p") || r=$p
nl='
'
naming() { [ -n "$p" ] || return 0
for f; do [ -f "$f" ] && [ -r "$f" ] && printf '%s\0' "$f"; done | xargs -0 -r grep -lsF -e "$p/" -e "$r/" -- |
while IFS= read -r f; do grep -v '^[[:space:]]*#' -- "$f" 2>/dev/null | grep -qF -e "$p/" -e "$r/" && printf '%s\n' "$f"; done; :; }
lines() { grep -F -e "$p/" -e "$r/" | grep -v '^[[:space:]]*#' | while IFS= read -r l; do printf 'line %s:%s\n' "$1" "$l"; done; }
set --; for d in ${unitDirectories}; do set -- "$@" "$d"/*.service "$d"/*.service.d/*.conf; done
units=$([ -z "$n" ] || printf '%s\n' "$n.service"
naming "$@" | sed -e 's|\.d/[^/]*\.conf$||' -e 's|.*/||')
inits=$(naming /etc/init.d/* /etc/default/* /etc/sysconfig/*)
if cd /etc/init.d 2>/dev/null; then for b in *; do f=/etc/init.d/$b
case $nl$inits$nl in *"$nl$f$nl"* | *"$nl/etc/default/$b$nl"* | *"$nl/etc/sysconfig/$b$nl"*) ;; *) [ "$b" = "$n" ] && [ -f "$f" ] || continue ;; esac
printf 'init %s\n' "$f"; units=$units$nl$b.service
for l in /etc/rc[2345].d/S[0-9][0-9]"$b"; do [ ! -L "$l" ] || printf 'link %s\n' "$l"; done; done; fi
if [ -n "$p" ]; then for c in $(grep -lzsF -e "$p/" -e "$r/" /proc/[0-9]*/cmdline ${among(args ?? [])}); do
u=$(sed -n 's|^.*/\([^/]*\.service\)$|\1|p' "$(dirname -- "$c")/cgroup" 2>/dev/null | head -n 1); [ -z "$u" ] || units="$units
$u"; done; fi
if [ -d /run/systemd/system ]; then printf '%s\n' "$units" | sort -u | while IFS= read -r u; do [ -n "$u" ] || continue
systemctl show ${properties.flatMap((each) => ['-p', each])} -- "$u" </dev/null || exit 1; echo; done || exit 1; fi
naming /etc/rc.local /etc/rc.d/rc.local /etc/crontab /etc/cron.d/* | while IFS= read -r f; do lines "$f" <"$f"; done
[ -z "$p" ] || crontab -l 2>/dev/null | lines crontab
echo running
${args === undefined ? sh.read`:` : listing(args)}`
}

/** Sessions of people and of what runs commands for them: a service below these was started by hand. */
const byHand = /^(sshd?|crond?|user@\d+|docker|containerd|session-.*)(@.*)?\.service$/

/** What the script's answer says. */
export function foundIn(text: string): Found {
  const lines = text.split('\n')
  const end = lines.indexOf('running')
  const supervisors: Supervisor[] = []
  let show = new Map<string, string>()
  for (const line of lines.slice(0, end)) {
    const [, script] = /^init (\/.*)$/.exec(line) ?? []
    const [, link] = /^link (\/.*)$/.exec(line) ?? []
    const [, file, entry] = /^line (\/[^:]+|crontab):(.*)$/.exec(line) ?? []
    const [, key, value = ''] = /^([A-Z]\w*)=(.*)$/.exec(line) ?? []
    const last = supervisors.at(-1)
    if (script !== undefined) supervisors.push({ kind: 'sysv', script, links: [] })
    else if (link !== undefined && last?.kind === 'sysv')
      supervisors.splice(-1, 1, { ...last, links: [...last.links, link] })
    else if (file !== undefined && entry !== undefined)
      supervisors.push({ kind: 'line', file, line: entry.trim() })
    else if (key !== undefined) show.set(key, value)
    else if (line === '') {
      supervisors.push(...unitOf(show))
      show = new Map()
    }
  }
  return {
    supervisors: withoutGenerated(supervisors),
    running: withoutForks(linesOf(lines.slice(end + 1).join('\n'))),
  }
}

function unitOf(show: ReadonlyMap<string, string>): readonly Unit[] {
  const unit = show.get('Id')
  if (unit === undefined || show.get('LoadState') === 'not-found' || byHand.test(unit)) return []
  return [
    {
      kind: 'systemd',
      unit,
      active: show.get('ActiveState') ?? 'unknown',
      enabled: show.get('UnitFileState') || 'unknown',
      restart: show.get('Restart') ?? 'no',
      triggeredBy: (show.get('TriggeredBy') ?? '').split(' ').filter((each) => each !== ''),
    },
  ]
}

/** A script of init.d that systemd has made a unit of is systemd's; what two names lead to is one. */
function withoutGenerated(all: readonly Supervisor[]): readonly Supervisor[] {
  const units = new Map(all.flatMap((one) => (one.kind === 'systemd' ? [[one.unit, one] as const] : [])))
  const others = all.filter(
    (one) =>
      one.kind === 'line' ||
      (one.kind === 'sysv' && !units.has(`${one.script.slice(one.script.lastIndexOf('/') + 1)}.service`)),
  )
  return [...units.values(), ...others]
}
