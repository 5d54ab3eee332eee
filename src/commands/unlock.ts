import { Command } from 'commander'
import { breakLock, lookAtLock } from '../journal/lock.ts'
import type { Connection } from '../model/connection.ts'
import { ConnectionError, InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { holderText, type LockState } from '../model/lock.ts'
import { sanitize } from '../model/sanitize.ts'
import { Exit } from './exit.ts'
import { type LoginFlags, type RunFlags, stateOption, withForks, withLogin } from './flags.ts'
import { type ChoiceFlags, chosenHosts, withChoice } from './limit.ts'
import { holderOf } from './locked.ts'
import { typedLogin } from './login.ts'
import { extraVarsOption, type InventoryOptions, inventoryOf, inventoryOption } from './options.ts'
import { stateDirectory } from './paths.ts'
import { readyConnections } from './ready.ts'
import { type World, worldOf } from './world.ts'

type UnlockFlags = InventoryOptions &
  ChoiceFlags &
  LoginFlags &
  Pick<RunFlags, 'forks'> & {
    readonly list?: boolean
    readonly run?: string
    readonly state?: string
  }

/** A host with its lock as it was looked at, or why it could not be. */
type Seen = { readonly host: string } & (
  | { readonly connection: Connection; readonly state: LockState }
  | { readonly error: ConnectionError }
)

/** `unlock [PATTERN]`: shows who holds the locks of hosts, and releases those of the run that is named. */
export function unlockCommand(io: Io): Command {
  const command = new Command('unlock')
    .description('show who holds the locks of hosts, and release those of one run')
    .argument('[pattern]', 'a pattern as in Ansible', 'all')
    .option('--list', 'only show them')
    .option('--run <run>', 'the run whose locks are released (default: ask on a terminal)')
    .addOption(stateOption())
    .action(async (pattern: string, flags: UnlockFlags) => {
      throw new Exit(await unlock(io, pattern, flags))
    })
  return withChoice(withLogin(withForks(command.addOption(inventoryOption()).addOption(extraVarsOption()))))
}

async function unlock(io: Io, pattern: string, given: UnlockFlags): Promise<number> {
  const flags = await typedLogin(io, given)
  const { inventory } = await inventoryOf(io, flags)
  const hosts = await chosenHosts(io, inventory, pattern, flags)
  await readyConnections(io, hosts, flags.typed)
  const names = hosts.map(({ name }) => name)
  const world = worldOf(io, inventory, false, flags)
  try {
    await world.foresee(names)
    const seen = await lookAtAll(io, world, names, flags.forks)
    const state = stateDirectory(io, flags.state)
    const local = await lookAtLock(state)
    for (const one of seen) io.out(`${one.host} | ${seenText(one)}\n`)
    if (local !== undefined) io.out(`${state} | locked by ${holderText({ ...local.holder, ...unknown })}\n`)
    const away = seen.some((one) => 'error' in one) ? 4 : 0
    const held = seen.filter(isHeld)
    if (flags.list || (held.length === 0 && local === undefined && flags.run === undefined)) return away
    const runs = new Set([
      ...held.map((one) => runOf(one.state)),
      ...(local === undefined ? [] : [runHere(local.holder.run)]),
    ])
    const run = flags.run ?? (await askForRun(io))
    if (!runs.has(run))
      throw new InputError(
        `None of these locks is held by the run "${run}"${runs.size === 0 ? '' : `, but by: ${[...runs].map(sanitize).join(', ')}`}.`,
        'Nothing was released. See: upgrade-fleet unlock --list',
      )
    const codes = await Promise.all(
      held.filter((one) => runOf(one.state) === run).map((one) => release(io, one, run, state)),
    )
    if (local !== undefined && runHere(local.holder.run) === run)
      codes.push(await releaseHere(io, state, local))
    return Math.max(0, ...codes) || away
  } finally {
    await world.close()
  }
}

/** What the lock of a state directory does not tell, and no text of ours shows. */
const unknown = { state: '', token: '', by: 'run' } as const

/** A rollback locks the state directory in the name of the run that it takes back. */
const runHere = (run: string): string => run.replace(/^rollback of /, '')

/** The run that holds a lock; a note that cannot be read has this name. */
const runOf = ({ holder }: LockState): string => holder?.run ?? 'unknown'

const isHeld = (one: Seen): one is Extract<Seen, { state: LockState }> => 'state' in one && one.state.held

function seenText(one: Seen): string {
  if ('error' in one) return `not looked at: ${sanitize(one.error.message)}`
  if (!one.state.held) return 'free'
  if (one.state.holder === undefined) return `locked by ${holderText(undefined)}; its run counts as "unknown"`
  return `locked by ${holderText(one.state.holder)}`
}

async function lookAtAll(
  io: Io,
  world: World,
  names: readonly string[],
  forks: number,
): Promise<readonly Seen[]> {
  const seen = new Map<string, Seen>()
  const next = names[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const host of next) {
      if (io.interrupted.aborted) throw new Exit(130)
      try {
        const connection = await world.connect({ name: host, groups: [], vars: {} })
        seen.set(host, { host, connection, state: await connection.lock.look() })
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error
        seen.set(host, { host, error })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(forks, names.length) }, worker))
  return names.flatMap((name) => seen.get(name) ?? [])
}

async function askForRun(io: Io): Promise<string> {
  if (!io.answers)
    throw new InputError(
      'Nobody can confirm here which run is to lose its locks.',
      'Make sure that it does not work any more, then name it: upgrade-fleet unlock --run RUN',
    )
  const { input } = await import('@inquirer/prompts')
  const message = 'That run will change nothing more, wherever it is. Its id, to release its locks:'
  const answer = await input({ message }, { signal: io.interrupted }).catch(() => {
    throw new Exit(130)
  })
  return answer.trim()
}

async function release(
  io: Io,
  { host, connection, state }: Extract<Seen, { state: LockState }>,
  run: string,
  directory: string,
): Promise<number> {
  try {
    const holder = await holderOf(io, directory, run, 'unlock')
    const done = await connection.lock.add(state.number, { held: false, holder })
    if (done === undefined) {
      io.out(`${host} | not released: somebody else was quicker; look again\n`)
      return 3
    }
    const jobs = await connection.jobs(run).catch(() => [])
    const running = await Promise.all(jobs.map((job) => job.running().catch(() => false)))
    const ids = jobs.filter((_, at) => running[at]).map((job) => sanitize(job.id))
    io.out(
      `${host} | released${ids.length === 0 ? '' : `; what still runs there of it: ${ids.join(', ')}`}\n`,
    )
    return 0
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    io.out(`${host} | not released: ${sanitize(error.message)}\n`)
    return 4
  }
}

async function releaseHere(
  io: Io,
  state: string,
  { holder, lives }: NonNullable<Awaited<ReturnType<typeof lookAtLock>>>,
): Promise<number> {
  if (lives) {
    io.out(`${state} | not released: its process ${holder.pid} lives; end that first\n`)
    return 3
  }
  await breakLock(state, holder)
  io.out(`${state} | released\n`)
  return 0
}
