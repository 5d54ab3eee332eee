import type { Duration } from './play.ts'

const units = { ms: 0.001, s: 1, m: 60, h: 3600 } as const

/** A duration in seconds. Throws a RangeError for anything but a positive number or such a text. */
export function seconds(duration: Duration): number {
  if (typeof duration === 'number') return duration
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration) ?? []
  if (amount === undefined || unit === undefined)
    throw new RangeError(
      `"${duration}" is no duration: expected seconds, or a text such as "90s", "10m", "2h"`,
    )
  return Number(amount) * units[unit as keyof typeof units]
}
