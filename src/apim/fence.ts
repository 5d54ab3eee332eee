import { type Action, change, observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import { allServers, endServers } from './server.ts'

/** A gate: holds when no server of any home runs on the machine, whoever started it. */
export const fence = observe('apim.fence', async (on) => {
  const running = await allServers(on)
  if (running.length > 0)
    throw new TaskError(
      `A server runs on ${on.name} that must not: whoever supervises it started it again`,
      running.map(({ pid, home }) => `pid ${pid}, ${home}`),
    )
  return { quiet: true }
})

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
