import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import type { Endpoint } from '../model/connection.ts'
import type { ConnectContext } from './context.ts'
import { findCredential, PassphraseNeeded } from './credential.ts'

/** A key file whose passphrase nobody gave. */
export interface LockedKey {
  readonly file: string
  /** Whether a passphrase opens it; asking takes half a second of CPU, and no server. */
  opens(passphrase: string): boolean
}

/** The locked key files that machines, and those that they are behind, would be logged in to with. */
export async function lockedKeys(
  endpoints: readonly Endpoint[],
  context: ConnectContext,
): Promise<readonly LockedKey[]> {
  const ssh2 = (await import('ssh2')).default
  // Thousands of hosts have few keys between them.
  const different = new Map<string, Endpoint>()
  for (const first of endpoints)
    for (let one: Endpoint | undefined = first; one !== undefined; one = one.jump) {
      if (one.kind !== 'ssh') continue
      const { privateKeyFile, identityFiles, identitiesOnly, agent, passphrase, password } = one
      const has = [privateKeyFile, identityFiles, identitiesOnly, agent, passphrase, password !== undefined]
      different.set(JSON.stringify(has), one)
    }
  const locked = new Map<string, LockedKey>()
  for (const endpoint of different.values()) {
    const error = await findCredential(ssh2, endpoint, endpoint.user ?? userInfo().username, context).catch(
      (cause: unknown) => cause,
    )
    if (!(error instanceof PassphraseNeeded)) continue
    const text = await readFile(error.file, 'utf8')
    locked.set(error.file, {
      file: error.file,
      opens: (passphrase) => !(ssh2.utils.parseKey(text, passphrase) instanceof Error),
    })
  }
  return [...locked.values()]
}
