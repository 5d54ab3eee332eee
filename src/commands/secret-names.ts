import { secretStore } from '../inventory/secrets.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import { isSecret, reveal, type SecretStore, secret } from '../model/secret.ts'

/** Where secrets of this process come from. */
export const secretsOf = (io: Io): SecretStore => secretStore(io.env, io.uid)

/** All that an inventory says of hosts and groups. */
export const varsOf = ({ hosts, groups }: Inventory): readonly unknown[] =>
  [...hosts, ...groups].map((one) => one.vars)

/** The names of all secrets in a value: `{ env: NAME }` and `{ file: PATH }` as inventories have them, and those of a journal. */
export function secretNames(value: unknown): ReadonlySet<string> {
  const names = new Set<string>()
  const look = (part: unknown): void => {
    if (isSecret(part)) names.add(part.name)
    else if (typeof part === 'object' && part !== null) {
      const [[key, text] = [], ...more] = Object.entries(part)
      if (more.length === 0 && typeof text === 'string') {
        if (key === 'env' || (key === 'file' && text.startsWith('/'))) names.add(`${key}:${text}`)
        if (key === '$secret') names.add(text)
      }
      for (const item of Object.values(part)) look(item)
    }
  }
  look(value)
  return names
}

/** A secret's value, or undefined where it cannot be looked up here. */
export function revealQuietly(store: SecretStore, name: string): string | undefined {
  try {
    return reveal([secret(name)], store)
  } catch {
    return undefined
  }
}

/** The same secrets; what is looked up is added to those that are hidden wherever anything is shown. */
export const remembering =
  (store: SecretStore, revealed: Set<string>): SecretStore =>
  (secret) => {
    const value = store(secret)
    revealed.add(value)
    return value
  }
