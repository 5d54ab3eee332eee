import { readFile } from 'node:fs/promises'
import type { AnyAuthMethod, BaseAgent, ParsedKey } from 'ssh2'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { ConnectContext } from './context.ts'

type Ssh2 = typeof import('ssh2')

/** The one key to offer: each more would count as a failed login with the server. */
export interface Credential {
  readonly method: AnyAuthMethod
  /** What it is, for messages. */
  readonly said: string
}

const defaults = ['id_ed25519', 'id_ecdsa', 'id_rsa']

/**
 * Finds the key: the endpoint's file (its twin in the agent when the file is encrypted), else the agent's key that one of
 * the files names (ssh_config's, or the default ones), else the agent's first, else the first of the files. What
 * ssh_config names comes before the agent's first key, which `identitiesOnly` rules out.
 */
export async function findCredential(
  ssh2: Ssh2,
  endpoint: Endpoint,
  username: string,
  context: ConnectContext,
): Promise<Credential> {
  const refuse = (why: string, next: string) =>
    new ConnectionError(endpoint.name, 'auth', `${endpoint.name}: no key to log in with: ${why}\n${next}`)
  const socket = endpoint.agent ?? context.agent ?? ''
  const agentKeys = socket === '' ? undefined : await identities(ssh2, socket)
  const fromAgent = (key: ParsedKey): Credential => ({
    method: { type: 'agent', username, agent: onlyThis(ssh2, socket, key) },
    said: `the agent's key ${key.comment || key.type}${(agentKeys?.length ?? 0) > 1 ? ` (of ${agentKeys?.length}; only one is offered)` : ''}`,
  })
  const twin = async (file: string) => {
    const text = await readFile(`${file}.pub`).catch(() => undefined)
    const wanted = text === undefined ? undefined : parsed(ssh2, text)
    return agentKeys?.find((key) => wanted?.getPublicSSH().equals(key.getPublicSSH()))
  }
  const fromFile = async (file: string): Promise<Credential> => {
    const text = await readFile(file).catch((error: unknown) => {
      throw refuse(
        `${file} cannot be read: ${error instanceof Error ? error.message : error}`,
        'Name a key file that exists: ansible_ssh_private_key_file, or --private-key FILE.',
      )
    })
    const key = ssh2.utils.parseKey(text)
    if (!(key instanceof Error) && key.isPrivateKey())
      return { method: { type: 'publickey', username, key: text }, said: file }
    const same = await twin(file)
    if (same !== undefined) return fromAgent(same)
    const why = key instanceof Error ? key.message : 'it is no private key'
    throw refuse(`${file}: ${why}`, `If it has a passphrase, hand it to the agent: ssh-add ${file}`)
  }
  if (endpoint.privateKeyFile !== undefined) return fromFile(endpoint.privateKeyFile)
  const named = endpoint.identityFiles
  const files = named ?? defaults.map((name) => `${context.home}/.ssh/${name}`)
  for (const file of files) {
    const same = await twin(file)
    if (same !== undefined) return fromAgent(same)
  }
  const [first] = agentKeys ?? []
  const mayAgent = first !== undefined && endpoint.identitiesOnly !== true
  if (mayAgent && named === undefined) return fromAgent(first)
  for (const file of files) if (await readable(file)) return fromFile(file)
  if (mayAgent) return fromAgent(first)
  throw named === undefined
    ? refuse('no key file is named, and no agent holds one.', 'Name one: --private-key FILE.')
    : refuse(`none of these can be read: ${named.join(', ')}`, 'Name a key file that exists: IdentityFile.')
}

const readable = (file: string): Promise<boolean> =>
  readFile(file).then(
    () => true,
    () => false,
  )

function parsed(ssh2: Ssh2, text: Buffer): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(text)
  return key instanceof Error ? undefined : key
}

function identities(ssh2: Ssh2, socket: string): Promise<readonly ParsedKey[]> {
  return new Promise((resolve) => {
    ssh2.createAgent(socket).getIdentities((error, keys) => {
      const usable = (keys ?? []).flatMap((key): ParsedKey[] => {
        const one = typeof key === 'string' || Buffer.isBuffer(key) ? ssh2.utils.parseKey(key) : key
        return one instanceof Error || !isParsed(one) ? [] : [one]
      })
      resolve(error ? [] : usable)
    })
  })
}

function isParsed(key: object): key is ParsedKey {
  return 'getPublicSSH' in key
}

function onlyThis(ssh2: Ssh2, socket: string, key: ParsedKey): BaseAgent {
  const agent = ssh2.createAgent(socket)
  agent.getIdentities = (callback) => callback(undefined, [key])
  return agent
}
