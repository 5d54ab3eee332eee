import { type On, observe } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { ask, linesOf } from '../../modules/target.ts'
import { serversOf } from '../server.ts'
import { type Finding, finding, tell } from './finding.ts'

/** Somebody who listens: at which address (`*` for all) and port, and the process, where we may see it. */
export type Listener = { readonly address: string; readonly port: number; readonly inode: string }

/** Listening sockets out of the lines of `/proc/net/tcp` and `tcp6`. */
export function listeners(lines: readonly string[]): readonly Listener[] {
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [hex = '', port = ''] = local.split(':')
    return state === '0A' && port !== ''
      ? [{ address: addressOf(hex), port: Number.parseInt(port, 16), inode }]
      : []
  })
}

// Four bytes a word, the lowest first; an IPv4 address in an IPv6 socket stands in its last word.
function addressOf(hex: string): string {
  const last = hex.slice(-8)
  const dotted = (last.match(/../g) ?? [])
    .toReversed()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
  if (/^0+$/.test(hex)) return '*'
  return hex.length === 8 || /^0{16}FFFF0000/i.test(hex) ? dotted : hex
}

type Input = {
  readonly address: string
  readonly ports: readonly number[]
  /** The home that serves now: its own listeners go with it. */
  readonly home?: string | undefined
  /** Where the kernel tells of sockets. */
  readonly net?: readonly string[]
}

/** Who holds the ports that the new server needs, but for the server that it takes the place of. */
export const ports = observe(
  'apim.ports',
  async (on, { address, ports: wanted, home, net = ['/proc/net/tcp', '/proc/net/tcp6'] }: Input) => {
    const { stdout } = await ask(
      on,
      sh.read`for f in ${net}; do cat -- "$f" 2>/dev/null; done; printf 'at %s\n' ${address} $(getent ahosts ${address} 2>/dev/null | cut -d ' ' -f 1 | sort -u)`,
    )
    const lines = linesOf(stdout)
    const own = new Set(lines.flatMap((line) => (line.startsWith('at ') ? [line.slice(3)] : [])))
    const held = listeners(lines).filter(
      (each) => wanted.includes(each.port) && (each.address === '*' || own.has(each.address)),
    )
    const servers = home === undefined ? [] : (await serversOf(on, home)).map(({ pid }) => String(pid))
    const who = await holders(on, held)
    return tell(on, 'ports', taken(held, who, servers))
  },
  { steady: () => null },
)

/** The processes that hold each socket: `pid name` of each by inode. One of another user is not to be seen. */
async function holders(on: On, held: readonly Listener[]): Promise<ReadonlyMap<string, readonly string[]>> {
  if (held.length === 0) return new Map()
  const inodes = held.map(({ inode }) => `socket:[${inode}]`)
  const { stdout } = await ask(
    on,
    sh.read`find /proc/[0-9]*/fd -maxdepth 1 -lname 'socket:*' -printf '%l %h\n' 2>/dev/null | grep -F ${inodes.flatMap((each) => ['-e', each])} | sort -u | while read -r i d; do
p=$(basename -- "$(dirname -- "$d")"); printf '%s %s %s\n' "$i" "$p" "$(cat "/proc/$p/comm" 2>/dev/null)"; done; :`,
    { timeout: 120 },
  )
  const found = new Map<string, string[]>()
  for (const line of linesOf(stdout)) {
    const [socket = '', ...process] = line.split(' ')
    const inode = socket.slice('socket:['.length, -1)
    found.set(inode, [...(found.get(inode) ?? []), process.join(' ')])
  }
  return found
}

/**
 * What is against the ports: those that are held by anybody but the servers of the old home. What such a server holds is its
 * own though others hold it too: its child does between fork and exec.
 */
export function taken(
  held: readonly Listener[],
  who: ReadonlyMap<string, readonly string[]>,
  servers: readonly string[],
): readonly Finding[] {
  const strangers = held.flatMap(({ port, address, inode }) => {
    const processes = who.get(inode)
    const old = processes?.some((process) => servers.includes(process.split(' ')[0] ?? '')) ?? false
    return old
      ? []
      : [
          `${port} (${address}) by ${processes === undefined ? 'a process of another user' : `pid ${processes.join(', ')}`}`,
        ]
  })
  return [...new Set(strangers)].map((each) =>
    finding(
      'port-taken',
      `a port that the new server needs is held: ${each}`,
      'stop that program, or give it another port',
    ),
  )
}
