import { type Command, InvalidArgumentError, Option } from 'commander'
import type { HostKeyChecking } from '../connect/context.ts'
import { becomeMethods, type TypedBecome } from '../inventory/become-vars.ts'
import type { Selection } from '../model/selection.ts'
import { withChoice } from './limit.ts'
import { extraVarsOption, inventoryOption } from './options.ts'
import { type Output, outputs } from './screen.ts'
import { type KeyFlags, withKeys } from './typed.ts'

/** How hosts are logged in to, where their variables do not say. */
export interface LoginFlags extends KeyFlags, TypedBecome {
  readonly hostKeyChecking?: HostKeyChecking
  readonly user?: string
  readonly privateKey?: string
  readonly askPass?: boolean
  readonly askBecomePass?: boolean
  /** Seconds for a connection to be made. */
  readonly timeout?: number
}

/** What a command that runs something was asked for; Ansible's names where Ansible has one. */
export interface RunFlags extends LoginFlags {
  readonly inventory: readonly string[]
  readonly limit?: string
  readonly where?: string
  readonly allowEmpty?: boolean
  readonly forks: number
  readonly check: boolean
  readonly diff?: boolean
  readonly step?: boolean
  readonly extraVars: readonly string[]
  readonly yes: boolean
  readonly onFailure?: 'ask' | 'stop' | 'rollback'
  readonly output?: Output
  readonly state?: string
  readonly listHosts: boolean
  readonly listTasks: boolean
  readonly listTags: boolean
  readonly tags?: readonly string[]
  readonly skipTags?: readonly string[]
  readonly startAtTask?: string
  readonly verbose: boolean
  readonly notAfter?: string
}

function positive(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('expected a whole number from 1 up')
  return number
}

/** `--state`: where runs and locks are kept. */
export const stateOption = () =>
  new Option('--state <directory>', 'where runs are kept (default: .upgrade-fleet)')

/** Options of everything that shows events. */
export function withOutput(command: Command): Command {
  return command
    .addOption(stateOption())
    .addOption(
      new Option(
        '--output <kind>',
        'how to show what happens (default: tree on a terminal, else lines)',
      ).choices(outputs),
    )
    .option('-y, --yes', 'answer every question with yes', false)
    .option('-v, --verbose', 'show more', false)
}

/** Options that choose hosts and variables. */
export function withSelection(command: Command): Command {
  return withChoice(command)
    .addOption(inventoryOption().default([], 'what is found'))
    .addOption(extraVarsOption().default([], 'none'))
    .addOption(tagsOption('-t, --tags <tags>', 'do the tasks with one of these tags alone'))
    .addOption(tagsOption('--skip-tags <tags>', 'leave out the tasks with one of these tags'))
    .option('--start-at-task <task>', 'begin with this task: its name, play/task, or a pattern')
}

const tagsOption = (flags: string, description: string) =>
  new Option(flags, `${description}; commas between them, may be given again`).argParser(
    (value: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      ...value.split(',').map((tag) => tag.trim()),
    ],
  )

/** What tags and a first task choose; undefined when nobody asked for less than all. */
export function selectionOf(
  flags: Pick<RunFlags, 'tags' | 'skipTags' | 'startAtTask'>,
): Selection | undefined {
  const { tags = [], skipTags = [], startAtTask } = flags
  if (tags.length === 0 && skipTags.length === 0 && startAtTask === undefined) return undefined
  return { tags, skipTags, ...(startAtTask !== undefined && { startAt: startAtTask }) }
}

/** Whom everything becomes by what was typed; undefined when nobody typed anything of it. */
export function becomeTyped({ become, becomeUser, becomeMethod }: TypedBecome): TypedBecome | undefined {
  if ((become ?? becomeUser ?? becomeMethod) === undefined) return undefined
  return {
    ...(become !== undefined && { become }),
    ...(becomeUser !== undefined && { becomeUser }),
    ...(becomeMethod !== undefined && { becomeMethod }),
  }
}

