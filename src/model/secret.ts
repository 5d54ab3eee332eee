const mark = Symbol.for('upgrade-fleet.secret')

/**
 * A secret by name, never by value: `env:NAME`, `file:/absolute/path`, `command:["program", ...]`, `prompt:TEXT`, `age:` and `vault:`
 * with what is encrypted, `sealed:` with a place in an encrypted file, `inventory:` with one in the inventory. It may stand in
 * inputs, outputs and the journal; the connection alone learns the value, when it hands it to a command's standard input. Turning it into a
 * string throws, so that one put into a template string by mistake is found when the plan is made.
 */
export interface Secret {
  readonly [mark]: true
  readonly name: string
  toString(): never
}

/** Text that may hold secrets: its parts are joined where it is used and nowhere else. */
export type Text = string | readonly (string | Secret)[]

/** Looks up the value of a secret; throws when there is none. Implemented by `inventory/secrets`. */
export type SecretStore = (secret: Secret) => string

/** Makes the secret of that name; the value is looked up when it is used. */
export function secret(name: string): Secret {
  return Object.freeze({
    [mark]: true as const,
    name,
    toString(): never {
      throw new TypeError(
        `The secret "${name}" was put into a string. Hand it on as a list of parts: ['password=', secret].`,
      )
    },
  })
}

/** Whether a value is a {@link Secret}, whichever copy of this package made it. */
export function isSecret(value: unknown): value is Secret {
  return typeof value === 'object' && value !== null && mark in value
}

const unit = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Between double quotes. JSON's escapes are those of TOML and YAML, which want more signs escaped. */
const quoted = (value: string): string =>
  JSON.stringify(value)
    .slice(1, -1)
    .replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, unit)

const encodings = {
  /** As the content of an element or an attribute, in whatever encoding the file has. */
  xml: (value: string) => value.replace(/[&<>"'\t\r\n]|[^\0-~]/gu, (sign) => `&#${sign.codePointAt(0)};`),
  /** As what stands between the quotes of a basic string. */
  toml: quoted,
  json: quoted,
  /** As what stands between double quotes. */
  yaml: quoted,
  /** As a key's value: in ASCII alone, so that it is right in ISO-8859-1 and in UTF-8. */
  properties: (value: string) =>
    value
      .replaceAll('\\', '\\\\')
      .replaceAll(' ', '\\ ')
      .replace(/[^ -~]/g, unit),
  /** As it is: {@link reveal} refuses one that does not fit on a line. */
  ini: (value: string) => value,
} satisfies Record<string, (value: string) => string>

/** How a secret's value is written into a file of some format. */
export type Encoding = keyof typeof encodings

/** Any text as it is written into a file of some format. */
export const escapeFor = (encoding: Encoding, text: string): string => encodings[encoding](text)

/** A secret's value in each of these formats. */
export const encodedForms = (value: string): readonly string[] =>
  Object.values(encodings).map((encode) => encode(value))

/** The same secret, its value escaped for a format where it is put in. Encodings are applied from the inner one outwards. */
export const encoded = (encoding: Encoding, { name }: Secret): Secret => secret(`${encoding}|${name}`)

/** The secret that {@link encoded} was given: no format's escapes where it is put in. */
export const plainly = ({ name }: Secret): Secret =>
  secret(name.replace(/^(?:(?:xml|toml|json|yaml|properties|ini)\|)+/, ''))

function plainOf({ name }: Secret, store: SecretStore): string {
  const [, encoding, inner] = /^(xml|toml|json|yaml|properties|ini)\|(.*)$/s.exec(name) ?? []
  if (encoding === undefined || inner === undefined) return store(secret(name))
  const value = plainOf(secret(inner), store)
  // No format of lines has an escape for these, and the rest of the value would be lines of its own.
  if (encoding === 'ini' && /[\r\n\0]|^\s|\s$/.test(value))
    throw new TypeError(
      `The secret "${inner}" has a line end in it, or blanks around it: no INI file can hold it.`,
    )
  return encodings[encoding as Encoding](value)
}

/** The text as it may be shown: each secret as `***`. */
export const shownText = (text: Text): string =>
  typeof text === 'string' ? text : text.map((part) => (isSecret(part) ? '***' : part)).join('')

/** The text with its secrets' values in place. Only for what hands it to a process or a file. */
export function reveal(text: Text, store: SecretStore): string {
  if (typeof text === 'string') return text
  return text.map((part) => (isSecret(part) ? plainOf(part, store) : part)).join('')
}
