import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { ConnectContext } from './context.ts'
import { type HostKeyCheck, hostKeyCheck, knownOf, NotPinned, offered, recordedName } from './host-key.ts'
import { keyType } from './known-hosts.ts'
import { showKey } from './show-key.ts'

/** The host keys that `ssh` may take, as the text of a known_hosts file, and the algorithms to ask for. */
export interface TrustedKeys {
  readonly text: string
  readonly algorithms: readonly string[]
  /** Why a machine was refused by `ssh`, in our own words: it is asked once more, and judged. */
  readonly refused: () => Promise<ConnectionError | undefined>
}

const certificates = Object.values(offered)
  .flat()
  .map((algorithm) => `${algorithm}-cert-v01@openssh.com`)

/**
 * Decides about host keys before `ssh` is started, so that it is left no decision. Where nothing is recorded, or the
 * inventory pins fingerprints, the machine is asked for its key first, and the key judged as for every connection.
 * Throws `host-key`.
 */
export async function trustedKeys(
  endpoint: Endpoint,
  context: ConnectContext,
  seconds: number,
): Promise<TrustedKeys> {
  const check = await hostKeyCheck(endpoint, context)
  const { keys, revoked, authorities, pins } = await knownOf(endpoint, context.home)
  const host = recordedName(endpoint)
  const refused = () =>
    judged(endpoint, check, context, seconds).then((found) =>
      found instanceof ConnectionError ? found : undefined,
    )
  const line = (marker: string, { type, key }: { readonly type: string; readonly key: Buffer }) =>
    `${marker}${host} ${type} ${key.toString('base64')}\n`
  const never = revoked.map((one) => line('@revoked ', one))
  if (pins.length === 0 && (keys.length > 0 || authorities.length > 0)) {
    const lines = [
      ...keys.map((one) => line('', one)),
      ...authorities.map((one) => line('@cert-authority ', one)),
    ]
    const certified = authorities.length > 0 ? certificates : []
    return {
      text: [...never, ...lines].join(''),
      algorithms: [...certified, ...(keys.length > 0 ? check.algorithms : [])],
      refused,
    }
  }
  let found = await judged(endpoint, check, context, seconds)
  const passed: Buffer[] = []
  // The pinned key may be of another type than the one that it shows first.
  while (found instanceof NotPinned && !passed.some((one) => one.equals((found as NotPinned).key))) {
    passed.push(found.key)
    found = await judged(endpoint, await hostKeyCheck(endpoint, context, passed), context, seconds)
  }
  if (found instanceof ConnectionError) throw found
  const type = keyType(found.key)
  return {
    text: [...never, line('', { type, key: found.key })].join(''),
    algorithms: offered[type] ?? [type],
    refused,
  }
}

/** Asks a machine for its key without logging in: the key, where it is the right one. */
async function judged(
  endpoint: Endpoint,
  check: HostKeyCheck,
  context: ConnectContext,
  seconds: number,
): Promise<{ readonly key: Buffer } | ConnectionError> {
  const ssh2 = (await import('ssh2')).default
  const [key] = await showKey(ssh2, endpoint, check.algorithms, seconds, context)
  const { name } = endpoint
  if (key === undefined)
    return (
      check.noneOffered() ??
      new ConnectionError(name, 'host-key', `${name}: it has no host key of a type that is known here`)
    )
  if (await check.verify(key)) return { key }
  return check.refused() ?? new ConnectionError(name, 'host-key', `${name}: its host key was refused`)
}
