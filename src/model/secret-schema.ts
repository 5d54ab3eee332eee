import { z } from 'zod'
import { isSecret, type Secret, secret } from './secret.ts'

const forms = '{ env: NAME } or { file: /absolute/path }'
const name = z.string().regex(/^[A-Za-z_]\w*$/, 'expected the name of an environment variable')
const path = z
  .string()
  .regex(/^\/[^\p{Cc}]*$/u, 'expected the absolute path of a file that holds the secret and nothing else')

/**
 * The schema of a secret in an inventory: `{ env: NAME }` or `{ file: /absolute/path }`, never the value itself. Gives
 * a {@link Secret} of the name `env:NAME` or `file:/absolute/path`.
 */
export const secretRef = () =>
  z
    .custom<{ readonly env: string } | { readonly file: string } | Secret>()
    .transform((value, context): Secret => {
      const given: unknown = value
      if (isSecret(given)) return given
      const refuse = (message: string, at: string[] = []) => {
        context.addIssue({ code: 'custom', message, path: at })
        return z.NEVER
      }
      // What stands here may be the secret: it is never told.
      if (typeof given !== 'object' || given === null || Array.isArray(given)) {
        return refuse(`expected ${forms}, so that no secret stands in the inventory, got ${kindOf(given)}`)
      }
      const [key, ...others] = Object.keys(given)
      if ((key !== 'env' && key !== 'file') || others.length > 0) {
        return refuse(`expected ${forms}, got a map with other keys`)
      }
      const text: unknown = Object.values(given)[0]
      const parsed = (key === 'env' ? name : path).safeParse(text)
      if (!parsed.success)
        return refuse(`${parsed.error.issues[0]?.message ?? `expected ${forms}`}, got another value`, [key])
      return secret(`${key}:${parsed.data}`)
    })

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  return typeof value === 'string' ? 'a plain text' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
