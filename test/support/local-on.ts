import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openLocal } from '../../src/connect/local.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import type { Action, On } from '../../src/model/action.ts'
import type { Connection } from '../../src/model/connection.ts'
import type { Json } from '../../src/model/json.ts'
import type { SecretStore } from '../../src/model/secret.ts'
import { fold } from '../../src/model/state.ts'
import { onFor } from '../../src/run/on.ts'

/** What a module is given on this machine, in a directory of the test's own, with what it said. */
export interface LocalOn {
  readonly on: On
  readonly said: string[]
  /** Done, total and unit of all progress that was told. */
  readonly progress: readonly (readonly [number, number, string])[]
  readonly connection: Connection
  /** A directory of the test's own on this machine. */
  readonly dir: string
  close(): Promise<void>
}

/** Makes one. The engine's own `On` over the real local connection. */
export async function localOn(dir: string, secrets: SecretStore = () => ''): Promise<LocalOn> {
  rmSync(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  const workdir = join(dir, 'work')
  const connection = await openLocal(
    { name: 'here', kind: 'local', address: '127.0.0.1', port: 0, workdir },
    { secrets, home: dir },
  )
  return { ...onOver(connection), connection, dir, close: () => connection.close() }
}

/** The engine's own `On` over a connection, for a task of that name. */
export function onOver(
  connection: Connection,
  task = 'play/here/task',
): Pick<LocalOn, 'on' | 'said' | 'progress'> {
  const said: string[] = []
  const progress: (readonly [number, number, string])[] = []
  const journal = memoryJournal(() => new Date(0))
  const context = {
    run: 'run-1',
    ledger: journal,
    state: fold([]),
    listeners: [],
    redact: (text: string) => text,
    interrupted: new AbortController().signal,
  }
  const made = onFor(context as never, connection, {
    task,
    keptBy: 'run-1',
    attempt: '1',
    signal: new AbortController().signal,
    isOver: () => false,
  })
  const on: On = {
    ...made,
    say: (line) => void said.push(line),
    progress: (done, total, unit) => void progress.push([done, total, unit]),
    peer: async () => connection,
  }
  return { on, said, progress }
}

let tries = 0

/** What came of an action, and its way back. */
export interface Performed<Out> {
  readonly out: Out
  readonly changed: boolean
  readonly undo: () => Promise<void>
  readonly prove: () => Promise<void>
}

const nothing = async () => {}

/** Does an action as the engine does: check, remember, apply. Each is a try of its own, so that its jobs are too. */
export async function perform<Out>({ on }: LocalOn, action: Action<Out>): Promise<Performed<Out>> {
  const { work, input } = action
  const doing: On = { ...on, job: (name, ...rest) => on.job(`${name}-${++tries}`, ...rest) }
  if (work.kind === 'observe')
    return { out: await work.read(on, input), changed: false, undo: nothing, prove: nothing }
  const already = await work.check?.(on, input, undefined)
  if (already !== undefined) return { out: already, changed: false, undo: nothing, prove: nothing }
  const remembered: Json = (await work.remember?.(on, input)) ?? null
  const out = await work.apply(doing, input, remembered)
  const undo = async () => {
    if (typeof work.undo !== 'function') throw new Error(`${action.module} cannot be undone alone`)
    await work.undo(
      { ...on, job: (name, ...rest) => on.job(`${name}-${++tries}`, ...rest) },
      input,
      remembered,
    )
  }
  return { out, changed: true, undo, prove: async () => work.prove?.(on, input, remembered) }
}
