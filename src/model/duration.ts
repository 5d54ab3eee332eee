import type { Duration } from './task-options.ts'

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

/** A length of time as a person says it: `1.2 s`, `42 s`, `3 min 2 s`, `1 h 4 min`. */
export function durationText(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
