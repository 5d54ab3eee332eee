import type { Connection, ExecResult, Job } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { findWorkdir } from './workdir.ts'

const reason = 'This connection only reads.'

/**
 * The same machine with everything that may change it refused before it is sent: commands that are not
 * `sh.read`, put, job, cancelling a job, and making our directory.
 */
export function readOnly(connection: Connection): Connection {
  const { endpoint } = connection
  const refuse = (what: string) =>
    new ConnectionError(endpoint.name, 'refused', `${endpoint.name}: ${what}: ${reason}`)
  const refused: ExecResult = { kind: 'refused', reason, stdout: '', stderr: '', truncated: false }
  return {
    endpoint,
    who: connection.who,
    workdir: async () => {
      const found = await connection.exec(findWorkdir(endpoint.workdir))
      const path = found.stdout.trim()
      if (found.kind !== 'exit' || found.code !== 0 || path === '')
        throw refuse(found.stderr.trim() || 'there is no directory of ours yet')
      return path
    },
    exec: async (command, options) => (command.reads ? connection.exec(command, options) : refused),
    put: async (_source, path) => {
      throw refuse(`${path} is not stored`)
    },
    get: (path, sink, options) => connection.get(path, sink, options),
    job: async (id) => {
      throw refuse(`the job ${id} is not started`)
    },
    jobs: async (prefix) =>
      (await connection.jobs(prefix)).map(
        (job): Job => ({
          id: job.id,
          log: job.log,
          wait: (options) => job.wait(options),
          running: () => job.running(),
          cancel: async () => {
            throw refuse(`the job ${job.id} is not ended`)
          },
        }),
      ),
    as: (account) => readOnly(connection.as(account)),
    lock: {
      look: () => connection.lock.look(),
      add: async () => {
        throw refuse('the lock is not taken')
      },
      take: async () => {
        throw refuse('the lock is not taken')
      },
    },
    fenced: () => readOnly(connection),
    dial: (address, port) => connection.dial(address, port),
    reveal: (text) => connection.reveal(text),
    close: () => connection.close(),
  }
}
