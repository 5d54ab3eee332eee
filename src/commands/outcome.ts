import type { Outcome } from '../model/event.ts'

/** The exit code of each outcome; scripts rely on them. */
export const exitCodes: Readonly<Record<Outcome, number>> = {
  ok: 0,
  blocked: 2,
  failed: 3,
  unreachable: 4,
  'rolled-back': 5,
  'needs-operator': 6,
  interrupted: 130,
}
