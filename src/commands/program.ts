import { Command, CommanderError, Option } from 'commander'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { nearest } from '../model/nearest.ts'
import { redactor } from '../model/redact.ts'
import { withTypedInventory } from './advice.ts'
import { type Entry, entries } from './entries.ts'
import { Exit } from './exit.ts'
import { version } from './version.ts'

/** Runs the command that `args` (without node and script) name, and resolves to its exit code; never rejects. */
export async function runProgram(
  io: Io,
  args: readonly string[],
  commands: readonly Entry[] = entries,
): Promise<number> {
  try {
    const words = withCommand(args, commands)
    const program = await buildProgram(io, words[0], commands)
    await program.parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    return exitCode(io, error, args)
  }
}

/** What is not a command is a playbook to run, unless it looks like a command mistyped; what ends in .ts or has a slash never does. */
function withCommand(args: readonly string[], commands: readonly Entry[]): readonly string[] {
  const [first] = args
  const names = [...commands.map(({ name }) => name), 'help']
  if (first === undefined) return ['--help']
  if (names.includes(first) || ['-V', '--version', '-h', '--help'].includes(first)) return args
  if (first.startsWith('-') || /\.ts$|[/\\]/.test(first)) return ['run', ...args]
  const meant = nearest(first, names)
  if (meant !== undefined)
    throw new InputError(`There is no command "${first}".`, `Did you mean: upgrade-fleet ${meant}`)
  if (!first.includes('.'))
    throw new InputError(
      `There is no command "${first}", and a playbook is a .ts file.`,
      'See: upgrade-fleet --help',
    )
  return ['run', ...args]
}

async function buildProgram(
  io: Io,
  called: string | undefined,
  commands: readonly Entry[],
): Promise<Command> {
  const program = new Command('upgrade-fleet')
    .description(
      'Takes a fleet of WSO2 API Manager servers to 3.0.0 over SSH, and brings it back if anything is wrong.',
    )
    .usage('<playbook.ts> [options] | <command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help, or that of a command')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ subcommandTerm: (command) => term(command, commands) })
    .addHelpText('after', exits)
  for (const entry of commands) {
    const wanted = called === entry.name || called === 'help'
    program.addCommand(wanted ? (await entry.load())(io) : new Command(entry.name).description(entry.summary))
  }
  captive(program, io)
  return program
}

const exits = `
Exit codes:
  0    done, all gates green
  1    a defect of this tool
  2    usage, invalid inventory or playbook, or blocked by preflight: nothing was changed
  3    hosts failed; resume or rollback        4    hosts unreachable, nothing else failed
  5    failed, and rolled back completely      6    a person must look
  7    locked by another run                   130  interrupted, resumable`

function term(command: Command, commands: readonly Entry[]): string {
  const entry = commands.find(({ name }) => name === command.name())
  return entry === undefined ? 'help [command]' : [entry.name, entry.usage].join(' ').trim()
}

/** Commander writes through `io` and throws where it would end the process. */
function captive(command: Command, io: Io, path: readonly string[] = []): void {
  command
    .exitOverride()
    .showHelpAfterError(`See: ${['upgrade-fleet', ...path, '--help'].join(' ')}`)
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  if (!command.options.some(({ long }) => long === '--verbose'))
    command.addOption(new Option('--verbose', 'show where an error comes from').hideHelp())
  for (const child of command.commands) captive(child, io, [...path, child.name()])
}

/** Errors that say all there is to say, by name (their rooms are loaded late), with their exit codes. */
const spokenFor: Readonly<Record<string, number>> = {
  InputError: 2,
  DamagedJournal: 6,
  JournalFailed: 6,
  LockedError: 7,
  MachinesLocked: 7,
}

/** 0 done, 1 a defect of this tool, 2 the user's input; a command that has said all itself throws {@link Exit}. */
function exitCode(io: Io, error: unknown, args: readonly string[]): number {
  const verbose = args.includes('--verbose')
  if (error instanceof Exit) return error.code
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const redact = redactor(() => io.secrets ?? [])
  const told = error instanceof Error ? spokenFor[error.name] : undefined
  if (told !== undefined) {
    io.err(`${redact(withTypedInventory((error as Error).message, args))}\n`)
    return told
  }
  const defect = error instanceof Error ? error : new Error(String(error))
  io.err(`${defect.name}: ${redact(defect.message)}\n`)
  if (verbose && defect.stack !== undefined) io.err(`${redact(defect.stack)}\n`)
  io.err(
    `This is a defect of upgrade-fleet ${version}, please report it${verbose ? '' : ' (--verbose shows where it is)'}.\n`,
  )
  return 1
}
