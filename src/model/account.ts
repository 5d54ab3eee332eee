import type { Account, Become, Endpoint } from './connection.ts'

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
