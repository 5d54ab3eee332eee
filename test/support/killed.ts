import { expect } from 'vitest'
import type { Action, On } from '../../src/model/action.ts'
import type { Json } from '../../src/model/json.ts'

/**
 * Kills the controller of a change at each of its calls in turn, that one not sent or not waited for, and goes on with it as `resume` does: the
 * same try, whose jobs live on and are attached to. `ended` looks at what came of it each time, and makes room for the next.
 */
export async function goneOnWith<Out>(
  on: On,
  action: Action<Out>,
  ended: (out: Out, killedAt: number) => void | Promise<void>,
): Promise<number> {
  const { work, input } = action
  if (work.kind !== 'change') throw new Error(`${action.module} changes nothing`)
  for (let killedAt = 1; ; killedAt += 1) {
    const named = (name: string) => `killed-${killedAt}-${name}`
    const whole: On = {
      ...on,
      job: (name, ...rest) => on.job(named(name), ...rest),
      begun: (name) => on.begun(named(name)),
    }
    const memory: Json = (await work.remember?.(whole, input)) ?? null
    let calls = 0
    const counted =
      <More extends readonly unknown[], Back>(call: (...more: More) => Promise<Back>) =>
      async (...more: More): Promise<Back> => {
        calls += 1
        if (calls >= killedAt) throw new Error('the controller is gone')
        return call(...more)
      }
    const { exec, job, must, put } = whole
    const begun = counted(job)
    const cut: On = {
      ...whole,
      exec: counted(exec),
      must: counted(must),
      put: counted(put),
      // Killed while it waits, it leaves the job at its work.
      job: async (...more) => {
        const one = await begun(...more)
        return { ...one, wait: counted(one.wait) }
      },
    }
    const died = await work.apply(cut, input, memory).then(
      () => undefined,
      (error: unknown) => String(error),
    )
    const already = await work.check?.(whole, input, memory)
    const out = already ?? (await work.apply(whole, input, memory))
    await ended(out, killedAt)
    if (died === undefined) return killedAt - 1
    expect(calls, died).toBeGreaterThanOrEqual(killedAt)
  }
}
