import { connectionVars } from '../inventory/endpoint.ts'
import { isLoginVar, namedLogins } from '../inventory/login-vars.ts'
import { programOutput } from '../inventory/program-output.ts'
import { sealedValue } from '../inventory/sealed.ts'
import { askedFor } from '../inventory/secrets.ts'
import { InputError } from '../model/errors.ts'
import type { InventoryHost } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import { isSecret } from '../model/secret.ts'
import { encryptedValue, secretTitle } from '../model/secret-schema.ts'
import { allMachines } from '../plan/machines.ts'
import { askHidden } from './ask.ts'
import { Exit } from './exit.ts'
import type { Prepared } from './prepare.ts'
import type { AskHidden, Typed } from './typed.ts'

/**
 * Looks up the secrets of these names that nobody can be asked for later, each once for a process and before anything is connected
 * to: what is encrypted, what programs print, and what a person types, who is asked last. Throws one InputError with all that is wrong.
 */
export async function readySecrets(
  io: Io,
  names: Iterable<string>,
  typed: Typed,
  ask: AskHidden = askHidden,
): Promise<void> {
  const all = [...new Set([...names].map((name) => name.replace(/^(?:(?:xml|toml)\|)+/, '')))]
  for (const name of all) typed.needed.add(name)
  const missing = all.filter((name) => askedFor.test(name) && typed.of(name) === undefined)
  const [asked, others] = [isPrompt, (name: string) => !isPrompt(name)].map((is) => missing.filter(is))
  const problems: string[] = []
  const next = new Set<string>()
  const keep = async (name: string, value: () => Promise<string>) => {
    try {
      const found = await value()
      typed.keep(name, found)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      problems.push(...error.problems)
      if (error.next !== undefined) next.add(error.next)
    }
  }
  const refuse = () => {
    if (io.interrupted.aborted) throw new Exit(130)
    if (problems.length > 0) throw new InputError([...new Set(problems)], [...next].join('\n') || undefined)
  }
  const [programs, sealed] = [isCommand, (name: string) => !isCommand(name)].map((is) => others?.filter(is))
  await Promise.all((sealed ?? []).map((name) => keep(name, () => opened(name, typed))))
  // One after the other: each may want a key to be touched, or a keyring to be opened.
  for (const name of programs ?? []) await keep(name, () => printed(io, name))
  refuse()
  for (const name of asked ?? []) await keep(name, () => answered(io, name, ask))
  refuse()
}

const isPrompt = (name: string) => name.startsWith('prompt:')
const isCommand = (name: string) => name.startsWith('command:')

function opened(name: string, typed: Typed): Promise<string> {
  const what = `secret ${secretTitle(name)}`
  return name.startsWith('sealed:')
    ? sealedValue(what, name, typed.unseal)
    : typed.unseal(what, name.replace(/^\w+:/, ''))
}

function printed(io: Io, name: string): Promise<string> {
  const words = JSON.parse(name.replace(/^command:/, '')) as readonly string[]
  return programOutput(`secret command ${words[0]}`, words, {
    cwd: io.cwd,
    env: io.env,
    signal: io.interrupted,
  })
}

async function answered(io: Io, name: string, ask: AskHidden): Promise<string> {
  const text = name.replace(/^prompt:/, '')
  if (!io.answers)
    throw new InputError(
      `secret prompt "${text}": expected a terminal to ask on, got none`,
      'Run it on a terminal, or name in the inventory what needs nobody: { env: NAME }, { file: /absolute/path }, { command: [...] } or { age: ... }',
    )
  if (io.interrupted.aborted) throw new Exit(130)
  const value = await ask(io, `${text}:`.replace(/([:?])\s*:$/, '$1'))
  if (io.interrupted.aborted) throw new Exit(130)
  if (value === '')
    throw new InputError(`secret prompt "${text}": expected an answer, got none`, 'Nothing was done.')
  return value
}

/** A line for each secret that is too short to be hidden everywhere. */
export function shortWarnings(values: Iterable<readonly [string, string]>): readonly string[] {
  return [...values].flatMap(([name, value]) => {
    if (value.length >= 4 || value.length === 0) return []
    const how =
      value.length === 1
        ? 'of one character, and is not hidden in what is shown and kept'
        : 'shorter than 4 characters, and is hidden only where it stands as a word of its own'
    return [`the secret ${secretTitle(name)} is ${how}`]
  })
}

/** Opens the connection variables of hosts that are encrypted, but for passwords, which the connections ask for themselves. */
export async function readyConnections(
  io: Io,
  hosts: readonly InventoryHost[],
  typed: Typed | undefined,
): Promise<void> {
  if (typed !== undefined) await readySecrets(io, hosts.flatMap(openedVars), typed)
}

const openedVars = ({ vars }: InventoryHost): readonly string[] =>
  connectionVars.flatMap((name) => (isLoginVar(name) ? [] : (encryptedValue(vars[name])?.name ?? [])))

/** Looks up all that a playbook's site and the machines of its schedule need, before any of them is connected to. */
export async function readyFor(
  io: Io,
  { secrets, inventory, schedule }: Pick<Prepared, 'secrets' | 'inventory' | 'schedule'>,
  typed: Typed | undefined,
): Promise<void> {
  if (typed === undefined) return
  const names = new Set(allMachines(schedule).map(({ name }) => name))
  const hosts = inventory.hosts.filter(({ name }) => names.has(name))
  await readySecrets(
    io,
    [...secrets, ...hosts.flatMap(openedVars), ...hosts.flatMap(({ vars }) => namedLogins(vars))],
    typed,
  )
}

/** The names of all secrets in typed data. */
export function secretsIn(
  value: unknown,
  names = new Set<string>(),
  seen = new Set<unknown>(),
): ReadonlySet<string> {
  if (isSecret(value)) names.add(value.name)
  else if (typeof value === 'object' && value !== null && !seen.has(value)) {
    seen.add(value)
    for (const item of Object.values(value)) secretsIn(item, names, seen)
  }
  return names
}
