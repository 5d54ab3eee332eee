import { observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { ask, linesOf } from '../modules/target.ts'
import { serversOf } from './server.ts'

/** Where units lie, the administrator's first. */
const unitDirectories = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
]
/** Tables and scripts that are gone through at a boot or by the clock; of `init.d` only what a boot starts counts. */
const tables = ['/etc/rc.local', '/etc/rc.d/rc.local', '/etc/crontab', '/etc/cron.d/*', '/etc/rc[2345].d/S*']

/** Sessions of people and of what runs commands for them: a server below these was started by hand. */
const byHand = /^(sshd?|crond?|user@\d+|docker|containerd|session-.*)\.service$/

/**
 * Who would start a home's server again, told by three kinds of lines: `unit PATH ENABLED ACTIVE` (a unit that names the
 * home, and what systemctl says of it), `cgroup UNIT` (what the server runs under), `line FILE:TEXT` (a line that names it).
 */
export function supervisorsIn(lines: readonly string[]): readonly string[] {
  const units = lines.flatMap((line) => {
    const [kind, path = '', enabled = '', active = ''] = line.split(' ')
    const unit = path.split('/').at(-1) ?? path
    const asleep = ['disabled', 'masked', 'masked-runtime'].includes(enabled) && active !== 'active'
    return kind === 'unit' && !asleep ? [{ unit, state: ` (${enabled}, ${active})` }] : []
  })
  const running = lines.flatMap((line) => {
    const unit = line.match(/^cgroup (\S+)$/)?.[1]
    const known = unit === undefined || byHand.test(unit) || units.some((each) => each.unit === unit)
    return known ? [] : [{ unit, state: ' (it runs under it)' }]
  })
  const entries = lines.flatMap((line) => {
    const [, file, text = ''] = line.match(/^line (\/[^:]+|crontab):(.*)$/) ?? []
    return file === undefined || /^\s*#/.test(text) ? [] : [file]
  })
  return [
    ...[...units, ...running].map(
      ({ unit, state }) =>
        `the unit ${unit}${state}: as root, \`systemctl disable --now ${unit}\`, and start the server by its own script; \`systemctl enable ${unit}\` brings the unit back after a rollback`,
    ),
    ...[...new Set(entries)].map(
      (file) => `${file === 'crontab' ? "the user's crontab" : file}: put a # before the line that names it`,
    ),
  ]
}

/**
 * A gate: holds when nothing but a person starts the server of a home. WSO2's own units (`Restart=on-failure`) take the
 * end of a stopped server for a failure and start the old version again, on databases that are half migrated; a reboot
 * does the same.
 */
export const unsupervised = observe('apim.unsupervised', async (on, { home }: { home: string }) => {
  const pids = (await serversOf(on, home)).map(({ pid }) => `/proc/${pid}/cgroup`)
  const { stdout } = await ask(
    on,
    sh.read`h=${home}; r=$(readlink -f -- "$h" || printf '%s' "$h")
for d in ${unitDirectories}; do for f in "$d"/*.service "$d"/*/*.service; do
  [ -f "$f" ] && grep -qF -e "$h/" -e "$r/" -- "$f" || continue
  u=$(basename -- "$f"); e=$(systemctl is-enabled -- "$u" 2>/dev/null || :); a=$(systemctl is-active -- "$u" 2>/dev/null || :)
  [ -n "$e" ] || e=unknown; [ -n "$a" ] || a=unknown; printf 'unit %s %s %s\n' "$f" "$e" "$a"
done; done
for f in ${pids}; do sed -n 's|^.*/\([^/]*\.service\)$|cgroup \1|p' "$f" 2>/dev/null; done | sort -u
for g in ${tables}; do for f in $g; do [ -f "$f" ] && [ -r "$f" ] || continue
  grep -F -e "$h/" -e "$r/" -- "$f" | sed "s|^|line $f:|"; done; done
crontab -l 2>/dev/null | grep -F -e "$h/" -e "$r/" | sed 's|^|line crontab:|'; :`,
  )
  const found = supervisorsIn(linesOf(stdout))
  if (found.length > 0)
    throw new TaskError(
      `Something on ${on.name} starts ${home} again by itself; stopped for an upgrade, it must stay so`,
      found,
    )
  return { home }
})
