import type { Json } from '../model/json.ts'
import { isSecret } from '../model/secret.ts'
import type { Finding } from './issues.ts'

/** Values that Ansible would work out and we do not yet: vaults. Asked of what is used, so that any inventory can be listed. */
export function unsupported(value: Json, path: readonly PropertyKey[] = []): readonly Finding[] {
  if (typeof value !== 'object' || value === null || isSecret(value)) return []
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => unsupported(item, [...path, index]))
  if ('__ansible_vault' in value) {
    const message =
      'expected a plain value, got an Ansible vault, which is not supported yet; use { env: NAME } or { file: /path }'
    return [{ path, message }]
  }
  return Object.entries(value).flatMap(([key, item]) => unsupported(item, [...path, key]))
}
