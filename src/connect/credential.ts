import { access, readFile } from 'node:fs/promises'
import type { AnyAuthMethod, ParsedKey } from 'ssh2'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { reveal, type Secret } from '../model/secret.ts'
import { type Held, heldBy, onlyThis } from './agent.ts'
import type { ConnectContext } from './context.ts'
import { inspectKey, parsed, unusable, useOpenSsh } from './key-file.ts'

type Ssh2 = typeof import('ssh2')

/** The one key to offer: each more would count as a failed login with the server. */
export interface Credential {
  readonly method: AnyAuthMethod
  /** What it is, for messages. */
  readonly said: string
  /** What else to think of when a server refuses it. */
  readonly hint?: string
}

/** An encrypted key file whose passphrase nobody gave. */
export class PassphraseNeeded extends ConnectionError {
  readonly file: string
  constructor(host: string, file: string) {
    const ways = `Hand it to the agent: ssh-add ${file}\nOr name its passphrase: ansible_ssh_private_key_passphrase: { env: NAME }`
    super(host, 'auth', `${host}: no key to log in with: ${file} has a passphrase\n${ways}`)
    this.file = file
  }
}

const defaults = ['id_ed25519', 'id_ecdsa', 'id_rsa']

/**
 * Finds the key: the endpoint's file (its twin in the agent when the file is encrypted), else the agent's key that one of
 * the files names (ssh_config's, or the default ones), else the agent's first, else the first of the files. What
 * ssh_config names comes before the agent's first key, which `identitiesOnly` rules out. Undefined for an endpoint with a
 * password, where no key is named or none of ssh_config's can be used. Throws {@link ConnectionError} `auth`.
 */
export async function findCredential(
  ssh2: Ssh2,
  endpoint: Endpoint,
  username: string,
  context: ConnectContext,
): Promise<Credential | undefined> {
  const { privateKeyFile, identityFiles, password } = endpoint
  if (password === undefined || privateKeyFile !== undefined)
    return findKey(ssh2, endpoint, username, context)
  if (identityFiles === undefined) return undefined
  return findKey(ssh2, endpoint, username, context).catch((error: unknown) => {
    if (error instanceof ConnectionError) return undefined
    throw error
  })
}

