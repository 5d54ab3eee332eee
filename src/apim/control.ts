import { change, type On } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import type { Manager } from '../modules/service.ts'
import { ask, holds } from '../modules/target.ts'
import { waitHealthy } from './health.ts'
import { pidFile } from './pid-file.ts'
import {
  endServers,
  flagsIn,
  homeExists,
  type LogMark,
  markLastStart,
  markLog,
  type Server,
  serversOf,
  startCommand,
} from './server.ts'
import { withoutPassword, withPassword } from './vault.ts'

/** A server that was started: where its part of the log begins. */
export type Started = { readonly since: LogMark }

/** Starts a server, unless it runs. Undo stops it and proves it gone. */
export const start = change('apim.start', {
  async check(on, { server }: { server: Server }): Promise<Started | undefined> {
    const running = await serversOf(on, server.home)
    return running.length > 0 ? { since: await markLastStart(on, server.home) } : undefined
  },
  async remember(on, { server }) {
    return { since: await markLog(on, server.home) }
  },
  async apply(on, { server }, { since }): Promise<Started> {
    await launch(on, server, since)
    return { since }
  },
  async undo(on, { server }) {
    await endServers(on, server.home)
    await withoutPassword(on, server.home)
  },
})

/** What ran before a stop: the flags and the Java that it is to be started with again, or the supervisor that does it. */
export type Running = {
  readonly flags: readonly string[]
  readonly javaHome?: string
  readonly by?: Manager
} | null

/** What of it a server is started with where no supervisor does. */
export const asRan = ({
  flags,
  javaHome,
}: NonNullable<Running>): Pick<Server, 'flags'> & Partial<Server> => ({
  flags,
  ...(javaHome !== undefined && { javaHome }),
})

/** How a virtual machine with these arguments was started: 1.x may run on a Java of its own. */
export function runningOf(args: readonly string[]): NonNullable<Running> {
  const javaHome = args[0]?.match(/^(\/.+?)(?:\/jre)?\/bin\/java$/)?.[1]
  return { flags: flagsIn(args), ...(javaHome !== undefined && { javaHome }) }
}

/** Stops a server and proves it gone. Undo starts it with the flags it ran with, and waits until it is healthy. */
export const stop = change('apim.stop', {
  // After a crash in its middle the server is down, and what ran is only in what was remembered.
  async check(on, { server }: { server: Server }, was?: Running) {
    return (await serversOf(on, server.home)).length === 0 ? { was: was ?? null } : undefined
  },
  async remember(on, { server }): Promise<Running> {
    const [first] = await serversOf(on, server.home)
    if (first === undefined) return null
    const { flags, javaHome } = runningOf(first.args)
    const whole = javaHome !== undefined && (await holds(on, sh.read`[ -x ${javaHome}/bin/java ]`))
    return { flags, ...(whole && { javaHome }) }
  },
  async apply(on, { server: { home } }, was) {
    const named = await pidFile(on, home, await serversOf(on, home))
    if (named.kind === 'foreign')
      on.say(
        `${home}/wso2carbon.pid names pid ${named.pid}, which is no server of it: it is left alone (${named.args})`,
      )
    await endServers(on, home)
    return { was }
  },
  async undo(on, { server }, was) {
    if (was !== null) await startAndWait(on, { ...server, ...asRan(was) })
  },
})

/**
 * Stops a server of a landing that the way goes on from, and proves it gone. Undo leaves it stopped: what is undone after
 * this is its start, and the databases are not of its version any more.
 */
export const halt = change('apim.halt', {
  async check(on, { server }: { server: Server }) {
    return (await serversOf(on, server.home)).length === 0 ? { ended: 0 } : undefined
  },
  async apply(on, { server }) {
    return { ended: await endServers(on, server.home) }
  },
  async undo(on, { server }) {
    await endServers(on, server.home)
  },
})

/** Starts a server that is not running yet and waits until it is healthy. */
export async function startAndWait(on: On, server: Server): Promise<void> {
  const running = (await serversOf(on, server.home)).length > 0
  const since = running ? await markLastStart(on, server.home) : await markLog(on, server.home)
  if (!running) await launch(on, server, since)
  const seconds = await waitHealthy(on, server, since)
  on.say(`${server.role} ${server.version} is healthy after ${Math.round(seconds)} seconds`)
}

// The scripts' own guard against a second start does not work on 1.x, so ours comes first.
async function launch(on: On, server: Server, since: LogMark): Promise<void> {
  const { home, vault, wait } = server
  if ((await serversOf(on, home)).length > 0) return
  if (!(await homeExists(on, home))) throw new TaskError(`There is no home ${home} on ${on.name}`)
  const out = `${await on.keep()}/start.out`
  const { code } = await withPassword(on, { home, vault, seconds: wait.start }, since, () =>
    ask(on, startCommand(server, out)),
  )
  if (code === 0) return
  const said = await on.must(sh.read`tail -n 20 -- ${out} 2>/dev/null || :`)
  throw new TaskError(
    `${home}/bin/wso2server.sh start exited ${code} on ${on.name}`,
    said.split('\n').filter(Boolean),
  )
}
