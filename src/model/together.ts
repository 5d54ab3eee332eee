import { type Host, machineOf } from './host.ts'

/** Says what a host shares with others (its databases); hosts with the same answer are limited all or none. */
export type Together = (host: Host) => string

/** Which hosts a limit would part from others that they belong together with, one line a group; empty when none. */
export function splitTogether(
  together: Together | undefined,
  hosts: readonly Host[],
  limit: (machine: Host) => boolean,
): readonly string[] {
  if (together === undefined) return []
  const groups = new Map<string, Host[]>()
  for (const machine of new Map(hosts.map(machineOf).map((host) => [host.name, host])).values())
    groups.set(together(machine), [...(groups.get(together(machine)) ?? []), machine])
  return [...groups].flatMap(([word, group]) => {
    const out = group.filter((host) => !limit(host)).map((host) => host.name)
    const within = group.filter(limit).map((host) => host.name)
    if (out.length === 0 || within.length === 0) return []
    return [
      `--limit takes ${within.join(', ')} but leaves out ${out.join(', ')}, and these share their ${word}`,
    ]
  })
}
