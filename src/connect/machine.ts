import type { Connection, Endpoint, ExecOptions, ExecResult } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import { capture } from './capture.ts'
import { getFile, putFile } from './files.ts'
import { listJobs, startJob } from './jobs.ts'
import { fenceTest } from './lock-scripts.ts'
import { machineLock } from './machine-lock.ts'
import { type Fence, must, passedOnReason, runnerOver } from './runner.ts'
import { keepShells, type Shells } from './shells.ts'
import type { Wire } from './wire.ts'
import { findWorkdir, makeWorkdir } from './workdir.ts'

const defaultTimeout = 120

/** A connection whose every operation goes through shells over a wire: over SSH or on this machine. */
export function machine(
  endpoint: Endpoint,
  wire: Wire,
  secrets: SecretStore,
  timeout = defaultTimeout,
): Connection {
  const host = endpoint.name
  const shells = keepShells(host, wire)
  const plain = runnerOver(host, shells)
  let workdir: Promise<string> | undefined
  const ours = (): Promise<string> => {
    workdir ??= makeWorkdir(plain, endpoint.workdir).catch((error: unknown) => {
      workdir = undefined
      throw error
    })
    return workdir
  }
  const find = async (): Promise<string | undefined> => {
    if (workdir !== undefined) return workdir
    const found = await plain.script(findWorkdir(endpoint.workdir).text, { reads: true, timeout: 60 })
    const path = must(host, found, 'the working directory cannot be used').stdout.toString().trim()
    return path === '' ? undefined : path
  }
  const lock = machineLock(plain, find, ours)
  const connection = (fence?: Fence): Connection => {
    const runner = runnerOver(host, shells, fence)
    return {
      endpoint,
      workdir: ours,
      exec: (command, options = {}) =>
        execOver(
          shells,
          secrets,
          command.text,
          command.reads,
          { timeout, ...options },
          command.reads ? undefined : fence,
        ),
      put: (source, path, options = {}) => putFile(runner, secrets, ours, source, path, options),
      get: (path, sink, options = {}) => getFile(runner, path, sink, options),
      job: async (id, command, options = {}) => startJob(runner, secrets, await ours(), id, command, options),
      jobs: async (prefix) => {
        const path = await find()
        return path === undefined ? [] : listJobs(runner, path, prefix)
      },
      lock,
      fenced: (number, stale) => connection({ test: async () => fenceTest(await ours(), number), stale }),
      who: shells.who,
      dial: async (address, port) => {
        const link = await wire.link()
        // Made anew, it may have ended at another machine. Nobody asks one that nothing but ways were asked of: a bastion.
        if (shells.who() !== undefined && !shells.asked(link))
          must(host, await plain.script(':', { reads: true, timeout: 60 }), 'it cannot be asked who it is')
        try {
          return await link.dial(address, port)
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error)
          const fault = link.alive ? 'refused' : 'lost'
          throw new ConnectionError(host, fault, `${host}: no way from there to ${address}:${port}: ${why}`)
        }
      },
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
  return connection()
}

async function execOver(
  shells: Shells,
  secrets: SecretStore,
  text: string,
  reads: boolean,
  options: ExecOptions,
  fence: Fence | undefined,
): Promise<ExecResult> {
  const { stdin, env, cwd, timeout = defaultTimeout, signal, onLine } = options
  const stdout = capture(onLine && ((line) => onLine(line, 'stdout')))
  const stderr = capture(onLine && ((line) => onLine(line, 'stderr')))
  const end = await shells.run({
    text,
    reads,
    timeout,
    stdout: stdout.tap,
    stderr: stderr.tap,
    ...(fence === undefined ? {} : { fence: await fence.test() }),
    ...(stdin === undefined ? {} : { stdin: Buffer.from(reveal(stdin, secrets)) }),
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
