import type { Outcome } from '../model/event.ts'

const codes: Readonly<Record<Outcome, number>> = {
  ok: 0,
  blocked: 2,
  failed: 3,
  unreachable: 4,
  'rolled-back': 5,
  'needs-operator': 6,
  fenced: 7,
  interrupted: 130,
}

/** The exit code of a run that ended so. */
export const exitCodeOf = (outcome: Outcome): number => codes[outcome]
