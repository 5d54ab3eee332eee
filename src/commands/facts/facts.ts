/** What a machine told of itself. Names are those of Ansible's `setup`, without `ansible_`, where it has them; null is what it could not tell. */
export interface Facts {
  readonly hostname: string | null
  /** `ID`, `VERSION_ID` and `PRETTY_NAME` of os-release. */
  readonly distribution: string | null
  readonly distribution_version: string | null
  readonly distribution_name: string | null
  readonly system: string | null
  readonly kernel: string | null
  readonly architecture: string | null
  readonly processor_vcpus: number | null
  /** MiB; `memavailable_mb` is what new programs can have. */
  readonly memtotal_mb: number | null
  readonly memavailable_mb: number | null
  readonly swaptotal_mb: number | null
  readonly swapfree_mb: number | null
  readonly uptime_seconds: number | null
  readonly boot_id: string | null
  readonly user_id: string | null
  readonly user_uid: number | null
  readonly user_gid: number | null
  readonly groups: readonly string[]
  /** The name of PID 1, and who manages services: `systemd` only where it is running. */
  readonly init: string | null
  readonly service_mgr: string | null
  readonly locale: string | null
  /** Seconds since 1970 in UTC by its clock, and how many it is before ours; whole, so 1 may be none. */
  readonly epoch: number | null
  readonly clock_skew_seconds: number | null
  readonly mounts: readonly Mount[]
  readonly java: readonly Java[]
  /** Where each program that an upgrade may want was found. */
  readonly tools: Readonly<Record<string, string | null>>
  readonly listening: readonly Listening[]
}

/** A mounted file system; bytes and inodes, null where it counts none. */
export interface Mount {
  readonly mount: string
  readonly device: string
  readonly size_total: number
  readonly size_available: number
  readonly inode_total: number | null
  readonly inode_available: number | null
}

/** A Java home, where it was found, and the version that its `release` file says. */
export interface Java {
  readonly home: string
  readonly found: string
  readonly version: string | null
}

/** A TCP port that something listens on, and at which address. */
export interface Listening {
  readonly address: string
  readonly port: number
}

/** Reads the answer to the script of facts. `now` is our clock, in seconds, at the middle of the question. Pure. */
export function factsOf(answer: string, tools: readonly string[], now: number): Facts {
  const all = new Map<string, string[]>()
  for (const line of answer.split('\n')) {
    const tab = line.indexOf('\t')
    if (tab < 0) continue
    const key = line.slice(0, tab)
    all.set(key, [...(all.get(key) ?? []), line.slice(tab + 1)])
  }
  const many = (key: string) => all.get(key) ?? []
  const text = (key: string) => many(key)[0] ?? null
  const number = (key: string) => numeral(text(key)?.split(' ')[0])
  const os = new Map(many('os').map((line) => assignment(line)))
  const memory = new Map(
    many('memory').map((line) => [line.split(':')[0], numeral(/(\d+) kB/.exec(line)?.[1])]),
  )
  const mb = (name: string) => {
    const kb = memory.get(name)
    return typeof kb === 'number' ? Math.floor(kb / 1024) : null
  }
  const found = new Map(many('tool').map((line): [string, string] => halves(line, '\t')))
  const epoch = number('epoch')
  const uptime = number('uptime')
  const init = text('init')
  return {
    hostname: text('hostname'),
    distribution: os.get('ID') ?? null,
    distribution_version: os.get('VERSION_ID') ?? null,
    distribution_name: os.get('PRETTY_NAME') ?? null,
    system: text('system'),
    kernel: text('kernel'),
    architecture: text('architecture'),
    processor_vcpus: number('vcpus'),
    memtotal_mb: mb('MemTotal'),
    memavailable_mb: mb('MemAvailable') ?? mb('MemFree'),
    swaptotal_mb: mb('SwapTotal'),
    swapfree_mb: mb('SwapFree'),
    uptime_seconds: uptime === null ? null : Math.floor(uptime),
    boot_id: text('boot'),
    user_id: text('user'),
    user_uid: number('uid'),
    user_gid: number('gid'),
    groups: many('group'),
    init,
    service_mgr: text('systemd') === null ? init : 'systemd',
    locale: text('locale'),
    epoch,
    clock_skew_seconds: epoch === null ? null : Math.round(epoch - now),
    mounts: mountsOf(many('bytes'), many('inodes')),
    java: javasOf(many('java')),
    tools: Object.fromEntries(tools.map((tool) => [tool, found.get(tool) ?? null])),
    listening: listeningOf(many('listen')),
  }
}

function mountsOf(bytes: readonly string[], inodes: readonly string[]): readonly Mount[] {
  const counted = new Map(inodes.flatMap(rowOf).map((row) => [row.mount, row]))
  return bytes.flatMap(rowOf).flatMap(({ mount, device, total, available }) => {
    if (total === null || available === null || total === 0) return []
    const nodes = counted.get(mount)
    const counts = nodes !== undefined && nodes.total !== null && nodes.total > 0
    return {
      mount,
      device,
      size_total: total * 1024,
      size_available: available * 1024,
      inode_total: counts ? nodes.total : null,
      inode_available: counts ? nodes.available : null,
    }
  })
}

// Device and mount point may hold blanks; between them stand three counts and a percentage.
function rowOf(line: string) {
  const [, device, total, , available, mount] =
    /^(.+?)\s+(\d+|-)\s+(-?\d+|-)\s+(-?\d+|-)\s+(?:\d+%|-)\s+(\/.*)$/.exec(line) ?? []
  if (device === undefined || mount === undefined) return []
  return [{ device, mount, total: numeral(total), available: numeral(available) }]
}

function javasOf(lines: readonly string[]): readonly Java[] {
  const homes = new Map<string, Java>()
  for (const line of lines) {
    const [found = '', home = '', release = ''] = line.split('\t')
    const version = release === '' ? null : assignment(release)[1]
    if (!homes.has(home)) homes.set(home, { home, found, version })
  }
  return [...homes.values()]
}

function listeningOf(lines: readonly string[]): readonly Listening[] {
  const seen = new Map<string, Listening>()
  for (const line of lines) {
    const [, hex, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(line) ?? []
    if (hex === undefined || port === undefined) continue
    const one = { address: addressOf(hex), port: Number.parseInt(port, 16) }
    seen.set(`${one.address} ${one.port}`, one)
  }
  return [...seen.values()].sort(
    (one, other) => one.port - other.port || (one.address < other.address ? -1 : 1),
  )
}

// The kernel prints each 32 bits as a number of the machine: those that run this have the small end first.
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse())
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  const whole = bytes.join('').toLowerCase()
  const mapped = /^0{20}ffff(.{8})$/.exec(whole)?.[1]
  if (mapped !== undefined)
    return (mapped.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join('.')
  if (/^0+$/.test(whole)) return '::'
  if (/^0+1$/.test(whole)) return '::1'
  return (whole.match(/.{4}/g) ?? []).map((part) => part.replace(/^0{1,3}/, '')).join(':')
}

function assignment(line: string): [string, string] {
  const [name, value] = halves(line, '=')
  return [name, value.replace(/^(["'])(.*)\1$/, '$2')]
}

function halves(line: string, mark: string): [string, string] {
  const at = line.indexOf(mark)
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + mark.length)]
}

function numeral(text: string | undefined): number | null {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null
}
