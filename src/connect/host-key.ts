import { quote } from '../model/command.ts'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { ConnectContext } from './context.ts'
import {
  fingerprint,
  hostName,
  judge,
  type Known,
  keyType,
  knownFor,
  type ReadKnownHosts,
  type Verdict,
} from './known-hosts.ts'
import { rememberKeys } from './remember-key.ts'

/** Judges the key of one machine, and remembers why it was not the right one. */
export interface HostKeyCheck {
  /** The algorithms to offer: of a machine that is known, those of its recorded keys only. */
  readonly algorithms: readonly string[]
  /** Whether this is the machine's key; a promise where it is stored first. It never rejects. */
  readonly verify: (key: Buffer) => boolean | Promise<boolean>
  /** Type and fingerprint of the key that it showed last. */
  readonly shown: () => string | undefined
  /** Why not, once a key was refused. */
  readonly refused: () => ConnectionError | undefined
  /** What it means that the machine has none of the offered algorithms. */
  readonly noneOffered: () => ConnectionError | undefined
}

/** The signature algorithms that are offered for each type of host key, in the order of preference. */
export const offered: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
}

/** The files that say which host keys a machine has; a key that is accepted goes into the first. */
export function knownHostsOf(endpoint: Endpoint, home: string): readonly [string, ...string[]] {
  const [first = `${home}/.ssh/known_hosts`, ...more] = endpoint.knownHostsFiles ?? []
  return [first, ...more]
}

/** What a machine's key is looked up and stored by: its alias has no port. */
export const recordedAs = ({ address, port, hostKeyAlias }: Endpoint) =>
  hostKeyAlias === undefined ? { address, port } : { address: hostKeyAlias.toLowerCase(), port: 22 }

/** The same as known_hosts writes it. */
export function recordedName(endpoint: Endpoint): string {
  const { address, port } = recordedAs(endpoint)
  return hostName(address, port)
}

/** What files and inventory say of a machine. Throws `host-key` when a file cannot be read. */
export async function knownOf(endpoint: Endpoint, home: string, read?: ReadKnownHosts): Promise<Known> {
  const { name, hostKeyFingerprints = [] } = endpoint
  const { address, port } = recordedAs(endpoint)
  try {
    return {
      ...(await knownFor(knownHostsOf(endpoint, home), address, port, read)),
      pins: hostKeyFingerprints,
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConnectionError(
      name,
      'host-key',
      `${name}: its host key cannot be checked: ${why}\nMake the known_hosts file readable.`,
    )
  }
}

/** Reads what is known of an endpoint. Throws `host-key` when a known_hosts file cannot be read. */
export async function hostKeyCheck(
  endpoint: Endpoint,
  { home, hostKeyChecking = 'strict' }: Pick<ConnectContext, 'home' | 'hostKeyChecking'>,
): Promise<HostKeyCheck> {
  const files = knownHostsOf(endpoint, home)
  const { name } = endpoint
  const { address, port } = recordedAs(endpoint)
  let known = await knownOf(endpoint, home)
  let verdict: ConnectionError | undefined
  let shown: string | undefined
  const accept = async (key: Buffer): Promise<boolean> => {
    try {
      const [found = { kind: 'unknown' }] = await rememberKeys(files, address, port, [key])
      verdict = refusal(endpoint, files, key, found, known.authorities)
      // It is asked again whenever the connection makes new keys.
      if (verdict === undefined) known = await knownOf(endpoint, home)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      verdict = new ConnectionError(name, 'host-key', `${name}: its host key cannot be stored: ${why}`)
    }
    return verdict === undefined
  }
  const [recorded] = known.pins.length > 0 ? [] : known.keys
  const types = recorded === undefined ? Object.keys(offered) : known.keys.map((line) => line.type)
  return {
    algorithms: [...new Set(types.flatMap((type) => offered[type] ?? []))],
    verify: (key) => {
      shown = `${keyType(key)} ${fingerprint(key)}`
      const found = judge(known, key)
      if (found.kind === 'unknown' && hostKeyChecking === 'accept-new') return accept(key)
      verdict = refusal(endpoint, files, key, found, known.authorities)
      return verdict === undefined
    },
    shown: () => shown,
    refused: () => verdict,
    noneOffered: () =>
      recorded === undefined
        ? undefined
        : new ConnectionError(
            name,
            'host-key',
            `${name}: the host key of ${hostName(address, port)} has changed: it has no key of a type that ${recorded.file}:${recorded.line} has (${recorded.type} ${fingerprint(recorded.key)}). ${warning}\n${forget(endpoint, recorded.file)}`,
          ),
  }
}

const warning = 'Somebody may be in the middle, or the machine was installed anew.'

const forget = (endpoint: Endpoint, file: string) =>
  `If it is right, compare fingerprints, then type: ssh-keygen -R ${quote(recordedName(endpoint))} -f ${quote(file)} && upgrade-fleet hostkeys trust ${quote(endpoint.name)}`

/** Why a key that a machine showed is not taken; undefined where it is. */
function refusal(
  endpoint: Endpoint,
  files: readonly string[],
  key: Buffer,
  found: Verdict,
  [authority]: Known['authorities'],
): ConnectionError | undefined {
  const { name } = endpoint
  const host = recordedName(endpoint)
  const shown = `${keyType(key)} ${fingerprint(key)}`
  const error = (what: string, next: string) =>
    new ConnectionError(name, 'host-key', `${name}: the host key of ${host} ${what}\n${next}`)
  switch (found.kind) {
    case 'known':
      return undefined
    case 'unknown':
      return error(
        `is not known: ${shown}, in none of ${files.join(', ')}.`,
        authority === undefined || endpoint.kind === 'openssh'
          ? `Compare the fingerprint with the machine's own, then type: upgrade-fleet hostkeys trust ${quote(name)}`
          : `If it has a certificate of the authority in ${authority.file}:${authority.line}, set ansible_connection: openssh for it.`,
      )
    case 'changed': {
      const { recorded } = found
      return error(
        `has changed: it shows ${shown}, and ${recorded.file}:${recorded.line} has ${recorded.type} ${fingerprint(recorded.key)}. ${warning}`,
        forget(endpoint, recorded.file),
      )
    }
    case 'not-pinned':
      return error(
        `is not the one of the inventory: it shows ${shown}, and upgrade_fleet_host_key has ${found.pins.join(', ')}. ${warning}`,
        `If it is right, compare fingerprints, then correct upgrade_fleet_host_key; all keys of the machine: upgrade-fleet hostkeys scan ${quote(name)}`,
      )
    case 'revoked':
      return error(
        `is revoked: ${shown}, by ${found.by.file}:${found.by.line}.`,
        `Give the machine a new host key. ${forget(endpoint, files[0] ?? found.by.file)}`,
      )
    default:
      return found satisfies never
  }
}
