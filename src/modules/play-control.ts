import { type Action, change, observe } from '../model/action.ts'
import { Interrupted, TaskError } from '../model/errors.ts'
import { pause as waiting } from './target.ts'

const asserted = observe(
  'assert',
  async (
    on,
    { that, failMsg }: { readonly that: Readonly<Record<string, boolean>>; readonly failMsg?: string },
  ): Promise<{ readonly holds: number }> => {
    const wrong = Object.entries(that).flatMap(([what, holds]) => (holds ? [] : [what]))
    if (wrong.length > 0)
      throw new TaskError(
        `${on.name}: ${failMsg ?? 'what was asserted does not hold'}`,
        wrong.map((what) => `not so: ${what}`),
      )
    return { holds: Object.keys(that).length }
  },
)

/**
 * A gate over what earlier tasks returned: holds when all of `that` are true, and names those that are not, by their keys.
 * `failMsg` says what it means for whoever reads it.
 *
 * @example
 * assert({ that: { 'the pack fits': 3 < 4, 'Java is 8': true }, failMsg: 'this host is not ready' })
 */
export const assert = (input: {
  readonly that: Readonly<Record<string, boolean>>
  readonly failMsg?: string
}): Action<{ readonly holds: number }> => asserted(input)

/**
 * Waits so many seconds on a host, and tells how long still. It changes nothing, and is not waited for in a check. A run that goes
 * on after a crash waits only for the rest. For a question to a person there is {@link approve}.
 *
 * @example
 * pause({ seconds: 0.01 })
 */
export const pause: (input: { readonly seconds: number }) => Action<{ readonly waited: number }> = change<
  { readonly seconds: number },
  { readonly waited: number },
  { readonly until: number }
>('pause', {
  async remember(_on, { seconds }) {
    return { until: Date.now() + seconds * 1000 }
  },
  async apply(on, { seconds }, { until }) {
    for (;;) {
      // The clock may have been set back since: it never waits longer than it was told.
      const left = Math.min((until - Date.now()) / 1000, seconds)
      if (left <= 0) return { waited: seconds }
      on.progress(Math.round(seconds - left), seconds, 'seconds')
      const signal = AbortSignal.any([on.signal, on.interrupted])
      await waiting({ ...on, signal }, Math.min(left, 1)).catch((error: unknown) => {
        if (!on.interrupted.aborted) throw error
        throw new Interrupted(`interrupted with ${Math.ceil(left)} seconds left, which a resume waits for`)
      })
    }
  },
  changed: () => false,
  async undo() {},
})
