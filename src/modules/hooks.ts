import type { Stamped } from '../model/event.ts'
import type { Hook, HookMessage } from '../model/hook.ts'
import type { Text } from '../model/secret.ts'
import { hookMessages } from './hooks/messages.ts'
import { runHere } from './local/run.ts'
import { linesOf } from './target.ts'

/** Tells the hooks of a playbook what happens; a run waits for them at its end alone. */
export interface HookTeller {
  event(event: Stamped): void
  /** Waits until all is told, at most so many seconds; what is not is given up, and said. */
  settle(seconds?: number): Promise<void>
}

/** What a teller is given: where programs are run, the values of secrets, who is warned. */
export interface Told {
  readonly cwd: string
  readonly reveal: (text: Text) => string
  readonly warn: (line: string) => void
}

const mostWaiting = 100

/**
 * Each hook is told one thing after the other, beside the run, which never waits for it and never fails by it. A hook that fails is
 * warned of once, with what was wrong; of one that is too slow, what comes when a hundred are waiting is dropped, and counted.
 */
export function hookTeller(hooks: readonly Hook[], to: Told): HookTeller {
  const messageOf = hookMessages()
  const over = new AbortController()
  const lanes = hooks.map((hook) => ({
    hook,
    waiting: 0,
    dropped: 0,
    warned: false,
    last: Promise.resolve(),
  }))
  const tell = async (lane: (typeof lanes)[number], message: HookMessage): Promise<void> => {
    const wrong = over.signal.aborted
      ? 'the run has ended'
      : await send(lane.hook, message, to, over.signal).catch((error: Error) => error.message)
    lane.waiting -= 1
    if (wrong === undefined || lane.warned) return
    lane.warned = true
    to.warn(`hook ${lane.hook.name} (${message.moment}): ${wrong}; the run goes on`)
  }
  return {
    event(event) {
      const message = messageOf(event)
      if (message === undefined) return
      for (const lane of lanes) {
        if (!lane.hook.on.includes(message.moment)) continue
        // The end is never dropped: it is what somebody waits for.
        if (lane.waiting >= mostWaiting && message.moment !== 'end') {
          lane.dropped += 1
          continue
        }
        lane.waiting += 1
        lane.last = lane.last.then(() => tell(lane, message))
      }
    },
    async settle(seconds = 30) {
      const timer = setTimeout(() => over.abort(), seconds * 1000)
      await Promise.all(lanes.map(({ last }) => last))
      clearTimeout(timer)
      for (const { hook, dropped } of lanes)
        if (dropped > 0) to.warn(`hook ${hook.name}: too slow, ${dropped} messages were not sent`)
    },
  }
}

/** Sends one message; what was wrong, or undefined. */
async function send(
  hook: Hook,
  message: HookMessage,
  { cwd, reveal }: Told,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { timeout = 10 } = hook
  const body = JSON.stringify(message)
  if ('command' in hook) {
    const env = { UPGRADE_FLEET_HOOK: message.moment, UPGRADE_FLEET_RUN: message.run }
    const end = await runHere(
      { argv: hook.command, cwd, env, timeout },
      { input: `${body}\n`, signal, bare: true },
    )
    if (end.kind === 'timeout') return `no end after ${timeout} seconds`
    if (end.kind === 'cancelled') return 'it was ended with the run'
    return end.code === 0 ? undefined : `exit ${end.code} ${linesOf(end.stderr).at(-1) ?? ''}`.trim()
  }
  const headers = new Headers({ 'content-type': 'application/json' })
  for (const [name, value] of Object.entries(hook.headers ?? {})) headers.set(name, reveal(value))
  const deadline = AbortSignal.timeout(timeout * 1000)
  try {
    const answer = await fetch(hook.webhook, {
      method: 'POST',
      body,
      headers,
      redirect: 'error',
      signal: AbortSignal.any([deadline, signal]),
    })
    await answer.body?.cancel()
    return answer.ok ? undefined : `it answered ${answer.status}`
  } catch (error) {
    if (deadline.aborted) return `no answer after ${timeout} seconds`
    const { cause, message: what } = error as Error & { readonly cause?: Error }
    return cause?.message || what
  }
}
