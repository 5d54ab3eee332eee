import { type LockNote, type LockState, type MachineLock, readNote } from '../model/lock.ts'
import { addScript, lookScript, quicker, taken, takeScript } from './lock-scripts.ts'
import { must, type Runner } from './runner.ts'
import { workdirText } from './workdir.ts'

/** Our directory on a machine, for its lock. */
export interface Place {
  /** The path that was given for it. */
  readonly given: string | undefined
  /** Where it is, undefined when it is not there yet. */
  find(): Promise<string | undefined>
  /** Makes it if need be. */
  make(): Promise<string>
  /** It is there: a script has made it and says its path. */
  made(path: string): void
}

/** The lock of a machine, by scripts. */
export function machineLock(runner: Runner, place: Place): MachineLock {
  const { host } = runner
  const wrong = 'the lock cannot be taken or released'
  return {
    look: async () => {
      const workdir = await place.find()
      if (workdir === undefined) return { number: 0, held: false, holder: undefined }
      const answer = await runner.script(lookScript(workdir), { reads: true, timeout: 60 })
      return stateOf(must(host, answer, 'the lock cannot be looked at').stdout.toString())
    },
    add: async (after, note) => {
      const text = addScript(await place.make(), after, JSON.stringify(note))
      const answer = await runner.script(text, { timeout: 60 })
      if (answer.end.kind === 'exit' && answer.end.code === quicker) return undefined
      must(host, answer, wrong)
      return after + 1
    },
    take: async (holder) => {
      const note: LockNote = { held: true, holder }
      const text = takeScript(workdirText(place.given, true), free, JSON.stringify(note))
      for (let tries = 1; ; tries += 1) {
        const answer = await runner.script(text, { timeout: 60 })
        if (tries < mostTries && answer.end.kind === 'exit' && answer.end.code === quicker) continue
        const [path = '', ...rest] = must(host, answer, wrong).stdout.toString().split('\n')
        place.made(path)
        const [word = '', number] = rest[0]?.split(' ') ?? []
        if (word === taken) return { ...note, number: Number(number) }
        const state = stateOf(rest.join('\n'))
        // Its note may be under way to the file.
        if (state.holder !== undefined || tries === mostTries) return state
      }
    },
  }
}

const mostTries = 20
/** How a note begins that says the lock is free. */
const free = JSON.stringify({ held: false } satisfies Partial<LockNote>).replace('}', ',')

function stateOf(said: string): LockState {
  const number = Number(said.split('\n', 1)[0])
  if (number === 0) return { number, held: false, holder: undefined }
  return { number, ...readNote(said.slice(said.indexOf('\n') + 1)) }
}
