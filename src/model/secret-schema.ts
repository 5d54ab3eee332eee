import { z } from 'zod'
import { isSecret, type Secret, secret } from './secret.ts'

const forms =
  '{ env: NAME }, { file: /absolute/path }, { command: [PROGRAM, ...] }, { prompt: TEXT }, { age: ENCRYPTED } or an Ansible vault'

/** What may stand under the one key of each form. The name of the secret is the key, a colon and this. */
const kinds: Readonly<Record<string, z.ZodType<string>>> = {
  env: z.string().regex(/^[A-Za-z_]\w*$/, 'expected the name of an environment variable'),
  file: z
    .string()
    .regex(/^\/[^\p{Cc}]*$/u, 'expected the absolute path of a file that holds the secret and nothing else'),
  command: z
    .array(
      z.string().regex(/^[^\0]*$/),
      'expected a list of texts: a program and its arguments, without a shell',
    )
    .min(1, 'expected a program and its arguments')
    .transform((words) => JSON.stringify(words)),
  prompt: z.string().regex(/^[^\p{Cc}]+$/u, 'expected the words to ask a person with, in one line'),
  age: z
    .string()
    .transform((text) =>
      text
        .trim()
        .split(/\s*\n\s*/)
        .join('\n'),
    )
    .refine(
      (text) => /^-----BEGIN AGE ENCRYPTED FILE-----\n[\s\S]*\n-----END AGE ENCRYPTED FILE-----$/.test(text),
      'expected what upgrade-fleet secret encrypt prints, -----BEGIN AGE ENCRYPTED FILE----- and what follows',
    ),
  __ansible_vault: z
    .string()
    .transform((text) =>
      text
        .trim()
        .split(/\s*\n\s*/)
        .join('\n'),
    )
    .refine((text) => text.startsWith('$ANSIBLE_VAULT;'), 'expected the text of an Ansible vault'),
}

/** A value of a file that is encrypted as a whole (Ansible Vault or age): its file, and the JSON pointer of the value in it. Made by the readers of inventories, never written by hand. */
export interface Sealed {
  readonly __sealed: string
  readonly at: string
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSealedValue = (value: unknown): value is Sealed =>
  isMap(value) && typeof value['__sealed'] === 'string' && typeof value['at'] === 'string'

/** The secret that an encrypted value of an inventory (an inline vault, or a value of an encrypted file) is, or undefined for any other value. */
export function encryptedValue(value: unknown): Secret | undefined {
  if (isSealedValue(value)) return secret(`sealed:${value.__sealed}#${value.at}`)
  if (!isMap(value) || !('__ansible_vault' in value)) return undefined
  const parsed = kinds['__ansible_vault']?.safeParse(value['__ansible_vault'])
  return parsed?.success ? secret(`vault:${parsed.data}`) : undefined
}

/** Whether a value of an inventory is encrypted, well or badly. */
export const isEncryptedValue = (value: unknown): boolean =>
  isSealedValue(value) || (isMap(value) && '__ansible_vault' in value)

/** The mark of an issue that says: a plain text stands here, and a secret is expected. */
export const plainSecret = { plainSecret: true } as const

/** What the schema of a secret has among its metadata: no JSON Schema says what a function checks. */
export const secretMark = 'x-upgrade-fleet-secret'

/**
 * The schema of a secret in an inventory: `{ env: NAME }`, `{ file: /absolute/path }`, `{ command: [...] }`, `{ prompt: TEXT }`,
 * `{ age: ... }`, an Ansible vault, or plain text, which the inventory's reader gives a name. Gives a {@link Secret}, whose name has
 * no value in it.
 */
export const secretRef = () => secretSchema

const secretSchema = z
  .custom<
    | { readonly env: string }
    | { readonly file: string }
    | { readonly command: readonly string[] }
    | { readonly prompt: string }
    | { readonly age: string }
    | Secret
    | string
  >()
  .transform((value, context): Secret => {
    const given: unknown = value
    if (isSecret(given)) return given
    const encrypted = encryptedValue(given)
    if (encrypted !== undefined) return encrypted
    const refuse = (message: string, at: string[] = []) => {
      const isPlain = typeof given === 'string' && given !== ''
      context.addIssue({ code: 'custom', message, path: at, ...(isPlain && { params: plainSecret }) })
      return z.NEVER
    }
    // What stands here may be the secret: it is never told.
    if (!isMap(given)) {
      return refuse(`expected ${forms}, so that no secret stands here, got ${kindOf(given)}`)
    }
    const [key = '', ...others] = Object.keys(given)
    const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined
    if (kind === undefined || others.length > 0) {
      return refuse(`expected ${forms}, got a map with other keys`)
    }
    const parsed = kind.safeParse(given[key])
    if (!parsed.success) return refuse(`${said(parsed.error.issues[0]?.message)}, got another value`, [key])
    return secret(`${key}:${parsed.data}`)
  })
  .meta({ [secretMark]: true })

/** The forms that a secret may have as a map, each by its own schema: for whoever describes them to editors. */
export const secretForms = (): readonly z.ZodType[] =>
  Object.entries(kinds).map(([key, kind]) => z.strictObject({ [key]: kind }))

const said = (message: string | undefined) =>
  message?.startsWith('expected') ? message : `expected ${forms}`

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  return typeof value === 'string' ? 'a plain text' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

/** A secret's name as people may read it: without what is encrypted in it. */
export function secretTitle(name: string): string {
  const [, outer = '', kind = '', rest = ''] = /^((?:\w+\|)*)(\w+):(.*)$/s.exec(name) ?? []
  if (kind === 'age' || kind === 'vault')
    return `${outer}${kind} ...${rest
      .replace(/-----END[\s\S]*$/, '')
      .trim()
      .slice(-8)}`
  if (kind === 'sealed') return `${outer}${rest.replace('#', ' ')}`
  return name
}
