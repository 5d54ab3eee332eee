import { z } from 'zod'
import type { Become } from '../model/connection.ts'
import type { Secret } from '../model/secret.ts'

/** How another user is become, as it was typed for all hosts whose variables do not say otherwise: `-b` and its companions. */
export interface TypedBecome {
  readonly become?: boolean
  readonly becomeUser?: string
  readonly becomeMethod?: Become['method']
}

/** The ways to become another user. */
export const becomeMethods = ['sudo', 'su', 'doas'] as const

const wordsOf = { yes: ['true', 'yes', 'on', '1'], no: ['false', 'no', 'off', '0'] } as const
const said = 'expected true or false'

/** The schemas of Ansible's variables for becoming another user, but for the password. */
export const becomeVars = {
  ansible_become: z
    .union(
      [
        z.boolean(),
        z
          .string()
          .transform((word) => word.toLowerCase())
          .pipe(z.enum([...wordsOf.yes, ...wordsOf.no])),
      ],
      said,
    )
    .transform((word) => word === true || wordsOf.yes.some((yes) => yes === word))
    .optional(),
  ansible_become_user: z
    .string()
    .regex(/^[^-\p{Cc}\s"][^\p{Cc}\s"]*$/u, 'expected a user name')
    .optional(),
  ansible_become_method: z.enum(becomeMethods).optional(),
}

/** How another user is become on a host; undefined where neither variables nor the command line say anything of it. */
export function becomeSaid(
  given: { readonly [name in keyof typeof becomeVars]?: z.output<(typeof becomeVars)[name]> },
  password: Secret | undefined,
  typed: TypedBecome = {},
): Become | undefined {
  const always = given.ansible_become ?? typed.become
  const user = given.ansible_become_user ?? typed.becomeUser
  const method = given.ansible_become_method ?? typed.becomeMethod
  if ([always, user, method, password].every((one) => one === undefined)) return undefined
  return {
    method: method ?? 'sudo',
    user: user ?? 'root',
    always: always ?? false,
    ...(password !== undefined && { password }),
  }
}
