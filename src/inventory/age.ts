import { InputError } from '../model/errors.ts'
import { readOwn } from './secrets.ts'

const begin = '-----BEGIN AGE ENCRYPTED FILE-----'

/** Whether a text is encrypted with age, in its form for text files. */
export const isAge = (text: string): boolean => text.trimStart().startsWith(begin)

/** The identities (secret keys) in a file of age-keygen, which must be of `uid` and 0600. Throws an InputError. */
export function readIdentities(path: string, uid: number | undefined): readonly string[] {
  const what = `age identity ${path}`
  const lines = readOwn(what, path, uid).split(/\r?\n/)
  const keys = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  if (keys.length === 0 || keys.some((key) => !/^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/.test(key)))
    throw new InputError(
      `${what}: expected lines of AGE-SECRET-KEY-1..., as secret keygen and age-keygen write them, got something else`,
      'A key file that is itself encrypted with a passphrase is not read here.',
    )
  return keys
}

/** The text that was encrypted, without the newline at its end. Throws an InputError that begins with `what`. */
export async function openAge(what: string, text: string, identities: readonly string[]): Promise<string> {
  const { armor, Decrypter } = await import('age-encryption')
  const refuse = (why: string): InputError =>
    new InputError(
      `${what}: ${why}`,
      'Name a file with the key that it was encrypted for: --age-identity FILE, or UPGRADE_FLEET_AGE_IDENTITY',
    )
  if (identities.length === 0) throw refuse('it is encrypted with age, and there is no identity to open it')
  const decrypter = new Decrypter()
  for (const identity of identities) decrypter.addIdentity(identity)
  let file: Uint8Array
  try {
    // Where it stands in YAML, its lines may be set in.
    file = armor.decode(
      text
        .trim()
        .split(/\s*\n\s*/)
        .join('\n'),
    )
  } catch {
    throw damaged(what)
  }
  const opened = await decrypter.decrypt(file, 'text').catch((error: unknown) => {
    if (error instanceof Error && /no identity matched/i.test(error.message))
      throw refuse('it is encrypted with age, for none of the identities that are there')
    throw damaged(what)
  })
  return opened.replace(/\r?\n$/, '')
}

const damaged = (what: string): InputError =>
  new InputError(
    `${what}: expected a whole text of age, got one that is damaged`,
    'Take it from where it was copied, or encrypt it again: upgrade-fleet secret encrypt',
  )

/** A text, encrypted for all these recipients (`age1...`). Throws an InputError for what is none. */
export async function closeAge(text: string, recipients: readonly string[]): Promise<string> {
  const { armor, Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  for (const recipient of new Set(recipients)) {
    try {
      encrypter.addRecipient(recipient)
    } catch {
      throw new InputError(`--recipient ${recipient}: expected an age recipient, age1...`)
    }
  }
  return armor.encode(await encrypter.encrypt(text))
}

/** For whom a text is encrypted, by number: age does not say who they are. */
export async function recipientsIn(text: string): Promise<number> {
  const { armor } = await import('age-encryption')
  const header = Buffer.from(armor.decode(text)).toString('latin1').split('\n---')[0] ?? ''
  return header.split('\n').filter((line) => line.startsWith('-> ') && !line.includes('-grease ')).length
}

/** The recipients that these identities open for. */
export async function recipientsOf(identities: readonly string[]): Promise<readonly string[]> {
  const { identityToRecipient } = await import('age-encryption')
  return Promise.all(identities.map((identity) => identityToRecipient(identity)))
}

/** A new identity and its recipient. */
export async function newIdentity(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption')
  const identity = await generateX25519Identity()
  return { identity, recipient: await identityToRecipient(identity) }
}
