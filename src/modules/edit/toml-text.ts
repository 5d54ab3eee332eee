import { encoded, escapeFor, isSecret, type Secret, type Text } from '../../model/secret.ts'

/** A value of a TOML file; a secret is put in where the file is stored. */
export type TomlValue =
  | string
  | number
  | boolean
  | Secret
  | readonly TomlValue[]
  | { readonly [key: string]: TomlValue }
/** A table of a TOML file under its dotted head; `[[head]]` for a head in double brackets. */
export type TomlTable = { readonly head: string; readonly values: Readonly<Record<string, TomlValue>> }

/** Tables as TOML text. A secret's value is escaped where it is put in. */
export function tomlText(tables: readonly TomlTable[]): Text {
  return tables.flatMap(({ head, values }) => [
    `[${head}]\n`,
    ...Object.entries(values).flatMap(([key, value]) => [`${key} = `, ...tomlValue(value), '\n']),
    '\n',
  ])
}

/** A value as TOML; a table stands between braces. */
export function tomlValue(value: TomlValue): Exclude<Text, string> {
  if (isSecret(value)) return ['"', encoded('toml', value), '"']
  if (typeof value === 'string') return [`"${escapeFor('toml', value)}"`]
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError(`${value} is no value for a file`)
  if (typeof value !== 'object') return [String(value)]
  if (isList(value)) return together(['[', ...joined(value.map(tomlValue)), ']'])
  const pairs = Object.entries(value).map(([key, each]) => [`${tomlKey(key)} = `, ...tomlValue(each)])
  return pairs.length === 0 ? ['{}'] : together(['{ ', ...joined(pairs), ' }'])
}

/** A key as it stands in a pair or a head. */
export const tomlKey = (key: string): string => (/^[\w-]+$/.test(key) ? key : `"${escapeFor('toml', key)}"`)

const isList = (value: TomlValue): value is readonly TomlValue[] => Array.isArray(value)

const joined = (list: readonly Exclude<Text, string>[]): Exclude<Text, string> =>
  list.flatMap((parts, at) => (at === 0 ? parts : [', ', ...parts]))

/** The same with no two strings side by side. */
function together(parts: Exclude<Text, string>): Exclude<Text, string> {
  const made: (string | Secret)[] = []
  for (const part of parts) {
    const last = made.at(-1)
    if (typeof last === 'string' && typeof part === 'string') made.splice(-1, 1, last + part)
    else made.push(part)
  }
  return made
}
