import { encoded, isSecret, type Secret, type Text } from '../../model/secret.ts'

/** A value of a TOML file; a secret is put in where the file is stored. */
export type TomlValue = string | number | boolean | Secret | readonly string[]
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

function tomlValue(value: TomlValue): Exclude<Text, string> {
  if (isSecret(value)) return ['"', encoded('toml', value), '"']
  if (typeof value === 'object') return [`[${value.map((item) => tomlString(item)).join(', ')}]`]
  return [typeof value === 'string' ? tomlString(value) : String(value)]
}

// JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f')
}
