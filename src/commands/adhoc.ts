import { Command, Option } from 'commander'
import { explainEndpoint } from '../inventory/endpoint.ts'
import { type Command as ShellCommand, sh, typed } from '../model/command.ts'
import type { ExecResult } from '../model/connection.ts'
import { ConnectionError, InputError } from '../model/errors.ts'
import type { InventoryHost } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import { sanitize } from '../model/sanitize.ts'
import { harmless } from '../report/json.ts'
import { Exit } from './exit.ts'
import { type Facts, factsOf } from './facts/facts.ts'
import { factLines } from './facts/lines.ts'
import { factsScript, wanted } from './facts/script.ts'
import { type LoginFlags, type RunFlags, stateOption, withForks, withLogin } from './flags.ts'
import { type ChoiceFlags, chosenHosts, withChoice } from './limit.ts'
import { typedLogin } from './login.ts'
import { extraVarsOption, type InventoryOptions, inventoryOf, inventoryOption } from './options.ts'
import { readyConnections } from './ready.ts'
import { sshController } from './ssh-controller.ts'
import { findStrangers, hindered, strangersText } from './strangers.ts'
import { newTyped } from './typed.ts'
import { type World, worldOf } from './world.ts'

type AdhocOptions = InventoryOptions &
  ChoiceFlags &
  LoginFlags &
  Pick<RunFlags, 'forks'> & { readonly taskTimeout?: string; readonly explain?: boolean }

/** `ping PATTERN`: whether hosts can be logged in to, and have a working shell. */
export function pingCommand(io: Io): Command {
  const command = new Command('ping')
    .description('log in to hosts and run nothing')
    .argument('[pattern]', 'a pattern as in Ansible', 'all')
    .option(
      '--explain',
      'connect to nothing; print each setting of the connections with where it was said',
      false,
    )
    .action(async (pattern: string, options: AdhocOptions) => {
      if (options.explain) return explain(io, pattern, options)
      throw new Exit(await onHosts(io, pattern, options, sh.read`echo pong`, true))
    })
  return withChoice(
    withLogin(
      withForks(command.addOption(stateOption()).addOption(inventoryOption()).addOption(extraVarsOption())),
    ),
  )
}

/** `exec PATTERN -- COMMAND`: runs one shell command on hosts. */
export function execCommand(io: Io): Command {
  const command = new Command('exec')
    .description('run a shell command on hosts')
    .configureOutput({
      outputError: (text, write) =>
        write(
          text.includes('unknown option')
            ? `${text}An option of the command itself stands behind --: upgrade-fleet exec PATTERN -- ls -la\n`
            : text,
        ),
    })
    .argument('<pattern>', 'a pattern as in Ansible')
    .argument('<command...>', 'the command, behind -- if it has options of its own')
    .option('--task-timeout <seconds>', 'deadline of the command', '120')
    .action(async (pattern: string, words: readonly string[], options: AdhocOptions) => {
      throw new Exit(await onHosts(io, pattern, options, typed(words.join(' ')), false))
    })
  return withChoice(
    withLogin(
      withForks(command.addOption(stateOption()).addOption(inventoryOption()).addOption(extraVarsOption())),
    ),
    // -l is what people type behind `ls`.
    '--limit <pattern>',
  )
}

/** `facts PATTERN`: what hosts tell of themselves, by one script that only reads. */
export function factsCommand(io: Io): Command {
  const command = new Command('facts')
    .description('ask hosts about themselves: system, space, users, Java, tools, clock')
    .argument('[pattern]', 'a pattern as in Ansible', 'all')
    .addOption(new Option('--output <kind>', 'one JSON object a host, or lines').choices(['lines', 'json']))
    .option('--task-timeout <seconds>', 'deadline of the question', '120')
    .action(async (pattern: string, options: AdhocOptions & { readonly output?: 'lines' | 'json' }) => {
      const tell = options.output === 'json' ? factsJson : factsText
      throw new Exit(await onHosts(io, pattern, options, factsScript, true, tell))
    })
  return withChoice(
    withLogin(
      withForks(command.addOption(stateOption()).addOption(inventoryOption()).addOption(extraVarsOption())),
    ),
  )
}

const told = (answer: ExecResult | ConnectionError, at: number): Facts | undefined =>
  !(answer instanceof ConnectionError) && answer.kind === 'exit' && answer.code === 0
    ? factsOf(answer.stdout, wanted, at)
    : undefined

const factsText: Tell = (name, answer, at) => {
  const facts = told(answer, at)
  if (facts === undefined) return answerText(name, answer)
  return [`${name}\n`, ...factLines(facts).map((line) => `  ${sanitize(line)}\n`)].join('')
}