/** The same as it is typed. */
export const becomeText = ({ become, becomeUser, becomeMethod }: TypedBecome = {}): string =>
  [
    ...(become ? ['-b'] : []),
    ...(becomeUser === undefined ? [] : [`--become-user ${becomeUser}`]),
    ...(becomeMethod === undefined ? [] : [`--become-method ${becomeMethod}`]),
  ].join(' ')

const forksOption = () =>
  new Option('-f, --forks <number>', 'how many hosts are worked on side by side').argParser(positive)

/** Options of everything that works on hosts. */
export function withForks(command: Command): Command {
  return command.addOption(forksOption().default(50))
}

/** Options of everything that logs in to hosts. */
export function withLogin(command: Command): Command {
  return withKeys(command)
    .addOption(
      new Option(
        '--host-key-checking <mode>',
        'accept-new stores the host key of a host of which none is known; one that changed is always refused (default: strict)',
      ).choices(['strict', 'accept-new']),
    )
    .addOption(
      new Option('-u, --user <name>', 'log in as this user where ansible_user does not say').argParser(
        userName,
      ),
    )
    .addOption(
      new Option(
        '-T, --timeout <seconds>',
        'give up a host that is not logged in to within this time, where ansible_timeout does not say (default: ConnectTimeout of ssh_config, else 20)',
      ).argParser(positive),
    )
    .option('--private-key <file>', 'log in with this key where ansible_ssh_private_key_file does not say')
    .option('-k, --ask-pass', 'ask for the password of all hosts that do not name theirs (ansible_password)')
    .option('-b, --become', 'do everything as another user where ansible_become does not say')
    .addOption(
      new Option(
        '--become-user <name>',
        'whom to become where ansible_become_user does not say (default: root)',
      ).argParser(userName),
    )
    .addOption(
      new Option(
        '--become-method <method>',
        'how to become another where ansible_become_method does not say (default: sudo)',
      ).choices(becomeMethods),
    )
    .option(
      '-K, --ask-become-pass',
      'ask for the password that becoming another user needs (ansible_become_password)',
    )
}

function userName(value: string): string {
  if (!/^[^-\p{Cc}\s"][^\p{Cc}\s"]*$/u.test(value)) throw new InvalidArgumentError('expected a user name')
  return value
}

/** The same for what goes on from a run: without a number, that of the run. */
export function withForksOfRun(command: Command): Command {
  return command.addOption(forksOption().default(undefined, 'as the run'))
}

/** The flags of what goes on from a run. */
export type FlagsOfRun = Omit<RunFlags, 'forks'> & { readonly forks?: number }

/** `--accept-machine`: hosts that were installed anew since the run that is gone on with. */
export const acceptMachineOption = () =>
  new Option(
    '--accept-machine <hosts>',
    'go on with these hosts although they are other machines than before, installed anew',
  ).argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    ...value.split(',').map((name) => name.trim()),
  ])

/** Options that only list what a playbook is about, and end. */
export function listingOptions(command: Command): Command {
  return command
    .option('--list-hosts', 'list the hosts of each play, and end', false)
    .option('--list-tasks', 'list the tasks of each play, and end', false)
    .option('--list-tags', 'list the tags of each play, and end', false)
}

/** `--diff`: what is shown of changes. */
export const diffOption = () =>
  new Option(
    '-D, --diff',
    'show what changes make different (with --check, would make), secrets hidden',
  ).default(false)

/** `--step`: a person decides before each task. */
export const stepOption = () =>
  new Option('--step', 'ask before each task: no, yes, or continue').default(false)

/** `--not-after`: the time that neither a wave nor its rollback may pass. */
export const notAfterOption = () =>
  new Option(
    '--not-after <time>',
    'start no wave that would end, with a rollback from there, after this time (05:00, 2026-11-23T05:00)',
  )
