/** What a password's try came to: `wrong` bars it. Undefined where nothing was found out about it. */
export type Verdict = 'right' | 'wrong' | undefined

/**
 * The passwords of a run: each is tried on one machine first while the others wait, and after a wrong try never again,
 * so that a slip of the fingers does not lock an account out on a thousand machines.
 */
export interface Tries {
  /** Makes an attempt with the password of that name, or answers `barred` with the machine where it was wrong. */
  attempt<T>(
    name: string,
    where: string,
    attempt: () => Promise<T>,
    judge: (came: T) => Verdict,
  ): Promise<{ readonly came: T } | { readonly barred: string }>
}

/** Tries for one run. */
export function keepTries(): Tries {
  const right = new Set<string>()
  const barred = new Map<string, string>()
  const trying = new Map<string, Promise<void>>()
  return {
    attempt: async (name, where, attempt, judge) => {
      for (;;) {
        const elsewhere = barred.get(name)
        if (elsewhere !== undefined) return { barred: elsewhere }
        const first = trying.get(name)
        if (first === undefined || right.has(name)) break
        await first
      }
      let done: () => void = () => undefined
      if (!right.has(name)) trying.set(name, new Promise((resolve) => (done = resolve)))
      try {
        const came = await attempt()
        const verdict = judge(came)
        if (verdict === 'right') right.add(name)
        if (verdict === 'wrong' && !barred.has(name)) barred.set(name, where)
        return { came }
      } finally {
        trying.delete(name)
        done()
      }
    },
  }
}
