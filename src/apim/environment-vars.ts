import { z } from 'zod'

/** What publishers call a gateway environment. */
export const environmentName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]*$/, 'letters, digits, blanks, dots, dashes, underscores')

/** What tells the files and directories of an environment from those of another. */
export const environmentSlug = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '-')

/** The gateway environments that publishers publish to, as `Environment` of their api-manager.xml has them. */
export const environments = z
  .array(
    z.object({
      name: environmentName.describe('Its Name there: APIs name it so.'),
      type: z
        .enum(['production', 'sandbox', 'hybrid'])
        .describe('Which endpoints of an API its gateways have.'),
      shared_deployment: z
        .string()
        .regex(/^\/[^\0\n]*[^\0\n/]$/, 'an absolute path, without a slash at its end')
        .optional()
        .describe('Directory of a file system that all gateways of this environment mount, for 3.0.0.'),
    }),
  )
  .refine(
    (list) => new Set(list.map(({ name }) => environmentSlug(name))).size === list.length,
    'environments whose names differ by more than case and blanks',
  )

export type EnvironmentVars = z.output<typeof environments>[number]
