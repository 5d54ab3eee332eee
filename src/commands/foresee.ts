import type { ConnectContext } from '../connect/context.ts'
import type { Endpoint } from '../model/connection.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import type { LoginFlags } from './flags.ts'
import { askPassphrases } from './login.ts'
import { readySecrets } from './ready.ts'

/** What a look ahead at hosts goes by. */
interface Ahead {
  /** How a host is reached; undefined for one that is not there. Throws an {@link InputError}. */
  endpointOf(name: string): Endpoint | undefined
  readonly secrets: SecretStore
  /** Takes the names of secrets whose values are hidden from now on. */
  learn(names: Iterable<string>): void
  readonly typed: LoginFlags['typed']
  readonly login: ConnectContext
}

/**
 * Finds out how hosts are reached and logged in to before anything is connected to, and asks for passphrases of their keys.
 * Throws an {@link InputError} with all that is wrong, secrets that are not there too.
 */
export async function foresee(
  io: Io,
  names: Iterable<string>,
  { endpointOf, secrets, learn, typed, login }: Ahead,
): Promise<void> {
  const problems = new Set<string>()
  const each = <In, Out>(all: Iterable<In>, look: (one: In) => Out | undefined): readonly Out[] =>
    [...all].flatMap((one) => {
      try {
        return look(one) ?? []
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        for (const problem of error.problems) problems.add(problem)
        return []
      }
    })
  const refuse = () => {
    if (problems.size > 0) throw new InputError([...problems])
  }
  const endpoints = each(names, endpointOf)
  refuse()
  const needed = endpoints.flatMap(({ password, passphrase, become }) =>
    [password, passphrase, become?.password].flatMap((one) => one ?? []),
  )
  const named = needed.map(({ name }) => name)
  if (typed !== undefined) await readySecrets(io, named, typed)
  each(needed, (one) => void reveal([one], secrets))
  refuse()
  learn([...named, ...(typed?.needed ?? [])])
  if (typed !== undefined) await askPassphrases(io, endpoints, login, typed)
}
