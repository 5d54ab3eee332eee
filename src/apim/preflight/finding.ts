import type { On } from '../../model/action.ts'
import { TaskError } from '../../model/errors.ts'
import type { Level } from './check.ts'
import { type CheckName, checks } from './checks.ts'

/** Something that preflight found: which check, what is so, and what to do about it. */
export type Finding = { readonly is: CheckName; readonly says: string; readonly todo: string }

/** Makes one. */
export const finding = (is: CheckName, says: string, todo: string): Finding => ({ is, says, todo })

/** How a finding is told. */
export const told = ({ is, says, todo }: Finding): string => `[${is}] ${says}: ${todo}`

/** What a check gives when nothing blocks: what it told. */
export type Told = { readonly warnings: readonly string[] }

/** What a finding means here: one that asks is only told where it was accepted. */
export function levelOf(is: CheckName, accepted: readonly string[]): Level {
  const { level } = checks[is]
  return level === 'asks' && accepted.includes(is) ? 'warns' : level
}

/** Tells all findings at once: those that warn are said, and if any blocks, all that block are thrown with what to do. */
export function tell(
  on: Pick<On, 'name' | 'say'>,
  what: string,
  findings: readonly Finding[],
  accepted: readonly string[] = [],
): Told {
  const warnings = findings.filter(({ is }) => levelOf(is, accepted) === 'warns').map(told)
  const blocking = findings.filter(({ is }) => levelOf(is, accepted) !== 'warns')
  for (const line of warnings) on.say(`warning: ${line}`)
  if (blocking.length > 0)
    throw new TaskError(
      `${what} on ${on.name}: ${blocking.length} ${blocking.length === 1 ? 'finding' : 'findings'}`,
      blocking.map((each) => told(each) + decide(each)),
    )
  return { warnings }
}

const decide = ({ is }: Finding): string =>
  checks[is].level === 'asks'
    ? `; to go on as it is, name it in the inventory: preflight_accepted: [${is}]`
    : ''
