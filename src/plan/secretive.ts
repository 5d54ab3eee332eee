import { scryptSync } from 'node:crypto'
import type { Json } from '../model/json.ts'
import { isSecret } from '../model/secret.ts'
import { isTelling } from '../model/telling.ts'

const mark = '$hidden'

/** Some 3 ms and 1 MB a value: every host of a thousand may have its own, and whoever guesses pays it each time. */
const cost = { N: 1024 }

/** What hides the secrets of one plan, and the values that it hid so far. */
export interface Hider {
  readonly salt: string
  readonly values: ReadonlySet<string>
  /** The same variables; a plain value under a name that sounds like a secret is replaced by a slow digest, so that its change is seen and it is not. */
  hide(vars: Json): Json
}

/** Makes one, for these values too, whatever the names of their variables. The same salt gives the same digests. */
export function hider(salt: string, known: ReadonlySet<string> = new Set()): Hider {
  const digests = new Map<string, string>()
  const digest = (value: string): string => {
    const known = digests.get(value) ?? scryptSync(value, salt, 24, cost).toString('hex')
    digests.set(value, known)
    return known
  }
  const hide = (vars: Json): Json => {
    if (Array.isArray(vars)) return vars.map(hide)
    if (typeof vars === 'string' && known.has(vars)) return { [mark]: digest(vars) }
    if (typeof vars !== 'object' || vars === null || isSecret(vars)) return vars
    return Object.fromEntries(
      Object.entries(vars as Readonly<Record<string, Json>>).map(([key, value]) => {
        const plain = typeof value === 'string' || typeof value === 'number'
        const isHidden = plain && (isTelling(key) || known.has(String(value)))
        return [key, isHidden ? { [mark]: digest(String(value)) } : hide(value)]
      }),
    )
  }
  return {
    salt,
    hide,
    get values() {
      return new Set(digests.keys())
    },
  }
}

/** Whether a value is what a {@link Hider} left of a secret. */
export const isHidden = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && mark in value
