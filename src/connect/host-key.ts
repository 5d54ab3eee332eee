import { quote } from '../model/command.ts'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { sanitize } from '../model/sanitize.ts'
import type { ConnectContext, HeldKeys } from './context.ts'
import { knownFiles } from './known-files.ts'
import { fingerprint, hostName, judge, type Known, keyType, knownFor, type Verdict } from './known-hosts.ts'
import { type KeyStore, rememberKeys } from './remember-key.ts'

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

/** The files that say which host keys a machine has. */
const knownHostsOf = (endpoint: Endpoint, home: string): readonly string[] =>
  endpoint.knownHostsFiles ?? [`${home}/.ssh/known_hosts`]

/** What a machine's key is looked up and stored by, as known_hosts writes it: its alias has no port. */
export const recordedName = ({ address, port, hostKeyAlias }: Endpoint): string =>
  hostKeyAlias === undefined ? hostName(address, port) : hostKeyAlias.toLowerCase()

/** Where a machine's key is stored. */
export function keyStoreOf(endpoint: Endpoint, home: string): KeyStore {
  const files = knownHostsOf(endpoint, home)
  const file = endpoint.newKeysFile ?? files[0]
  const hashed = endpoint.hashKnownHosts === true
  return { file: file === '' ? undefined : file, files, name: recordedName(endpoint), hashed }
}

/** What files and inventory say of a machine. Throws `host-key` when a file cannot be read. */
export async function knownOf(endpoint: Endpoint, home: string, known = knownFiles()): Promise<Known> {
  const { name, hostKeyFingerprints = [] } = endpoint
  try {
    return {
      ...(await knownFor(knownHostsOf(endpoint, home), recordedName(endpoint), known)),
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

/** A machine showed a key that is not one of the inventory's; of another type it may have one that is. */
export class NotPinned extends ConnectionError {
  readonly key: Buffer
  constructor(endpoint: Endpoint, pins: readonly string[], keys: readonly [Buffer, ...Buffer[]]) {
    const { name } = endpoint
    const shown = keys.map((key) => `${keyType(key)} ${fingerprint(key)}`).join(', ')
    super(
      name,
      'host-key',
      `${name}: the host key of ${recordedName(endpoint)} is not the one of the inventory: it shows ${shown}, and upgrade_fleet_host_key has ${pins.join(', ')}. ${warning}\nIf it is right, compare fingerprints, then correct upgrade_fleet_host_key; all keys of the machine: upgrade-fleet hostkeys scan ${quote(name)}`,
    )
    this.key = keys[0]
  }
}

/**
 * Reads what is known of an endpoint. `passed` are keys that it showed before and that are not the inventory's: their types
 * are not asked for again. Throws `host-key` when a known_hosts file cannot be read, or has only keys of types that are not
 * understood here.
 */
export async function hostKeyCheck(
  endpoint: Endpoint,
  context: Pick<ConnectContext, 'home' | 'hostKeyChecking' | 'heldKeys' | 'knownHosts'>,
  passed: readonly Buffer[] = [],
): Promise<HostKeyCheck> {
  const { home, hostKeyChecking = 'strict', heldKeys, knownHosts } = context
  const store = keyStoreOf(endpoint, home)
  const { name } = endpoint
  let known = await knownOf(endpoint, home, knownHosts)
  let verdict: ConnectionError | undefined
  let shown: string | undefined
  const judged = (key: Buffer, found: Verdict): boolean => {
    verdict =
      found.kind === 'not-pinned'
        ? new NotPinned(endpoint, found.pins, [key, ...passed])
        : refusal(endpoint, store.files, key, found, known.authorities)
    return verdict === undefined
  }
  const hold = (key: Buffer, held: HeldKeys): boolean => {
    const before = held.get(store.name)
    if (before === undefined) held.set(store.name, { endpoint, key })
    if (before === undefined || before.key.equals(key)) return judged(key, { kind: 'known' })
    verdict = new ConnectionError(
      name,
      'host-key',
      `${name}: the host key of ${store.name} changes: it showed ${fingerprint(before.key)}, and now ${fingerprint(key)}. ${warning}`,
    )
    return false
  }
  const accept = async (key: Buffer): Promise<boolean> => {
    try {
      const [found = { kind: 'unknown' }] = await rememberKeys(store, [key])
      // It is asked again whenever the connection makes new keys.
      if (judged(key, found)) known = await knownOf(endpoint, home, knownHosts)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      verdict = new ConnectionError(name, 'host-key', `${name}: its host key cannot be stored: ${why}`)
    }
    return verdict === undefined
  }
  const [recorded] = known.pins.length > 0 ? [] : known.keys
  const types = recorded === undefined ? Object.keys(offered) : known.keys.map((line) => line.type)
  const done = passed.map(keyType)
  const algorithms = [...new Set(types.flatMap((type) => (done.includes(type) ? [] : (offered[type] ?? []))))]
  const [first, ...more] = passed
  if (first !== undefined && algorithms.length === 0)
    throw new NotPinned(endpoint, known.pins, [first, ...more])
  if (recorded !== undefined && algorithms.length === 0)
    throw new ConnectionError(
      name,
      'host-key',
      `${name}: the host key of ${store.name} is known by a type that is not understood here: ${recorded.file}:${recorded.line} has ${sanitize(recorded.type)}.\nAdd another of its keys, once compared: ssh-keyscan, or take that line away and type: upgrade-fleet hostkeys trust ${quote(name)}`,
    )
  return {
    algorithms,
    verify: (key) => {
      shown = `${keyType(key)} ${fingerprint(key)}`
      const found = judge(known, key)
      if (found.kind !== 'unknown' || hostKeyChecking !== 'accept-new') return judged(key, found)
      return heldKeys === undefined ? accept(key) : hold(key, heldKeys)
    },
    shown: () => shown,
    refused: () => verdict,
    noneOffered: () => {
      if (first !== undefined) return new NotPinned(endpoint, known.pins, [first, ...more])
      if (recorded === undefined) return undefined
      return new ConnectionError(
        name,
        'host-key',
        `${name}: the host key of ${store.name} has changed: it has no key of a type that ${recorded.file}:${recorded.line} has (${recorded.type} ${fingerprint(recorded.key)}). ${warning}\n${forget(endpoint, recorded.file)}`,
      )
    },
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
  found: Exclude<Verdict, { kind: 'not-pinned' }>,
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
        `is not known: ${shown}, in ${files.length === 0 ? 'no file, since none is named' : `none of ${files.join(', ')}`}.`,
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
    case 'revoked':
      return error(
        `is revoked: ${shown}, by ${found.by.file}:${found.by.line}.`,
        `Give the machine a new host key. ${forget(endpoint, files[0] ?? found.by.file)}`,
      )
    default:
      return found satisfies never
  }
}
