import { type Action, change, type On, observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import { takeBack, type Undo } from './command/perform.ts'
import { type Process, signal, withArguments } from './process.ts'
import { clock, pauses } from './target.ts'

/** Which processes: those that have each of these whole arguments on their command line. */
export type Which = { readonly args: readonly string[] }

/**
 * The processes with these arguments, by pid and start time; at least one argument. A pid file is never asked: it outlives its process.
 *
 * @example
 * processes.find({ args: ['-Dcarbon.home=/srv/app/wso2am-3.0.0'] })
 */
export const find = observe('processes.find', (on, which: Which) => found(on, which))

async function found(on: On, { args }: Which): Promise<readonly Process[]> {
  if (args.length === 0 || args.includes(''))
    throw new TypeError(
      'Processes are found by arguments, and there is none: all of the machine would be meant.',
    )
  return withArguments(on, args)
}

/** How many were ended, and how many of them only KILL ended. */
export type Ended = { readonly ended: number; readonly killed: number }

/**
 * Ends processes and proves them gone: TERM, and KILL for what is there after `timeout` seconds (180). Each is told by pid and start
 * time, so no other that gets its pid is hit. Throws {@link TaskError} where new ones come: somebody starts them again.
 *
 * @example
 * processes.end({
 *   args: ['-Dcarbon.home=/srv/app/wso2am-3.0.0'],
 *   timeout: 60,
 *   undo: irreversible('the stand-by has taken over'),
 * })
 */
export function end({
  undo,
  ...input
}: Which & {
  /** Seconds; default 180. */
  readonly timeout?: number
  readonly undo: Undo
}): Action<Ended> {
  type Input = Which & { readonly timeout?: number; readonly undo: Undo }
  return change<Input, Ended, null>('processes.end', {
    async check(on, which) {
      return (await found(on, which)).length === 0 ? { ended: 0, killed: 0 } : undefined
    },
    apply: (on, which) => endAll(on, which),
    undo: 'kind' in undo ? undo : (on, given) => takeBack(on, given.undo),
  })({ ...input, undo })
}

/** Sends TERM, then KILL, and waits until all that were there have gone and no other has come. */
export async function endAll(
  on: On,
  { args, timeout = 180 }: Which & { readonly timeout?: number },
): Promise<Ended> {
  const first = await found(on, { args })
  for (const process of first) await signal(on, process, 'TERM')
  const last = clock() + timeout
  const rest = pauses(on)
  let killed: readonly Process[] = []
  let none = 0
  for (;;) {
    const left = await found(on, { args })
    const strangers = left.filter((one) => !first.some((known) => same(known, one)))
    if (strangers.length > 0)
      throw new TaskError(
        `${args.join(' ')} on ${on.name} was started again while it was ended: stop it by who supervises it`,
        strangers.map(({ pid }) => `pid ${pid}`),
      )
    // What was started while it looked is not in that look: only the next one sees it.
    if (left.length === 0 && none++ > 0) return { ended: first.length, killed: killed.length }
    if (killed.length === 0 && clock() > last) {
      killed = left
      on.say(
        `${left.map(({ pid }) => `pid ${pid}`).join(', ')}: still there after ${timeout} seconds, killed`,
      )
      for (const process of left) await signal(on, process, 'KILL')
    }
    if (clock() > last + afterKill)
      throw new TaskError(
        `${args.join(' ')} on ${on.name} does not end`,
        left.map(({ pid }) => `pid ${pid}`),
      )
    if (left.length > 0) await rest()
  }
}
/** Seconds that the kernel may take to take away what was killed. */
const afterKill = 30

const same = (one: Process, other: Process): boolean => one.pid === other.pid && one.started === other.started
