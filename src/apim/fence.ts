import { type Action, change, type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import type { Connection } from '../model/connection.ts'
import { TaskError, UnknownOutcome } from '../model/errors.ts'
import * as database from '../modules/database/index.ts'
import { linesOf } from '../modules/target.ts'
import { allServers, endServers } from './server.ts'

/** A gate: holds when no server of any home runs on the machine, whoever started it. */
export const fence = observe('apim.fence', async (on) => {
  const seen = await serversSeen(on)
  if (seen.length > 0)
    throw new TaskError(
      `A server runs on ${on.name} that must not: whoever supervises it, or a boot, started it again`,
      seen,
    )
  return { quiet: true }
})

/** Whom a change of databases must be alone with: machines by their inventory names, and the databases. */
type Alone = { readonly hosts: readonly string[]; readonly databases: readonly database.Database[] }

/**
 * A gate for right before a dump, a script or a client: holds when no machine of the fleet runs a server of any home, nobody
 * but us is connected to the databases, and nothing runs in them by the clock. What held an hour ago may not hold now.
 */
export const alone = observe('apim.alone', async (on, { hosts, databases }: Alone) => {
  const seen = await Promise.all(
    hosts.map(async (name) => {
      const peer = await on.peer(name)
      return (await serversSeen({ must: (command) => said(peer, name, command, on.signal) })).map(
        (line) => `${name}: ${line}`,
      )
    }),
  )
  if (seen.flat().length > 0)
    throw new TaskError(
      'A server runs that must not while databases are changed: whoever supervises it, or a boot, started it again',
      seen.flat(),
    )
  for (const db of databases) {
    await database.alone(on, db, [db.schema], lingering)
    await database.nothingScheduled(on, db)
  }
  return { alone: true }
})
/** Seconds that sessions of a client may take to go. */
const lingering = 30

async function said(
  peer: Pick<Connection, 'exec'>,
  name: string,
  command: Parameters<Connection['exec']>[0],
  signal: AbortSignal,
): Promise<string> {
  const result = await peer.exec(command, { signal })
  if (result.kind === 'exit' && result.code === 0) return result.stdout
  // What cannot be asked is not quiet.
  throw new UnknownOutcome(`${name} does not tell what runs on it (${result.kind})`)
}

/** The servers of all homes, with what tells who started them: the unit or else the first of their ancestors, and the machine's boot. */
async function serversSeen(on: Pick<On, 'must'>): Promise<readonly string[]> {
  const running = await allServers(on)
  if (running.length === 0) return []
  const told = linesOf(
    await on.must(
      sh.read`up=$(cut -d . -f 1 /proc/uptime); hz=$(getconf CLK_TCK)
echo "the machine has been up for $up seconds"
for p in ${running.map(({ pid }) => String(pid))}; do q=$p; top=
while [ "$q" -gt 1 ] 2>/dev/null; do top=$q; q=$(sed 's/.*) //' "/proc/$q/stat" 2>/dev/null | cut -d ' ' -f 2); [ -n "$q" ] || break; done
u=$(sed -n 's|^.*/\([^/]*\.service\)$|\1|p' "/proc/$p/cgroup" 2>/dev/null | head -n 1)
t=$(sed 's/.*) //' "/proc/$p/stat" 2>/dev/null | cut -d ' ' -f 20); [ -n "$t" ] || t=0
[ -n "$u" ] || u="below pid $top: $(tr '\0\n' '  ' <"/proc/$top/cmdline" 2>/dev/null | cut -c 1-160)"
printf 'for %s seconds, %s\n' "$((up - t / hz))" "$u"; done`,
    ),
  )
  const [boot = '', ...each] = told
  return [
    ...running.map(({ pid, home }, at) => [`pid ${pid}, ${home}`, each[at] ?? []].flat().join(', ')),
    boot,
  ]
}

/** Ends what runs from a migration home: nothing ever serves from it, so nothing is to be brought back. */
export const quiet = change('apim.quiet', {
  async apply(on, { home }: { home: string }) {
    return { ended: await endServers(on, home) }
  },
  async undo(on, { home }) {
    await endServers(on, home)
  },
})

/**
 * An action that must not be thought of before something is known: reading an output for `seen` is what makes it wait.
 * `after(from(stop, host).stop, fence())`
 */
export function after<Out>(_seen: unknown, action: Action<Out>): Action<Out> {
  return action
}
