/** `8 hosts, 3 things`: machines and the things that are reached through them, each name once and counted apart. */
export function hostsText(names: Iterable<string>, things: ReadonlySet<string>): string {
  const all = new Set(names)
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`
  const other = [...all].filter((name) => things.has(name)).length
  const machines = all.size - other
  return [
    ...(machines > 0 || other === 0 ? [count(machines, 'host')] : []),
    ...(other > 0 ? [count(other, 'thing')] : []),
  ].join(', ')
}

/** The things among the hosts of waves. */
export const thingsOf = (waves: Iterable<{ readonly things?: readonly string[] }>): ReadonlySet<string> =>
  new Set([...waves].flatMap((wave) => wave.things ?? []))
