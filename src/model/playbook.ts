import type { z } from 'zod'
import type { Fleet, Site } from './fleet.ts'
import type { Hook } from './hook.ts'
import type { Host } from './host.ts'
import type { From, Play } from './play.ts'

const mark = Symbol.for('upgrade-fleet.playbook')

/** A question to a person between two plays; `--yes` answers it. Refused: the run stops, resumable, exit 130. */
export interface Approval {
  readonly kind: 'approval'
  readonly name: string
  readonly question: (seen: { readonly from: From }) => string
}

/** An early and happy end: when `reason` gives one, nothing after it is planned or done. */
export interface Conclusion {
  readonly kind: 'conclusion'
  readonly name: string
  readonly reason: (seen: { readonly from: From }) => string | undefined
}

/** From here on users are served by what the plays before it built: taking it back would lose what they did since. */
export interface Cutover {
  readonly kind: 'cutover'
  readonly name: string
}

/** What a playbook is a list of. */
export type Part = Play | Approval | Conclusion | Cutover

/** A function from the site to plays, with what it needs to be called. */
export interface Playbook<F extends Fleet = Fleet, P extends z.ZodType = z.ZodType> {
  readonly [mark]: true
  readonly name: string
  readonly fleet: F
  readonly params: P | undefined
  /** Hosts for which this gives the same word are limited all or none (they share databases). */
  readonly together: ((host: Host) => string) | undefined
  /** Once it has ended well, the fleet is as it was found (a backup): no rollback of it is proposed. */
  readonly leavesAsFound?: boolean
  /** The tags that its tasks may bear; another is a mistake that the plan refuses. */
  readonly tags: readonly string[]
  /** Who is told of its runs. */
  readonly hooks?: readonly Hook[]
  readonly plays: (
    site: Site<F>,
    params: z.output<P>,
  ) => readonly (Part | undefined | false | null | '' | 0)[]
}

/** A playbook. `plays` is synchronous and pure; `-e` keys go to `params`, others to vars. */
export function playbook<F extends Fleet, P extends z.ZodType = z.ZodType<Record<string, never>>>(
  name: string,
  shape: {
    readonly fleet: F
    readonly params?: P
    readonly together?: (host: Host) => string
    readonly leavesAsFound?: boolean
    readonly tags?: readonly string[]
    readonly hooks?: readonly Hook[]
  },
  plays: Playbook<F, P>['plays'],
): Playbook<F, P> {
  const { fleet, params, together, leavesAsFound = false, tags = [], hooks = [] } = shape
  return { [mark]: true, name, fleet, params, together, leavesAsFound, tags, hooks, plays }
}

/** Asks a person before what comes after it. */
export const approve = (name: string, question: Approval['question']): Approval => ({
  kind: 'approval',
  name,
  question,
})

/** Ends the run here, well, if there is a reason to (every host is at the target already). */
export const conclude = (name: string, reason: Conclusion['reason']): Conclusion => ({
  kind: 'conclusion',
  name,
  reason,
})

/**
 * The run's point of no easy return: once it is reached, rollback is never automatic, and one by hand asks for the run's id
 * (`rollback RUN --after-cutover RUN`). It stands behind the gates that must hold, before the play that lets users in.
 */
export const cutover = (name: string): Cutover => ({ kind: 'cutover', name })

/** Whether a value is a {@link Playbook}, whichever copy of this package made it. */
export function isPlaybook(value: unknown): value is Playbook {
  return typeof value === 'object' && value !== null && mark in value
}
