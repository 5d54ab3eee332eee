import type { Json } from '../model/json.ts'
import { isSecret } from '../model/secret.ts'
import type { Finding } from './issues.ts'

/** Values that Ansible would work out and we do not yet: templates. Asked of what is used, so that any inventory can be listed. */
export function unsupported(value: Json, path: readonly PropertyKey[] = []): readonly Finding[] {
  if (typeof value === 'string' && /\{\{|\{%/.test(value)) {
    return [
      {
        path,
        message: 'expected a plain value, got a template, which is not supported here yet; write its result',
      },
    ]
  }
  if (typeof value !== 'object' || value === null || isSecret(value)) return []
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => unsupported(item, [...path, index]))
  return Object.entries(value).flatMap(([key, item]) => unsupported(item, [...path, key]))
}
