import { z } from 'zod'
import { isSecret, type Secret, secret } from './secret.ts'

/** A secret as inventories write it: `{ env: NAME }` or `{ file: /absolute/path }`. Gives its name, never its value. */
export const secretRef = () =>
  z.union([
    z
      .strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name') })
      .transform(({ env }): Secret => secret(`env:${env}`)),
    z
      .strictObject({ file: z.string().startsWith('/', 'an absolute path') })
      .transform(({ file }): Secret => secret(`file:${file}`)),
    z.custom<Secret>(isSecret),
  ])
