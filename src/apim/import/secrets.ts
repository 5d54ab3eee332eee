import { placeText } from '../../model/errors.ts'
import { type InventoryHost, placeOfVar } from '../../model/inventory.ts'
import type { Json } from '../../model/json.ts'
import { isSecret } from '../../model/secret.ts'
import { isEncryptedValue } from '../../model/secret-schema.ts'
import { isTelling } from '../../model/telling.ts'
import { type AnsibleSource, origin, type Risk } from './facts.ts'

/** Names secrets by where they are to be put; none is ever copied. */
export interface SecretNames {
  /** A reference to the environment for a variable of a host, and a word on where the secret is now. */
  env(host: InventoryHost, variable: string, name: string): Json
  readonly todos: readonly string[]
}

/** Makes the names, each once. */
export function secretNames(source: AnsibleSource): SecretNames {
  const todos = new Map<string, string>()
  return {
    env: (host, variable, name) => {
      const key = name.toUpperCase().replace(/\W/g, '_')
      const value = host.vars[variable]
      const now =
        value === undefined
          ? `${variable} is not said`
          : isEncryptedValue(value)
            ? `now in a vault, ${origin(source, host, variable)}`
            : `now at ${origin(source, host, variable)}`
      todos.set(key, `export ${key}=...   (${now})`)
      return { env: key }
    },
    get todos() {
      return [...todos.values()]
    },
  }
}

const harmless = /^(true|false|yes|no|on|off|none|null|)$/i

/** Plain texts under names that sound like secrets, each place once; what refers to something else is none. Their values are not told. */
export function plainSecrets({ inventory }: AnsibleSource, hosts: readonly InventoryHost[]): readonly Risk[] {
  const risks = new Map<string, Risk>()
  for (const host of hosts)
    for (const path of plainPaths(host.vars)) {
      const { place } = placeOfVar(inventory, host, path)
      risks.set(placeText(place), {
        kind: 'plain-secret',
        place,
        text: `${path.map(String).join('.')} stands there in plain`,
        next: 'Whoever can read that folder has it: change it, and keep the new one in the environment, a file of yours, or a vault.',
      })
    }
  return [...risks.values()]
}

function plainPaths(value: Json, path: readonly PropertyKey[] = []): readonly (readonly PropertyKey[])[] {
  if (isEncryptedValue(value) || isSecret(value)) return []
  if (typeof value !== 'object' || value === null) {
    const name = String(path.findLast((part) => typeof part === 'string'))
    const isPlain = typeof value === 'string' ? !/\{\{|\{%|\$\{/.test(value) : typeof value === 'number'
    return isPlain && isTelling(name) && !harmless.test(String(value)) ? [path] : []
  }
  if (Array.isArray(value)) return value.flatMap((item: Json, at) => plainPaths(item, [...path, at]))
  return Object.entries(value as Readonly<Record<string, Json>>).flatMap(([key, item]) =>
    plainPaths(item, [...path, key]),
  )
}
