import { resolve } from 'node:path'
import { vaultId } from '../../inventory/vault.ts'
import type { Io } from '../../model/io.ts'
import { reveal, type SecretStore, secret } from '../../model/secret.ts'
import { identitiesOf, type KeyFlags } from '../typed.ts'
import { about, type Finding, lookAt, modeText } from './finding.ts'

/** The files that open what is encrypted: whose they are, and who can read them. Nothing of them is told. */
export async function lookAtKeys(io: Io, flags: KeyFlags): Promise<readonly Finding[]> {
  return [...lookAtIdentities(io, flags), ...(await lookAtVaultPasswords(io, flags))]
}

function lookAtIdentities(io: Io, { ageIdentity }: KeyFlags): readonly Finding[] {
  const { fine, error } = about('age')
  try {
    const found = identitiesOf(io, ageIdentity)
    return found.length === 0
      ? []
      : [fine(`${found.length} ${found.length === 1 ? 'key' : 'keys'} to open secrets with`)]
  } catch (thrown) {
    return error(thrown)
  }
}

async function lookAtVaultPasswords(io: Io, flags: KeyFlags): Promise<readonly Finding[]> {
  const { fine, wrong } = about('vault')
  const fromEnv = io.env['ANSIBLE_VAULT_PASSWORD_FILE']
  const files = [
    ...(fromEnv ? [fromEnv] : []),
    ...(flags.vaultPasswordFile ?? []),
    ...(flags.vaultId ?? []).map((text) => vaultId(text).source).filter((source) => !/^prompt/.test(source)),
  ]
  const looks = files.map(async (file) => {
    const path = resolve(
      io.cwd,
      file.replace(/^~(?=\/)/, () => io.home),
    )
    const found = await lookAt(path)
    if (found === undefined) return wrong(`${file}: expected a file with a password, got none`)
    const isProgram = (found.mode & 0o111) !== 0
    if (io.uid !== undefined && found.uid !== io.uid && found.uid !== 0)
      return wrong(`${file}: expected a file of yours (uid ${io.uid}), got one of uid ${found.uid}`)
    if (isProgram && (found.mode & 0o022) !== 0)
      return wrong(`${file}: others may write to that program`, `chmod go-w '${path}'`)
    if (!isProgram && (found.mode & 0o077) !== 0)
      return wrong(`${file}: expected mode 0600, got ${modeText(found.mode)}`, `chmod 600 '${path}'`)
    return fine(`${file} is closed to others`)
  })
  return Promise.all(looks)
}

/** What is wrong with a secret that the inventory names; nothing where it can be looked up. Its value is not told. */
export function revealed(store: SecretStore, name: string): readonly Finding[] {
  try {
    reveal([secret(name)], store)
    return []
  } catch (thrown) {
    return about('secrets').error(thrown)
  }
}
