import type { ConnectContext, ServerAsks } from '../connect/context.ts'
import { type LockedKey, lockedKeys } from '../connect/locked-keys.ts'
import type { RunRecord } from '../journal/runs.ts'
import type { Endpoint } from '../model/connection.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { secret } from '../model/secret.ts'
import { askHidden, askShown } from './ask.ts'
import { Exit } from './exit.ts'
import type { LoginFlags } from './flags.ts'
import { type AskHidden, newTyped, type Typed } from './typed.ts'

/** The name of the password that `-k` asked for. */
export const typedPassword = secret('typed:of -k')

/** The name of the password that `-K` asked for. */
export const typedBecomePassword = secret('typed:of -K')

/**
 * Asks for the password of `-k`, once for a process and before anything is connected to. Throws an InputError where nobody
 * can be asked.
 */
export async function typedLogin<F extends LoginFlags>(
  io: Io,
  flags: F,
  ask: AskHidden = askHidden,
): Promise<F & { readonly typed: Typed }> {
  if (flags.typed !== undefined) return { ...flags, typed: flags.typed }
  const typed = await newTyped(io, flags, ask)
  if (flags.askPass === true) {
    if (!io.answers)
      throw new InputError(
        '-k: expected a terminal to ask for the password on, got none',
        'Name it in the inventory, as a secret: ansible_password: { env: NAME }, or log in with a key: --private-key FILE',
      )
    const value = await ask(io, 'Password to log in with:')
    if (io.interrupted.aborted) throw new Exit(130)
    if (value === '') throw new InputError('-k: expected a password, got none', 'Nothing was done.')
    typed.keep(typedPassword.name, value)
  }
  if (flags.askBecomePass === true) {
    if (!io.answers)
      throw new InputError(
        '-K: expected a terminal to ask for the password on, got none',
        'Name it in the inventory, as a secret: ansible_become_password: { env: NAME }, or let sudo do without: upgrade-fleet sudoers PLAYBOOK',
      )
    const value = await ask(io, 'Password to become another user with:')
    if (io.interrupted.aborted) throw new Exit(130)
    // As with Ansible, an empty answer is the password to log in with.
    const same = value === '' ? typed.of(typedPassword.name) : value
    if (same === undefined) throw new InputError('-K: expected a password, got none', 'Nothing was done.')
    typed.keep(typedBecomePassword.name, same)
  }
  return { ...flags, typed }
}

/** The same login as a run's, but for what is typed anew. */
export function loginOfRun<F extends LoginFlags>(record: RunRecord, flags: F): F {
  const { login = {} } = record
  const before = Object.fromEntries(
    Object.entries(login).filter(([name]) => flags[name as keyof F] === undefined),
  )
  return { ...flags, ...before }
}

/**
 * Asks for the passphrase of each locked key file that these machines would be logged in to with, three times at most.
 * Without a terminal, or an answer, the connections themselves say what is missing.
 */
export async function askPassphrases(
  io: Io,
  endpoints: readonly Endpoint[],
  context: ConnectContext,
  typed: Typed,
  ask: AskHidden = askHidden,
): Promise<void> {
  if (!io.answers) return
  for (const key of await lockedKeys(endpoints, context)) {
    const value = await passphraseOf(io, key, ask)
    if (io.interrupted.aborted) throw new Exit(130)
    if (value !== undefined)
      typed.passphrases.set(key.file, typed.keep(`typed:passphrase of ${key.file}`, value))
  }
}

async function passphraseOf(io: Io, key: LockedKey, ask: AskHidden): Promise<string | undefined> {
  for (let tries = 3; tries > 0 && !io.interrupted.aborted; tries -= 1) {
    const value = await ask(io, `Passphrase of ${key.file}:`)
    if (value === '') return undefined
    if (key.opens(value)) return value
    io.err(`It does not open ${key.file}.\n`)
  }
  return undefined
}

/** What is drawn on the terminal, and stands aside while a person is asked. */
export interface Screen {
  pause?(): void
  resume?(): void
}

/** Asks the person at the terminal what servers want to know, one server after the other; undefined where nobody can answer. */
export function personAt(
  io: Io,
  screen: () => Screen | undefined,
  [hidden, open]: readonly [AskHidden, AskHidden] = [askHidden, askShown],
): ConnectContext['ask'] {
  if (!io.answers) return undefined
  let last: Promise<unknown> = Promise.resolve()
  const answer = async ({ host, said, prompts, gone }: ServerAsks) => {
    if (gone.aborted) return undefined
    screen()?.pause?.()
    try {
      if (said !== '') io.err(`${host}: ${said}\n`)
      const answers: string[] = []
      for (const { text, hidden: hide } of prompts) {
        answers.push(await (hide ? hidden : open)(io, `${host} asks: ${text}`, gone))
        if (io.interrupted.aborted || gone.aborted) return undefined
      }
      return answers
    } finally {
      screen()?.resume?.()
    }
  }
  return (asked) => {
    const mine = last.then(() => (io.interrupted.aborted ? undefined : answer(asked)))
    last = mine.catch(() => undefined)
    return mine
  }
}
