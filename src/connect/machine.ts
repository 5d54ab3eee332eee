import type { Connection, Endpoint, ExecOptions, ExecResult } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import { capture } from './capture.ts'
import { getFile, putFile } from './files.ts'
import { listJobs, startJob } from './jobs.ts'
import { must, runnerOver } from './runner.ts'
import { keepShells } from './shells.ts'
import type { Wire } from './wire.ts'
import { findWorkdir, makeWorkdir } from './workdir.ts'

const defaultTimeout = 120

/** A connection whose every operation goes through shells over a wire: over SSH or on this machine. */
export function machine(endpoint: Endpoint, wire: Wire, secrets: SecretStore): Connection {
  const host = endpoint.name
  const shells = keepShells(host, wire)
  const runner = runnerOver(host, shells)
  let workdir: Promise<string> | undefined
  const ours = (): Promise<string> => {
    workdir ??= makeWorkdir(runner, endpoint.workdir).catch((error: unknown) => {
      workdir = undefined
      throw error
    })
    return workdir
  }
  const exec = async (text: string, reads: boolean, options: ExecOptions): Promise<ExecResult> => {
    const { stdin, env, cwd, timeout = defaultTimeout, signal, onLine } = options
    const stdout = capture(onLine && ((line) => onLine(line, 'stdout')))
    const stderr = capture(onLine && ((line) => onLine(line, 'stderr')))
    const end = await shells.run({
      text,
      reads,
      timeout,
      stdout: stdout.tap,
      stderr: stderr.tap,
      ...(stdin === undefined ? {} : { stdin: Buffer.from(reveal(stdin, secrets)) }),
      ...(env === undefined ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    })
    const truncated = stdout.truncated() || stderr.truncated()
    return { ...end, stdout: stdout.text(), stderr: stderr.text(), truncated }
  }
  return {
    endpoint,
    workdir: ours,
    exec: (command, options = {}) => exec(command.text, command.reads, options),
    put: (source, path, options = {}) => putFile(runner, secrets, source, path, options),
    get: (path, sink, options = {}) => getFile(runner, path, sink, options.signal),
    job: async (id, command, options = {}) => startJob(runner, secrets, await ours(), id, command, options),
    jobs: async (prefix) => {
      const found = await runner.script(findWorkdir(endpoint.workdir).text, { reads: true, timeout: 60 })
      const path = must(host, found, 'the working directory cannot be used').stdout.toString().trim()
      return path === '' ? [] : listJobs(runner, path, prefix)
    },
    dial: async (address, port) => {
      const link = await wire.link()
      try {
        return await link.dial(address, port)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        const fault = link.alive ? 'refused' : 'lost'
        throw new ConnectionError(host, fault, `${host}: no way from there to ${address}:${port}: ${why}`)
      }
    },
    close: async () => {
      shells.close()
      wire.close()
    },
  }
}
