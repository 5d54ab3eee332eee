import type { Facts } from './facts.ts'

/** Facts as lines for a person; what a machine could not tell is left out. */
export function factLines(facts: Facts): readonly string[] {
  const { java, mounts, listening, tools } = facts
  const row = (name: string, ...values: readonly (string | number | null)[]) => {
    const told = values.filter((value) => value !== null && value !== '')
    return told.length === 0 ? [] : [`${name.padEnd(10)}${told.join(' ')}`]
  }
  const skew = facts.clock_skew_seconds
  const found = Object.keys(tools).filter((tool) => tools[tool] !== null)
  const missing = Object.keys(tools).filter((tool) => tools[tool] === null)
  return [
    ...row('host', facts.hostname),
    ...row('system', facts.distribution_name ?? facts.system, facts.kernel, facts.architecture),
    ...row('cpus', facts.processor_vcpus),
    ...(facts.memtotal_mb === null
      ? []
      : row(
          'memory',
          `${facts.memavailable_mb ?? '?'} of ${facts.memtotal_mb} MiB available, swap ${facts.swaptotal_mb ?? 0} MiB`,
        )),
    ...(facts.uptime_seconds === null ? [] : row('uptime', `${facts.uptime_seconds} s, boot`, facts.boot_id)),
    ...(facts.user_uid === null
      ? []
      : row('user', facts.user_id, `(${facts.user_uid}:${facts.user_gid})`, facts.groups.join(','))),
    ...row('init', facts.init, facts.service_mgr === facts.init ? null : `(services: ${facts.service_mgr})`),
    ...(skew === null
      ? []
      : row('clock', skew === 0 ? 'as ours' : `${Math.abs(skew)} s ${skew > 0 ? 'ahead' : 'behind'}`)),
    ...row('locale', facts.locale),
    ...mounts.flatMap((one) =>
      row(
        'space',
        one.mount,
        gib(one.size_available),
        'of',
        gib(one.size_total),
        inodes(one.inode_available),
      ),
    ),
    ...java.flatMap(({ version, home, found: where }) =>
      row('java', version ?? 'unknown version', home, `(${where})`),
    ),
    ...row('tools', found.join(' ')),
    ...row('missing', missing.join(' ')),
    ...row(
      'listening',
      listening
        .map(({ address, port }) => `${address.includes(':') ? `[${address}]` : address}:${port}`)
        .join(' '),
    ),
  ]
}

const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`
const inodes = (free: number | null): string | null => (free === null ? null : `(${free} inodes)`)
