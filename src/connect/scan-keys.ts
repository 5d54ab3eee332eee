import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { ConnectContext } from './context.ts'
import { keyStoreOf, knownOf, offered, recordedName } from './host-key.ts'
import type { KnownFiles } from './known-files.ts'
import { fingerprint, judge, keyType, type Verdict } from './known-hosts.ts'
import { rememberKeys } from './remember-key.ts'
import { showKey } from './show-key.ts'

/** A host key that a machine showed, and what is known of it. */
export interface ShownKey {
  readonly key: Buffer
  readonly type: string
  readonly fingerprint: string
  /** `unused`: the machine is known by a key of another type, which is the one that is asked for. */
  readonly verdict: Verdict | { readonly kind: 'unused' }
}

/** What a machine showed of itself. */
export interface ScannedHost {
  readonly endpoint: Endpoint
  /** The machine as known_hosts writes it. */
  readonly host: string
  readonly keys: readonly ShownKey[]
}

// What a server has of one kind it shows by itself, the types of each in one handshake.
const kinds = ['ssh-ed25519', 'ecdsa-', 'ssh-rsa'].map((kind) =>
  Object.entries(offered).flatMap(([type, names]) => (type.startsWith(kind) ? names : [])),
)

/**
 * Asks a machine for its host keys, one of each kind, the way that it is connected to, and does not log in there: only to
 * those that it is behind, whose own keys must be known. `seconds` for each. Throws {@link ConnectionError}.
 */
export async function scanKeys(
  endpoint: Endpoint,
  context: ConnectContext,
  seconds = 20,
): Promise<ScannedHost> {
  const ssh2 = (await import('ssh2')).default
  const known = await knownOf(endpoint, context.home, context.knownHosts)
  const shown: Buffer[] = []
  for (const algorithms of kinds) shown.push(...(await showKey(ssh2, endpoint, algorithms, seconds, context)))
  const host = recordedName(endpoint)
  if (shown.length === 0)
    throw new ConnectionError(
      endpoint.name,
      'unreachable',
      `${endpoint.name}: ${host} shows no host key of a type that is known here (${Object.keys(offered).join(', ')})`,
    )
  const verdicts = shown.map((key) => judge(known, key))
  const isKnown = verdicts.some(({ kind }) => kind === 'known')
  const keys = shown.map((key, at): ShownKey => {
    const verdict = verdicts[at] ?? { kind: 'unknown' }
    const type = keyType(key)
    const otherType =
      isKnown &&
      (verdict.kind === 'not-pinned' ||
        (verdict.kind === 'changed' && !known.keys.some((line) => line.type === type)))
    return { key, type, fingerprint: fingerprint(key), verdict: otherType ? { kind: 'unused' } : verdict }
  })
  return { endpoint, host, keys }
}

/**
 * Stores keys that somebody vouches for, for a machine of which none is known; answers the file. Throws `host-key` when
 * another key of it was stored meanwhile, or the file cannot be written.
 */
export async function trustKeys(
  { endpoint, host }: ScannedHost,
  keys: readonly ShownKey[],
  home: string,
): Promise<string> {
  const store = keyStoreOf(endpoint, home)
  const blobs = keys.map(({ key }) => key)
  const refuse = (why: string) =>
    new ConnectionError(endpoint.name, 'host-key', `${endpoint.name}: not stored: ${why}`)
  const found = await rememberKeys(store, blobs).catch((error: unknown) => {
    throw refuse(error instanceof Error ? error.message : String(error))
  })
  if (found.some(({ kind }) => kind !== 'known')) throw refuse(`another key of ${host} is stored by now`)
  return store.file ?? ''
}

/** Whether anything is known of a machine, so that its key can be judged without asking anybody. Throws `host-key`. */
export async function isKnownHost(endpoint: Endpoint, home: string, files?: KnownFiles): Promise<boolean> {
  if (endpoint.kind !== 'ssh' && endpoint.kind !== 'openssh') return true
  const { keys, pins, authorities } = await knownOf(endpoint, home, files)
  const vouched = endpoint.kind === 'openssh' && authorities.length > 0
  return keys.length > 0 || pins.length > 0 || vouched
}