async function findKey(
  ssh2: Ssh2,
  endpoint: Endpoint,
  username: string,
  context: ConnectContext,
): Promise<Credential> {
  const refuse = (why: string, next: string) =>
    new ConnectionError(endpoint.name, 'auth', `${endpoint.name}: no key to log in with: ${why}\n${next}`)
  const socket = endpoint.agent ?? context.agent ?? ''
  const agent = await heldBy(ssh2, socket)
  const fromAgent = ({ key, comment }: Held): Credential => ({
    method: { type: 'agent', username, agent: onlyThis(ssh2, socket, key) },
    said: `the agent's key ${comment || key.type}${agent.usable.length > 1 ? ` (of ${agent.usable.length}; only one is offered)` : ''}`,
    ...(agent.others.length > 0 && {
      hint: `The agent also holds what is not offered here: ${agent.others.join('; ')}. ${useOpenSsh}`,
    }),
  })
  const twin = async (file: string) => {
    const texts = await Promise.all([file, `${file}.pub`].map((path) => readFile(path).catch(() => '')))
    const wanted = texts.flatMap((text) => parsed(ssh2, text)?.getPublicSSH() ?? [])
    return agent.usable.find(({ key }) => wanted.some((one) => one.equals(key.getPublicSSH())))
  }
  const fromFile = async (file: string): Promise<Credential> => {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw refuse(
        `${file} cannot be read: ${error instanceof Error ? error.message : error}`,
        'Name a key file that exists: ansible_ssh_private_key_file, or --private-key FILE.',
      )
    })
    const { format, type = '', encrypted } = inspectKey(text)
    const why = unusable(type)
    if (why !== undefined) throw refuse(`${file}: ${why}`, useOpenSsh)
    const passphrase = encrypted ? passphraseOf(endpoint, file, context) : undefined
    const same =
      passphrase === undefined && (encrypted || format !== 'openssh') ? await twin(file) : undefined
    if (same !== undefined && (encrypted || format === 'public')) return fromAgent(same)
    if (format === 'pkcs8')
      throw refuse(
        `${file}: it is in the format PKCS#8, which cannot be read here`,
        `Turn it into OpenSSH's own; key and passphrase stay the same: ssh-keygen -p -f ${file}`,
      )
    if (format === 'public')
      throw refuse(
        `${file}: it is a public key, and no agent holds its private one`,
        `ssh-add ${file.replace(/\.pub$/, '')}`,
      )
    if (encrypted && passphrase === undefined) throw new PassphraseNeeded(endpoint.name, file)
    const key = opened(ssh2, text, passphrase, context)
    if (key instanceof Error) {
      const name = endpoint.passphrase?.name ?? 'the one that was typed'
      throw encrypted && /passphrase/i.test(key.message)
        ? refuse(
            `${file}: its passphrase (${name}) is not the right one`,
            `Try it by hand: ssh-keygen -y -f ${file}`,
          )
        : refuse(`${file}: ${key.message}`, `Is it a private key? ssh-keygen -y -f ${file}`)
    }
    const certificate = `${file}-cert.pub`
    const hint = (await isThere(certificate))
      ? {
          hint: `There is a certificate beside it (${certificate}), which cannot be used here. ${useOpenSsh}`,
        }
      : {}
    return { method: { type: 'publickey', username, key }, said: `the key ${file}`, ...hint }
  }
  if (endpoint.privateKeyFile !== undefined) return fromFile(endpoint.privateKeyFile)
  const named = endpoint.identityFiles
  const files = named ?? defaults.map((name) => `${context.home}/.ssh/${name}`)
  for (const file of files) {
    const same = await twin(file)
    if (same !== undefined) return fromAgent(same)
  }
  const [first] = agent.usable
  const mayAgent = first !== undefined && endpoint.identitiesOnly !== true
  if (mayAgent && named === undefined) return fromAgent(first)
  for (const file of files) if (await isThere(file)) return fromFile(file)
  if (mayAgent) return fromAgent(first)
  if (named !== undefined)
    throw refuse(
      `none of these can be read: ${named.join(', ')}${agent.none}`,
      'Name a key file that exists: IdentityFile.',
    )
  if (agent.others.length > 0)
    throw refuse(
      `no key file is named, and the agent holds none for here: ${agent.others.join('; ')}`,
      useOpenSsh,
    )
  throw refuse(`no key file is named, and no agent holds one${agent.none}.`, 'Name one: --private-key FILE.')
}

function passphraseOf(endpoint: Endpoint, file: string, { secrets, passphrases }: ConnectContext) {
  const secret = endpoint.passphrase ?? passphrases?.get(file)
  return secret === undefined ? undefined : secretValue(endpoint.name, secret, secrets)
}

/** The value of a secret that is needed to log in. Throws {@link ConnectionError} `auth` where it cannot be looked up. */
export function secretValue(host: string, secret: Secret, secrets: ConnectContext['secrets']): string {
  try {
    return reveal([secret], secrets)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConnectionError(host, 'auth', `${host}: not logged in: ${why}`)
  }
}

/** Opens the text of a key, once in a run. */
function opened(
  ssh2: Ssh2,
  text: string,
  passphrase: string | undefined,
  { openedKeys }: ConnectContext,
): ParsedKey | Error {
  const name = `${passphrase ?? ''}\0${text}`
  const before = openedKeys?.get(name)
  if (before !== undefined) return before
  const key = ssh2.utils.parseKey(text, passphrase)
  if (key instanceof Error) return key
  if (!key.isPrivateKey()) return new Error('it is no private key')
  openedKeys?.set(name, key)
  return key
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
