import { encoded, isSecret, plainly, type Secret, type Text } from '../model/secret.ts'
import { type TomlTable, type TomlValue, tomlKey, tomlValue } from '../modules/edit/toml-text.ts'

/** A secret of `deployment.toml` and the name that the server asks its vault for. */
export type Vaulted = { readonly alias: string; readonly secret: Secret }

/** Tables with `$secret{alias}` where a secret stood, the secrets by alias, and other values that the operator has under `[secrets]`. */
export type VaultTables = {
  readonly tables: readonly TomlTable[]
  readonly secrets: readonly Vaulted[]
  readonly others: TomlTable['values']
}

/**
 * Takes the secrets out of tables. One secret has one alias, named after its first place; the operator's own `secrets` keep theirs.
 * Values of the vault are put in when the server has read its XML: they are not escaped for it.
 */
export function withVault(given: readonly TomlTable[]): VaultTables {
  const own = given.filter(({ head }) => head === 'secrets').flatMap(({ values }) => Object.entries(values))
  const others = own.filter(([, value]) => !isSecret(value))
  const secrets: Vaulted[] = own.flatMap(([alias, value]) =>
    isSecret(value) ? [{ alias, secret: plainly(value) }] : [],
  )
  const taken = new Set(own.map(([alias]) => alias))
  const aliasOf = (place: string, secret: Secret): string => {
    const before = secrets.find((each) => each.secret.name === secret.name)
    if (before !== undefined) return before.alias
    // A dot would make a table of it, and the tool knows letters, digits and underscores.
    const wish = place.replace(/[\W_]+/g, '_').replace(/^_|_$/g, '')
    let alias = wish
    for (let more = 2; taken.has(alias); more += 1) alias = `${wish}_${more}`
    taken.add(alias)
    secrets.push({ alias, secret })
    return alias
  }
  const open = (place: string, value: TomlValue): TomlValue => {
    if (isSecret(value)) return `$secret{${aliasOf(place, plainly(value))}}`
    if (Array.isArray(value)) return value.map((each: TomlValue) => open(place, each))
    if (typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, open(`${place}_${key}`, each)]),
    )
  }
  const tables = given
    .filter(({ head }) => head !== 'secrets')
    .map(({ head, values }) => ({
      head,
      values: Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, open(`${head}_${key}`, value)]),
      ),
    }))
  return { tables, secrets, others: Object.fromEntries(others) }
}

/** The line that ciphertool looks for. */
const head = '[secrets]'

/**
 * `[secrets]` as ciphertool takes it, `alias = "[plain]"`. It must be the last table of its file, without comments: up to its 1.1.9 the tool
 * takes each line behind it for a secret, and ends with the file half written at one that is none (its source).
 */
export const secretsText = ({ secrets, others }: Omit<VaultTables, 'tables'>): Exclude<Text, string> => [
  `${head}\n`,
  ...Object.entries(others).flatMap(([alias, value]) => [`${tomlKey(alias)} = `, ...tomlValue(value), '\n']),
  ...secrets.flatMap(({ alias, secret }) => [`${tomlKey(alias)} = "[`, encoded('toml', secret), ']"\n']),
]

/** Why ciphertool cannot encrypt a value; undefined where it can. It takes what is between `[` and the first `]`, and leaves an empty one as it is (its source). */
export function unfit(value: string): string | undefined {
  if (value === '') return 'it is empty'
  if (value.includes(']')) return 'it has a ] in it, at which ciphertool would cut it off'
  return /[\r\n\0]/.test(value) ? 'it has a line end in it' : undefined
}

/** What is wrong with a `deployment.toml` that ciphertool has been at, against what was written before: no value of either is in it. */
export function notEncrypted(
  written: string,
  now: string,
  secrets: readonly Pick<Vaulted, 'alias'>[],
): readonly string[] {
  const [before, was] = parts(written)
  const [after, is] = parts(now)
  const aliases = secrets.map(({ alias }) => alias)
  return [
    ...(after === before ? [] : ['deployment.toml is not what was written, besides its secrets']),
    ...[...was.keys()].flatMap((alias) => {
      const value = is.get(alias)
      if (value === undefined) return [`${alias} is missing under [secrets]`]
      if (!aliases.includes(alias)) return value === was.get(alias) ? [] : [`${alias} was changed`]
      const cipherText =
        /^"(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}(?:[A-Za-z0-9+/]{2}|[A-Za-z0-9+/]=|==)"$/.test(value)
      return cipherText && value.slice(1, -1) !== was.get(alias)?.slice(2, -2)
        ? []
        : [`${alias} is not encrypted`]
    }),
    ...[...is.keys()].filter((alias) => !was.has(alias)).map((alias) => `${alias} was added`),
  ]
}

/** What is before `[secrets]`, and its lines: ciphertool writes them with other blanks. */
function parts(text: string): readonly [string, ReadonlyMap<string, string>] {
  const lines = text.split('\n')
  const at = lines.indexOf(head)
  if (at === -1) return [text, new Map()]
  const pairs = lines.slice(at + 1).filter((line) => line.trim() !== '')
  const cut = (line: string) => {
    const sign = line.indexOf('=')
    return [line.slice(0, sign).trim(), line.slice(sign + 1).trim()] as const
  }
  return [lines.slice(0, at).join('\n'), new Map(pairs.map(cut))]
}
