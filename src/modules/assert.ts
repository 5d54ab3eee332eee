import { type Action, observe } from '../model/action.ts'
import { TaskError } from '../model/errors.ts'

/** What must hold, and what is said of it: Ansible's words. */
export type Assertion = {
  /** Conditions; an object has each under the words that are shown when it does not hold. */
  readonly that: readonly boolean[] | Readonly<Record<string, boolean>>
  /** Why it matters, or what to do: the first line where one does not hold. */
  readonly failMsg?: string
  /** Said where all hold. */
  readonly successMsg?: string
}

/**
 * A gate on what is known: all conditions hold, or it fails with those that do not, all of them (Ansible stops at the first). The
 * playbook works them out, so one that rests on a later output is known after it.
 */
export function assert(given: Assertion): Action<void> {
  const count = Object.keys(given.that).length
  if (count === 0)
    throw new TypeError('assert: expected conditions in `that`, got none: it would hold whatever happens.')
  return asserted(given)
}

const asserted = observe('assert', async (on, { that, failMsg, successMsg }: Assertion): Promise<void> => {
  const all = Object.entries(that)
  const named = !Array.isArray(that)
  const broken = all.filter(([, holds]) => holds !== true)
  if (broken.length > 0)
    throw new TaskError(
      failMsg ??
        `${broken.length} of ${all.length} conditions ${broken.length === 1 ? 'does' : 'do'} not hold for ${on.name}`,
      broken.map(([name]) =>
        named ? `does not hold: ${name}` : `condition ${Number(name) + 1} does not hold`,
      ),
    )
  if (successMsg !== undefined) on.say(successMsg)
})
