import type { Account, Become, Endpoint } from './connection.ts'
import type { Play, Step } from './play.ts'

/**
 * Whom a machine's account comes to: the user to become, or undefined for the one who logs in (also where that is the
 * user to become, as in Ansible). What it leaves out is as the endpoint has it, else root by sudo.
 */
export function becomeOf(
  { become }: Pick<Endpoint, 'become'>,
  account: Account,
  login?: string,
): Become | undefined {
  const user = account.user ?? become?.user ?? 'root'
  if (!(account.become ?? become?.always ?? false) || user === login) return undefined
  return { method: 'sudo', ...become, user, always: true }
}

/** The user whom everything over that endpoint is done as, when it is not the one who logs in. */
export const actsAs = ({ become }: Pick<Endpoint, 'become'>): string | undefined =>
  become?.always === true ? become.user : undefined

/** As whom a step is done, as far as the playbook says so: the task itself, else its block, else its play. */
export function accountOf(play: Pick<Play, 'options'>, { options }: Pick<Step, 'options'>): Account {
  const become = options.become ?? play.options.become
  const user = options.becomeUser ?? play.options.becomeUser
  return { ...(become !== undefined && { become }), ...(user !== undefined && { user }) }
}

/** As whom something is done again, or taken back, that was done as that user; undefined is who logs in. */
export const accountAgain = (as: string | undefined): Account =>
  as === undefined ? { become: false } : { become: true, user: as }
