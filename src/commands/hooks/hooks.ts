import { InputError } from '../../model/errors.ts'
import type { Event, Outcome, Stamped, WaveOutline } from '../../model/event.ts'
import { type Hook, type HookMoment, momentsOf } from '../../model/hook.ts'
import type { Schedule } from '../../model/schedule.ts'
import { isSecret } from '../../model/secret.ts'
import { type Firing, fire } from './fire.ts'
import { type Details, detailsOf, type Told } from './told.ts'

/** The hooks of one run: told by its events, and waited for at its end. */
export interface Hooks {
  /** Tells what an event calls for; what is told comes one after the other for each hook. Never throws, never waits. */
  event(event: Stamped): void
  /** Tells the required ones of a moment and waits: why the first of them failed, or undefined. */
  before(moment: 'start' | 'cutover', gate?: string): Promise<string | undefined>
  /** Tells the end, and waits for all that is under way. Gives a warning for each hook that failed. */
  end(outcome: Outcome, seconds: number): Promise<readonly string[]>
  /** Ends what is under way. */
  stop(): void
}

/** What hooks are kept for. */
export interface HooksOf extends Firing {
  readonly told: Told
  readonly schedule: Schedule
  readonly waves: readonly WaveOutline[]
  readonly interrupted: AbortSignal
  tell(event: Event): void
  clock(): number
}

/** Hooks name secrets that cannot be looked up here: nothing began. */
export class HooksRefused extends InputError {}

/** Seconds for each word about the end once somebody pressed Ctrl-C; a second Ctrl-C ends all. */
const hasty = 3

/**
 * Keeps the hooks of a run. A secret of theirs that cannot be looked up is a {@link HooksRefused}, before anything began. None of them changes
 * what the run comes to, but a required one that fails.
 */
export function keepHooks(hooks: readonly Hook[], of: HooksOf): Hooks {
  refuseUnknown(hooks, of)
  const { told, interrupted } = of
  const isBack = told.kind === 'rollback'
  const holds = (hook: Hook) => hook.required === true && !isBack
  const over = new AbortController()
  const broken = AbortSignal.any([interrupted, over.signal])
  const queues = new Map<string, Promise<unknown>>()
  const failed = new Map<string, { moment: HookMoment; why: string; times: number }>()
  let ending = false
  let failures = 0
  const seen = new Set<string>()
  const waves = new Map<string, number>()

  const say = async (hook: Hook, moment: HookMoment, details: Details): Promise<string | undefined> => {
    const last = moment === 'end' || moment === 'failure'
    if (over.signal.aborted || (!last && interrupted.aborted)) return 'the run was interrupted'
    // What is late by then is old news.
    if (ending && moment === 'wave') return undefined
    const begun = of.clock()
    const { timeout = 10 } = hook
    const limit = interrupted.aborted ? Math.min(timeout, hasty) : timeout
    const body = JSON.stringify({ hook: hook.name, on: moment, ...told, ...details })
    const error = await fire(hook, body, limit, last ? over.signal : broken, of)
    of.tell({
      type: 'hook.ended',
      hook: hook.name,
      moment,
      ...(error !== undefined && { error }),
      seconds: (of.clock() - begun) / 1000,
    })
    if (error !== undefined) {
      const before = failed.get(hook.name)
      failed.set(
        hook.name,
        before ? { ...before, times: before.times + 1 } : { moment, why: error, times: 1 },
      )
    }
    return error
  }
  const queue = (hook: Hook, moment: HookMoment, details: Details): Promise<string | undefined> => {
    const mine = (queues.get(hook.name) ?? Promise.resolve()).then(() => say(hook, moment, details))
    queues.set(
      hook.name,
      mine.catch(() => {}),
    )
    return mine
  }
  const all = (moment: HookMoment, details: Details, which: (hook: Hook) => boolean = () => true) =>
    hooks
      .filter((hook) => momentsOf(hook).includes(moment) && which(hook))
      .map((hook) => ({ hook, ended: queue(hook, moment, details) }))

  return {
    event: (event) => {
      if (event.type === 'wave.started') waves.set(event.play, event.wave)
      const due = detailsOf(event, of.schedule, of.waves)
      if (due === undefined) return
      if (due.on === 'failure') {
        if (due.isForgiven) return
        const key = `${due.play} ${waves.get(due.play) ?? 0}`
        if (seen.has(key)) return
        seen.add(key)
        failures += 1
      }
      for (const { ended } of all(due.on, due.details, (hook) => !holds(hook))) ended.catch(() => {})
    },
    before: async (moment, gate) => {
      const details = gate === undefined ? {} : { gate }
      for (const { hook, ended } of all(moment, details, holds)) {
        const error = await ended
        if (error === undefined) continue
        failed.delete(hook.name)
        return `the required hook "${hook.name}" failed (${moment}): ${error}`
      }
      return undefined
    },
    end: async (outcome, seconds) => {
      ending = true
      const bad = !['ok', 'interrupted', 'rolled-back'].includes(outcome)
      if (bad && failures === 0) all('failure', { outcome })
      all('end', { outcome, seconds })
      await Promise.all(queues.values())
      return [...failed].map(
        ([name, { moment, why, times }]) =>
          `warning: hook "${name}" failed (${moment}${times > 1 ? `, and ${times - 1} more` : ''}): ${why}. The run did not wait for it.\n`,
      )
    },
    stop: () => over.abort(),
  }
}

function refuseUnknown(hooks: readonly Hook[], { reveal }: HooksOf): void {
  const problems = hooks.flatMap(({ name, webhook }) => {
    if (webhook === undefined) return []
    const texts = [
      webhook.url,
      ...Object.values(webhook.headers ?? {}),
      ...(webhook.hmac ? [[webhook.hmac]] : []),
    ]
    return texts.flatMap((text) => {
      if (typeof text === 'string') return []
      try {
        for (const part of text) if (isSecret(part)) reveal([part])
        return []
      } catch (error) {
        return [`hook "${name}": ${error instanceof Error ? error.message : String(error)}`]
      }
    })
  })
  if (problems.length > 0)
    throw new HooksRefused(
      problems,
      'Nothing was done. Say where the secret is, or leave hooks out: --no-hooks',
    )
}