const factsJson: Tell = (name, answer, at) => {
  const facts = told(answer, at)
  const error = answerText(name, answer).trimEnd().slice(`${name} | `.length)
  // Marks that a terminal obeys are escaped, as in all JSON of ours.
  return `${harmless(JSON.stringify(facts === undefined ? { host: name, error } : { host: name, ...facts }))}\n`
}

async function explain(io: Io, pattern: string, given: AdhocOptions): Promise<void> {
  const options = { ...given, typed: await newTyped(io, given) }
  const { inventory } = await inventoryOf(io, options)
  const hosts = await chosenHosts(io, inventory, pattern, options)
  await readyConnections(io, hosts, options.typed)
  const controller = sshController(io, options)
  for (const host of hosts) {
    const { endpoint, settings, warnings } = explainEndpoint(inventory, host, controller)
    io.out(`${host.name} | ${endpoint.kind}\n`)
    const wide = Math.max(0, ...settings.map(({ keyword }) => keyword.length))
    for (const { keyword, value, from } of settings)
      io.out(`  ${keyword.padEnd(wide)}  ${sanitize(value)}  (${sanitize(from)})\n`)
    for (const warning of warnings) io.out(`  warning: ${sanitize(warning)}\n`)
  }
}

/** How one host's answer is told; `at` is our clock in seconds at the middle of the question. */
type Tell = (name: string, answer: ExecResult | ConnectionError, at: number) => string

async function onHosts(
  io: Io,
  pattern: string,
  given: AdhocOptions,
  command: ShellCommand,
  reads: boolean,
  tell: Tell = answerText,
): Promise<number> {
  const timeout = Number(given.taskTimeout ?? 120)
  if (!(timeout > 0))
    throw new InputError(`--task-timeout ${given.taskTimeout}: expected seconds, more than 0`)
  const options = await typedLogin(io, given)
  const { inventory } = await inventoryOf(io, options)
  const hosts = await chosenHosts(io, inventory, pattern, options)
  await readyConnections(io, hosts, options.typed)
  const world = worldOf(io, inventory, reads, options)
  await world.foresee(hosts.map(({ name }) => name))
  const codes: number[] = []
  const strangers =
    options.hostKeyChecking === 'accept-new' ? undefined : await strangersOf(io, world, hosts, options)
  const left = new Set(strangers?.names)
  const next = hosts.filter(({ name }) => !left.has(name))[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const { name, groups } of next) {
      let asked = io.now()
      const answer = await world
        .connect({ name, groups, vars: {} })
        .then((connection) => {
          asked = io.now()
          return connection.exec(command, { timeout, signal: io.interrupted })
        })
        .catch((error: unknown) => {
          if (error instanceof ConnectionError) return error
          throw error
        })
      codes.push(code(answer))
      io.out(world.redact(tell(name, answer, (asked.getTime() + io.now().getTime()) / 2000)))
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.forks, hosts.length) }, worker))
  await world.close()
  if (strangers !== undefined) {
    codes.push(4)
    io.err(strangers.text)
  }
  if (io.interrupted.aborted) return 130
  return codes.includes(3) ? 3 : codes.includes(4) ? 4 : 0
}

/** Hosts of which no host key is known, which are told of together once the others have answered. */
async function strangersOf(
  io: Io,
  world: World,
  hosts: readonly InventoryHost[],
  { forks, inventory = [] }: AdhocOptions,
): Promise<{ readonly names: readonly string[]; readonly text: string } | undefined> {
  const endpoints = hosts.map((host) => world.endpoint(host))
  const strangers = await findStrangers(io, world, endpoints, forks)
  if (strangers.shown.length === 0) return undefined
  const names = hindered(endpoints, strangers)
  const { lines, next } = strangersText(strangers, names, inventory)
  const first = 'The host keys of these hosts are not known; nothing was done there:'
  return { names, text: [first, ...lines, next].map((line) => `${sanitize(line)}\n`).join('') }
}

function code(answer: ExecResult | ConnectionError): number {
  // Whoever could not be become was reached all the same.
  if (answer instanceof ConnectionError) return answer.fault === 'become' ? 3 : 4
  return answer.kind === 'exit' && answer.code === 0 ? 0 : 3
}

function answerText(name: string, answer: ExecResult | ConnectionError): string {
  if (answer instanceof ConnectionError)
    return `${name} | ${answer.fault === 'become' ? 'failed' : 'unreachable'}: ${sanitize(answer.message)}\n`
  const how = answer.kind === 'exit' ? `exit ${answer.code}` : answer.kind
  const lines = [...answer.stdout.trimEnd().split('\n'), ...answer.stderr.trimEnd().split('\n')].filter(
    Boolean,
  )
  return [`${name} | ${how}\n`, ...lines.map((line) => `  ${sanitize(line)}\n`)].join('')
}
