import { execFile } from 'node:child_process'
import { access, constants, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { sanitize } from '../model/sanitize.ts'
import { type AgentKey, agentKeys } from './agent.ts'
import type { ConnectContext } from './context.ts'

/** What `ssh` may log in with. */
export interface Login {
  readonly identityFiles: readonly string[]
  /** A key that is in the agent alone, and in none of the files. */
  readonly agentKey?: AgentKey
  readonly identitiesOnly: boolean
  readonly agent: string
}

const defaults = ['id_ed25519', 'id_ecdsa', 'id_rsa', 'id_ed25519_sk', 'id_ecdsa_sk']

/**
 * The one key to offer, as each more would count as a failed login; its certificate comes with it. Of the files that are
 * named the first that the agent holds, else the first that can be read. Where none is named: a usual file that the agent
 * holds, or that needs OpenSSH; else the agent's, one that needs OpenSSH first; else the first usual file. What a library
 * or Kerberos has comes beside them. Throws `auth` where there is none, or a file that is named cannot be read. Beside a
 * password only named keys count.
 */
export async function findLogin(endpoint: Endpoint, context: ConnectContext): Promise<Login> {
  const { name, privateKeyFile, identityFiles, certificateFiles = [], opensshOptions = {} } = endpoint
  const refuse = (why: string, next: string) =>
    new ConnectionError(name, 'auth', `${name}: no key to log in with: ${why}\n${next}`)
  const agent = endpoint.agent ?? context.agent ?? ''
  const elsewhere = 'PKCS11Provider' in opensshOptions || opensshOptions['GSSAPIAuthentication'] === 'yes'
  for (const file of certificateFiles)
    await readFile(file).catch((error: unknown) => {
      throw refuse(
        `the certificate ${file} cannot be read: ${error instanceof Error ? error.message : error}`,
        'Name a certificate that exists: CertificateFile.',
      )
    })
  const named = privateKeyFile === undefined ? identityFiles : [privateKeyFile]
  const usual = defaults.map((file) => `${context.home}/.ssh/${file}`)
  // As over ssh2: the key where one is named, then the password.
  if (named === undefined && endpoint.password !== undefined)
    return { identityFiles: [], identitiesOnly: true, agent: '' }
  const there: string[] = []
  for (const file of named ?? usual) if (await usable(file, agent)) there.push(file)
  if (elsewhere)
    return {
      identityFiles: there,
      identitiesOnly: named !== undefined || endpoint.identitiesOnly === true,
      agent,
    }
  const held = agent === '' ? [] : await agentKeys(agent).catch(() => [])
  const [first] = there
  const inAgent = await firstOf(there, (file) => isHeld(file, held))
  const special = async (file: string) => file.endsWith('_sk') || (await usable(`${file}-cert.pub`, ''))
  const agentKey =
    held.find(({ type }) => /-cert-v\d+@/.test(type)) ?? held.find(({ type }) => /^sk-/.test(type)) ?? held[0]
  const mayAgent = agentKey !== undefined && named === undefined && endpoint.identitiesOnly !== true
  const file = inAgent ?? (mayAgent ? await firstOf(there, special) : first)
  if (file !== undefined) return { identityFiles: [file], identitiesOnly: true, agent }
  if (mayAgent) return { identityFiles: [], agentKey, identitiesOnly: true, agent }
  if (first !== undefined) return { identityFiles: [first], identitiesOnly: true, agent }
  if (named !== undefined)
    throw refuse(
      `none of these can be read: ${named.join(', ')}`,
      'Name a key file that exists: ansible_ssh_private_key_file, --private-key FILE, or IdentityFile.',
    )
  throw refuse('no key file is named, and no agent holds one.', 'Name one: --private-key FILE.')
}

async function firstOf(
  files: readonly string[],
  holds: (file: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const file of files) if (await holds(file)) return file
  return undefined
}

/** Whether an agent holds the key of a file, by its public half. */
async function isHeld(file: string, held: readonly AgentKey[]): Promise<boolean> {
  const text = await readFile(`${file}.pub`, 'utf8').catch(() => '')
  const blob = text.trim().split(/\s+/)[1] ?? ''
  return held.some((key) => key.blob.toString('base64') === blob)
}

// With an agent the public half is enough.
async function usable(file: string, agent: string): Promise<boolean> {
  const readable = (path: string) =>
    access(path, constants.R_OK).then(
      () => true,
      () => false,
    )
  return (await readable(file)) || (agent !== '' && (await readable(`${file}.pub`)))
}

/** Why a login was refused, as far as the keys themselves tell: what the server thinks it does not say. */
export async function refusedLogin(
  endpoint: Endpoint,
  username: string,
  { identityFiles, agentKey, agent, identitiesOnly }: Login,
  said: string,
  passphrase?: string,
): Promise<ConnectionError> {
  const { name, address, port, certificateFiles = [] } = endpoint
  const certificates = [...certificateFiles]
  for (const file of identityFiles)
    if (await usable(`${file}-cert.pub`, '')) certificates.push(`${file}-cert.pub`)
  const offered = [
    ...identityFiles,
    ...certificates.map((file) => `the certificate ${file}`),
    ...(endpoint.password === undefined ? [] : ['the password']),
    ...(agentKey === undefined ? [] : [`the agent's key ${sanitize(agentKey.comment || agentKey.type)}`]),
    ...(agent === '' || identitiesOnly ? [] : ["the agent's keys"]),
  ]
  const notes: string[] = []
  for (const file of certificates) {
    const wrong = await wrongCertificate(file, username)
    if (wrong !== undefined) notes.push(`The certificate ${file} ${wrong}.`)
  }
  for (const file of identityFiles)
    if ((agent === '' || passphrase !== undefined) && (await locked(file, passphrase)))
      notes.push(
        passphrase === undefined
          ? `${file} has a passphrase; hand it to the agent: ssh-add ${file}\nOr name it: ansible_ssh_private_key_passphrase: { env: NAME }`
          : `The passphrase of ${file} (${endpoint.passphrase?.name ?? 'the one that was typed'}) is not the right one.`,
      )
  const with_ = offered.length === 0 ? 'what ssh has' : offered.join(', ')
  return new ConnectionError(
    name,
    'auth',
    [
      `${name}: ${username}@${address} was refused with ${with_}: ${said}`,
      ...notes,
      `Try it by hand: ssh -p ${port} ${identityFiles.map((file) => `-i ${file} `).join('')}${username}@${address}`,
    ].join('\n'),
  )
}

async function locked(file: string, passphrase?: string): Promise<boolean> {
  const { utils } = (await import('ssh2')).default
  const text = await readFile(file).catch(() => undefined)
  const key = text === undefined ? undefined : utils.parseKey(text, passphrase)
  return key instanceof Error && /encrypted|passphrase/i.test(key.message)
}

/** What of a certificate cannot be right, by what `ssh-keygen -L` says of it. */
async function wrongCertificate(file: string, username: string): Promise<string | undefined> {
  const run = promisify(execFile)
  const text = await run('ssh-keygen', ['-L', '-f', file], { encoding: 'utf8', timeout: 10_000 }).then(
    ({ stdout }) => stdout,
    () => undefined,
  )
  return text === undefined ? 'cannot be read by ssh-keygen' : doubtfulCertificate(text, username, new Date())
}

/** Reads what `ssh-keygen -L` prints: an end that has passed, a beginning that has not come, principals without the user. */
export function doubtfulCertificate(text: string, username: string, now: Date): string | undefined {
  const [, from, to] = /^\s*Valid: from (\S+) to (\S+)/m.exec(text) ?? []
  // Local times without a zone, as Date reads them too.
  if (to !== undefined && new Date(to) <= now) return `was valid until ${to}`
  if (from !== undefined && new Date(from) > now) return `is not valid before ${from}`
  const block = /^\s*Principals:\s*\n((?:\s{16,}\S.*\n)*)/m.exec(text)?.[1] ?? ''
  const principals = block
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  if (principals.length > 0 && !principals.includes(username))
    return `is for ${sanitize(principals.join(', '))}, not for ${username}, unless the server maps it`
  if (/^\s*Type: .*host certificate/m.test(text)) return 'is one of a host, not of a user'
  return undefined
}
