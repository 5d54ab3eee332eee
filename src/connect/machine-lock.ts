import { randomBytes } from 'node:crypto'
import { type MachineLock, readNote } from '../model/lock.ts'
import { addScript, lookScript, quicker } from './lock-scripts.ts'
import { must, type Runner } from './runner.ts'

/** The lock of a machine, by scripts: `find` says where our directory is, `make` makes it first. */
export function machineLock(
  runner: Runner,
  find: () => Promise<string | undefined>,
  make: () => Promise<string>,
): MachineLock {
  return {
    look: async () => {
      const workdir = await find()
      if (workdir === undefined) return { number: 0, held: false, holder: undefined }
      const answer = await runner.script(lookScript(workdir), { reads: true, timeout: 60 })
      const said = must(runner.host, answer, 'the lock cannot be looked at').stdout.toString()
      const number = Number(said.split('\n', 1)[0])
      if (number === 0) return { number, held: false, holder: undefined }
      return { number, ...readNote(said.slice(said.indexOf('\n') + 1)) }
    },
    add: async (after, note) => {
      const token = randomBytes(8).toString('hex')
      const text = addScript(await make(), after, JSON.stringify(note), token)
      const answer = await runner.script(text, { timeout: 60 })
      if (answer.end.kind === 'exit' && answer.end.code === quicker) return undefined
      must(runner.host, answer, 'the lock cannot be taken or released')
      return after + 1
    },
  }
}
