import { quote } from '../model/command.ts'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { fingerprint, hostName, judge, type Known, keyType, knownFor } from './known-hosts.ts'

/** Judges the key of one machine, and remembers why it was not the right one. */
export interface HostKeyCheck {
  /** The algorithms to offer: of a machine that is known, those of its recorded keys only. */
  readonly algorithms: readonly string[]
  /** Whether this is the machine's key. */
  readonly verify: (key: Buffer) => boolean
  /** Why not, once a key was refused. */
  readonly refused: () => ConnectionError | undefined
  /** What it means that the machine has none of the offered algorithms. */
  readonly noneOffered: () => ConnectionError | undefined
}

const offered: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
}

/** Reads the known_hosts files of an endpoint. Throws `host-key` when one of them cannot be read. */
export async function hostKeyCheck(endpoint: Endpoint, home: string): Promise<HostKeyCheck> {
  const files = endpoint.knownHostsFiles ?? [`${home}/.ssh/known_hosts`]
  const { address, port, name, hostKeyAlias: alias } = endpoint
  const error = (...lines: string[]) => new ConnectionError(name, 'host-key', lines.join('\n'))
  let known: Known
  try {
    known = await knownFor(files, alias ?? address, alias === undefined ? port : 22)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw error(`${name}: its host key cannot be checked: ${why}`, 'Make the known_hosts file readable.')
  }
  const host = alias?.toLowerCase() ?? hostName(address, port)
  const file = files[0] ?? `${home}/.ssh/known_hosts`
  const scan = `ssh-keyscan -p ${port} ${quote(address)} >> ${quote(file)}`
  const forget = (from: string) => `ssh-keygen -R ${quote(host)} -f ${quote(from)} && ${scan}`
  const warning = 'Somebody may be in the middle, or the machine was installed anew.'
  let verdict: ConnectionError | undefined
  const refuse = (key: Buffer): ConnectionError | undefined => {
    const shown = `${keyType(key)} ${fingerprint(key)}`
    const found = judge(known, key)
    switch (found.kind) {
      case 'known':
        return undefined
      case 'unknown':
        return error(
          `${name}: the host key of ${host} is not known: ${shown}, in none of ${files.join(', ')}.`,
          `Compare the fingerprint with the machine's own, then type: ${scan}`,
        )
      case 'changed': {
        const { recorded } = found
        return error(
          `${name}: the host key of ${host} has changed: it shows ${shown}, and ${recorded.file}:${recorded.line} has ${recorded.type} ${fingerprint(recorded.key)}. ${warning}`,
          `If it is right, compare fingerprints, then type: ${forget(recorded.file)}`,
        )
      }
      case 'revoked':
        return error(
          `${name}: the host key of ${host} is revoked: ${shown}, by ${found.by.file}:${found.by.line}.`,
          `Give the machine a new host key, then type: ${forget(file)}`,
        )
      default:
        return found satisfies never
    }
  }
  const [recorded] = known.keys
  const types = recorded === undefined ? Object.keys(offered) : known.keys.map((line) => line.type)
  return {
    algorithms: [...new Set(types.flatMap((type) => offered[type] ?? []))],
    verify: (key) => {
      verdict = refuse(key)
      return verdict === undefined
    },
    refused: () => verdict,
    noneOffered: () =>
      recorded === undefined
        ? undefined
        : error(
            `${name}: the host key of ${host} has changed: it has no key of a type that ${recorded.file}:${recorded.line} has (${recorded.type} ${fingerprint(recorded.key)}). ${warning}`,
            `If it is right, compare fingerprints, then type: ${forget(recorded.file)}`,
          ),
  }
}
