import { type Action, change, type On } from '../model/action.ts'
import { Interrupted } from '../model/errors.ts'

/** How long is waited, or whom for: Ansible's words. */
export type Pausing =
  /** A time: both are added up. */
  | { readonly seconds?: number; readonly minutes?: number; readonly prompt?: string }
  /** A person's yes. */
  | { readonly until: 'confirmed'; readonly prompt: string }

type Waited = { readonly until: string }
type Input = { readonly seconds: number | null; readonly prompt: string | null }

/**
 * Waits for a time, or for a person. A time is counted from the first beginning: a resume waits for what is left of it, and not again
 * once it is over. An interrupt ends the waiting. A question is asked as an approval is (`--yes` answers, and without a terminal it is no),
 * once for a task: what was confirmed stays so in a resume. Check mode waits for nothing. With hosts side by side give the task `runOnce`.
 */
export function pause(given: Pausing): Action<void> {
  if ('until' in given) {
    if (given.prompt === '') throw new TypeError('pause: expected a question in `prompt`, got none.')
    return waiting({ seconds: null, prompt: given.prompt })
  }
  const { seconds = 0, minutes = 0, prompt = null } = given
  const all = seconds + 60 * minutes
  if (!Number.isFinite(all) || all <= 0)
    throw new TypeError(
      `pause: expected \`seconds\` or \`minutes\` above 0, or \`until: 'confirmed'\`, got ${all} seconds.`,
    )
  return waiting({ seconds: all, prompt })
}

const waiting = change<Input, void, Waited | null>('pause', {
  still: true,
  async remember(_on, { seconds }) {
    return seconds === null ? null : { until: new Date(Date.now() + seconds * 1000).toISOString() }
  },
  async apply(on, { seconds, prompt }, remembered) {
    if (seconds === null || remembered === null) return on.confirm(prompt ?? '')
    if (prompt !== null) on.say(prompt)
    await until(on, Date.parse(remembered.until), seconds)
  },
  changed: () => false,
  // Nothing was changed by waiting.
  undo: async () => {},
})

/** Waits until a moment, and tells how far it is; never longer than all of it, whatever the clock does. */
async function until(on: On, moment: number, seconds: number): Promise<void> {
  const left = Math.min(moment - Date.now(), seconds * 1000)
  if (left <= 0) return
  await new Promise<void>((resolve, reject) => {
    const begun = Date.now()
    const tick = setInterval(
      () => on.progress(Math.round((Date.now() - begun) / 1000), Math.round(left / 1000), 'seconds'),
      1000,
    )
    const end = () => {
      clearInterval(tick)
      clearTimeout(timer)
      on.interrupted.removeEventListener('abort', stop)
      on.signal.removeEventListener('abort', stop)
    }
    const stop = () => {
      end()
      reject(
        new Interrupted(
          `interrupted with ${Math.ceil((moment - Date.now()) / 1000)} seconds left; a resume waits for the rest`,
        ),
      )
    }
    const timer = setTimeout(
      () => {
        end()
        resolve()
      },
      Math.min(left, 2 ** 31 - 1),
    )
    on.interrupted.addEventListener('abort', stop, { once: true })
    on.signal.addEventListener('abort', stop, { once: true })
    if (on.interrupted.aborted || on.signal.aborted) stop()
  })
}
