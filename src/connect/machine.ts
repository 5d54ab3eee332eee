import { becomeOf } from '../model/account.ts'
import { encode } from '../model/charset.ts'
import type { Account, Become, Connection, Endpoint, ExecOptions, ExecResult } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import { becomeShell } from './become.ts'
import { capture } from './capture.ts'
import { getFile, putFile } from './files.ts'
import { listJobs, startJob } from './jobs.ts'
import { fenceTest } from './lock-scripts.ts'
import { machineLock, type Place } from './machine-lock.ts'
import { keepRefusals, type Refusals } from './refusals.ts'
import { type Fence, must, passedOnReason, type Runner, runnerOver } from './runner.ts'
import { keepShells, type Shells } from './shells.ts'
import type { Wire } from './wire.ts'
import { findWorkdir, makeWorkdir, pathOf } from './workdir.ts'

const defaultTimeout = 120

/** One user on a machine: shells, and a directory. */
interface Seat {
  readonly endpoint: Endpoint
  readonly shells: Shells
  readonly plain: Runner
  /** The directory, made if need be. */
  ours(): Promise<string>
  readonly place: Place
}

/** What connections to a machine may share with others. */
export interface Shared {
  /** The name of who logs in, who needs not be become. */
  readonly login?: string
  readonly refusals?: Refusals | undefined
  /** Seconds for a command whose caller says no other. */
  readonly timeout?: number | undefined
}

/** A connection whose every operation goes through shells over a wire: over SSH or on this machine. */
export function machine(
  endpoint: Endpoint,
  wire: Wire,
  secrets: SecretStore,
  { login, refusals = keepRefusals(), timeout = defaultTimeout }: Shared = {},
): Connection {
  const host = endpoint.name
  const shells = keepShells(host, wire)
  const becoming = { host, secrets, refusals, manners: new Map() }
  const seats = new Map<string, Seat>()
  const seatOf = (become: Become | undefined): Seat => {
    const key = become === undefined ? '' : `${become.method} ${become.user}`
    const known = seats.get(key)
    if (known !== undefined) return known
    const seat = makeSeat(endpoint, become, home, (over) =>
      become === undefined && over === undefined ? shells : shells.of(becomeShell(becoming, become, over)),
    )
    seats.set(key, seat)
    return seat
  }
  let home: { readonly become: Become | undefined } | undefined
  const owner = becomeOf(endpoint, {}, login)
  const first = seatOf(owner)
  home = { become: owner }
  const lock = machineLock(first.plain, first.place)
  const connection = (seat: Seat, lease?: { number: number; stale: () => void }): Connection => {
    const fence: Fence | undefined = lease && {
      test: async () => fenceTest(await first.ours(), lease.number),
      outside: seat !== first,
      stale: lease.stale,
    }
    const runner = runnerOver(host, seat.shells, fence)
    return {
      endpoint: seat.endpoint,
      workdir: seat.ours,
      exec: (command, options = {}) =>
        execOver(
          seat.shells,
          secrets,
          command.text,
          command.reads,
          { timeout, ...options },
          command.reads ? undefined : fence,
        ),
      put: (source, path, options = {}) => putFile(runner, secrets, seat.ours, source, path, options),
      get: (path, sink, options = {}) => getFile(runner, path, sink, options),
      job: async (id, command, options = {}) =>
        startJob(runner, secrets, await seat.ours(), id, command, options),
      jobs: async (prefix) => {
        const path = await seat.place.find()
        return path === undefined ? [] : listJobs(runner, path, prefix)
      },
      as: (account: Account) => connection(seatOf(becomeOf(endpoint, account, login)), lease),
      lock,
      fenced: (number, stale) => connection(seat, { number, stale }),
      who: shells.who,
      dial: async (address, port) => {
        const link = await wire.link()
        // Made anew, it may have ended at another machine. Nobody asks one that nothing but ways were asked of: a bastion.
        if (shells.who() !== undefined && !shells.asked(link))
          must(
            host,
            await first.plain.script(':', { reads: true, timeout: 60 }),
            'it cannot be asked who it is',
          )
        try {
          return await link.dial(address, port)
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error)
          const fault = link.alive ? 'refused' : 'lost'
          throw new ConnectionError(host, fault, `${host}: no way from there to ${address}:${port}: ${why}`)
        }
      },
      reveal: (text) => reveal(text, secrets),
      dialCommand: async (address, port) => {
        const command = (await wire.link()).dialCommand?.(address, port)
        if (command === undefined) throw new Error('no command of this machine leads through it')
        return command
      },
      close: async () => {
        shells.close()
        wire.close()
      },
    }
  }
  return connection(first)
}

/** A user of a machine; `home` is whose directory has the lock, undefined for that user. */
function makeSeat(
  endpoint: Endpoint,
  become: Become | undefined,
  home: { readonly become: Become | undefined } | undefined,
  open: (over: { readonly become: Become | undefined } | undefined) => Shells,
): Seat {
  const { become: _whom, workdir: given, ...rest } = endpoint
  // The directory that was given is that of the user whom the endpoint names; others have theirs at home.
  const own = home === undefined ? given : undefined
  const shells = open(home)
  const plain = runnerOver(endpoint.name, shells)
  let workdir: Promise<string> | undefined
  const ours = (): Promise<string> => {
    workdir ??= makeWorkdir(plain, own).catch((error: unknown) => {
      workdir = undefined
      throw error
    })
    return workdir
  }
  return {
    endpoint: {
      ...rest,
      ...(become !== undefined && { become }),
      ...(own !== undefined && { workdir: own }),
    },
    shells,
    plain,
    ours,
    place: {
      given: own,
      find: async () => {
        if (workdir !== undefined) return workdir
        const found = await plain.script(findWorkdir(own).text, { reads: true, timeout: 60 })
        const path = must(endpoint.name, found, 'the working directory cannot be used')
          .stdout.toString()
          .trim()
        return path === '' ? undefined : path
      },
      make: ours,
      made: (path) => {
        workdir ??= Promise.resolve(pathOf(endpoint.name, path))
      },
    },
  }
}

async function execOver(
  shells: Shells,
  secrets: SecretStore,
  text: string,
  reads: boolean,
  options: ExecOptions,
  fence: Fence | undefined,
): Promise<ExecResult> {
  const { stdin, stdinCharset = 'UTF-8', env, cwd, timeout = defaultTimeout, signal, onLine } = options
  const stdout = capture(onLine && ((line) => onLine(line, 'stdout')))
  const stderr = capture(onLine && ((line) => onLine(line, 'stderr')))
  const end = await shells.run({
    text,
    reads,
    timeout,
    stdout: stdout.tap,
    stderr: stderr.tap,
    ...(fence === undefined ? {} : { fence: await fence.test() }),
    ...(stdin === undefined ? {} : { stdin: encode(reveal(stdin, secrets), stdinCharset) }),
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal === undefined ? {} : { signal }),
  })
  const truncated = stdout.truncated() || stderr.truncated()
  const printed = { stdout: stdout.text(), stderr: stderr.text(), truncated }
  if (end.kind !== 'fenced') return { ...end, ...printed }
  fence?.stale()
  return { kind: 'refused', reason: passedOnReason, ...printed }
}
