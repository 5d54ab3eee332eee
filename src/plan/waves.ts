import type { Serial } from '../model/play.ts'

/** Hosts at a time of `total`, as Ansible counts: a percentage is of all, floored, at least 1; nothing or less is all. */
export function waveSize(step: number | `${number}%`, total: number): number {
  const size = typeof step === 'number' ? step : Math.floor((Number.parseFloat(step) / 100) * total) || 1
  return size <= 0 ? total : size
}

/** Cuts a list into waves; items of a `serial` list are used in turn, the last repeats. */
export function wavesOf<T>(hosts: readonly T[], serial: Serial | undefined): readonly (readonly T[])[] {
  const steps = serial === undefined ? [0] : typeof serial === 'object' ? serial : [serial]
  const waves: T[][] = []
  let at = 0
  while (at < hosts.length) {
    const size = waveSize(steps[Math.min(waves.length, steps.length - 1)] ?? 0, hosts.length)
    waves.push(hosts.slice(at, at + size))
    at += size
  }
  return waves
}
