import { change, type On } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'
import { answerOf, commandOf, failure, type Line, nameOf, program } from './command/line.ts'
import { type Asking, asked } from './http.ts'
import { ask } from './target.ts'
import { type HaproxyHook, isOut, setState, stats } from './traffic/haproxy.ts'
import { awaited, type Look } from './wait-for.ts'

/** Two commands, and one that only reads and exits 0 when nothing is in flight. */
export type CommandHook = {
  readonly kind: 'command'
  readonly out: Line
  readonly in: Line
  readonly quiet?: readonly string[]
}
/** Two requests, and one that is answered as it asks for when nothing is in flight. */
export type HttpHook = {
  readonly kind: 'http'
  readonly out: Asking
  readonly in: Asking
  readonly quiet?: Asking
}

/** What takes a host out of the traffic and gives it back: always a pair. */
export type Hook = CommandHook | HttpHook | HaproxyHook

/** A host's traffic. */
export type Traffic = {
  readonly hook: Hook
  /** Seconds until nothing must be in flight, or until it must be back; default 300. */
  readonly timeout?: number
}

/** Whether it had traffic before; null where the hook does not tell. */
type Was = { readonly out: boolean | null }

/**
 * Takes a host out of the traffic and waits until nothing is in flight any more. Undo gives it back, unless it was out already.
 * Throws {@link TaskError} at the deadline: the host stays out, and what follows is not begun.
 *
 * @example
 * traffic.out({
 *   hook: {
 *     kind: 'command',
 *     out: { argv: ['/opt/lb', 'drain'] },
 *     in: { argv: ['/opt/lb', 'enable'] },
 *     quiet: ['/opt/lb', 'is-quiet'],
 *   },
 * })
 */
export const out = change<Traffic, { readonly out: true }, Was>('traffic.out', {
  async check(on, { hook }) {
    if (hook.kind !== 'haproxy') return undefined
    const all = await stats(on, hook)
    return all.every((one) => isOut(one) && one.inFlight === 0) ? { out: true } : undefined
  },
  remember: (on, { hook }) => lookAt(on, hook),
  async apply(on, { hook, timeout }) {
    await turn(on, hook, 'out')
    await awaited(on, 'the host out of traffic', { ...(timeout !== undefined && { timeout }) }, () =>
      drained(on, hook),
    )
    return { out: true }
  },
  async undo(on, { hook, timeout }, was) {
    if (was.out !== true) await bringIn(on, hook, timeout)
  },
})

/**
 * Gives a host back to the traffic, and waits until it is used. Undo takes it out again, unless it was in already.
 *
 * @example
 * traffic.in({
 *   hook: {
 *     kind: 'command',
 *     out: { argv: ['/opt/lb', 'drain'] },
 *     in: { argv: ['/opt/lb', 'enable'] },
 *     quiet: ['/opt/lb', 'is-quiet'],
 *   },
 * })
 */
export const in_ = change<Traffic, { readonly in: true }, Was>('traffic.in', {
  async check(on, { hook }) {
    if (hook.kind !== 'haproxy') return undefined
    return (await stats(on, hook)).every(serves) ? { in: true } : undefined
  },
  remember: (on, { hook }) => lookAt(on, hook),
  async apply(on, { hook, timeout }) {
    await bringIn(on, hook, timeout)
    return { in: true }
  },
  async undo(on, { hook, timeout }, was) {
    if (was.out === false) return
    await turn(on, hook, 'out')
    await awaited(on, 'the host out of traffic', { ...(timeout !== undefined && { timeout }) }, () =>
      drained(on, hook),
    )
  },
})
export { in_ as in }

const serves = ({ status }: { readonly status: string }): boolean => /^(UP|no check)/.test(status)

async function lookAt(on: On, hook: Hook): Promise<Was> {
  if (hook.kind !== 'haproxy') return { out: null }
  return { out: (await stats(on, hook)).every(isOut) }
}

async function turn(on: On, hook: Hook, to: 'out' | 'in'): Promise<void> {
  if (hook.kind === 'haproxy') return setState(on, hook, to === 'out' ? 'drain' : 'ready')
  if (hook.kind === 'http') {
    await asked(on, hook[to])
    return
  }
  const line = hook[to]
  const answer = await answerOf(on, line, commandOf(line), to)
  if (answer.code !== 0) throw failure(on, `traffic.${to}: ${nameOf(line)} exited ${answer.code}`, answer)
}

async function bringIn(on: On, hook: Hook, timeout: number | undefined): Promise<void> {
  await turn(on, hook, 'in')
  if (hook.kind !== 'haproxy') return
  await awaited(
    on,
    'the host in traffic',
    { ...(timeout !== undefined && { timeout }) },
    async (): Promise<Look<true>> => {
      const away = (await stats(on, hook)).filter((one) => !serves(one))
      return away.length === 0
        ? { is: true }
        : { not: away.map(({ server, status }) => `${server} is ${status}`).join(', ') }
    },
  )
}

/** Whether nothing is in flight. A command or HTTP hook without `quiet` is believed. */
async function drained(on: On, hook: Hook): Promise<Look<true>> {
  if (hook.kind === 'haproxy') {
    const busy = (await stats(on, hook)).filter((one) => !isOut(one) || one.inFlight > 0)
    if (busy.length === 0) return { is: true }
    return {
      not: busy
        .map(({ server, status, inFlight }) => `${server} is ${status}, ${inFlight} in flight`)
        .join(', '),
    }
  }
  if (hook.quiet === undefined) return { is: true }
  if (hook.kind === 'command') {
    const { code, stdout } = await ask(on, program(hook.quiet, true))
    return code === 0
      ? { is: true }
      : { not: stdout.trim().split('\n')[0] || `${hook.quiet[0]} exits ${code}` }
  }
  try {
    await asked(on, hook.quiet)
    return { is: true }
  } catch (error) {
    if (error instanceof TaskError && !on.signal.aborted) return { not: error.message }
    throw error
  }
}
