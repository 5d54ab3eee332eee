import { writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { openConnection } from '../../src/connect/open.ts'
import { connectionPool } from '../../src/connect/pool.ts'
import { fileJournal, readJournal } from '../../src/journal/file.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import type { Event } from '../../src/model/event.ts'
import { fold } from '../../src/model/state.ts'
import { runBack } from '../../src/run/back.ts'
import { type Ledger, type RunContext, tell } from '../../src/run/context.ts'
import { rewindBroken } from '../../src/run/rewind.ts'
import { runSchedule } from '../../src/run/run.ts'
import { scheduleOf } from '../support/engine.ts'
import { twoHosts, type Vars } from './sshd-playbook.ts'

/** What the program is to do, as JSON in its argument. */
export interface Order {
  readonly hosts: readonly { readonly endpoint: Endpoint; readonly vars: Vars }[]
  /** Journals of the run and of its rollbacks; the last one is gone on with, or begun. */
  readonly journals: readonly string[]
  /** Kill this process at the nth append: when it comes, or when it is on disk. */
  readonly kill?: { readonly n: number; readonly on: 'before' | 'after' }
}

const order: Order = JSON.parse(process.argv[2] ?? '')
const die = () => process.kill(process.pid, 'SIGKILL')
const ids = order.journals.map((_, at) => (at === 0 ? 'r1' : `b${at}`))
const earlier = await Promise.all(order.journals.slice(0, -1).map(readJournal))
const { journal, events } = await fileJournal(order.journals.at(-1) ?? '', () => new Date())
const before = [...earlier.flat(), ...events]

let appended = 0
const ledger: Ledger = {
  append(event: Event) {
    appended += 1
    const now = appended === order.kill?.n
    if (now && order.kill?.on === 'before') die()
    const stamped = journal.append(event)
    if (now) journal.sync().then(die, die)
    return stamped
  },
  sync: () => journal.sync(),
}
const endpoints = new Map(order.hosts.map(({ endpoint }) => [endpoint.name, endpoint]))
const pool = connectionPool((endpoint) => openConnection(endpoint, { home: homedir(), secrets: () => '' }))
const context: RunContext = {
  run: ids.at(-1) ?? '',
  schedule: scheduleOf(
    twoHosts(order.hosts.map(({ endpoint, vars }) => ({ name: endpoint.name, groups: [], vars }))),
  ),
  state: fold(before),
  ledger,
  listeners: [],
  redact: (text) => text,
  connect: async (machine) => {
    const endpoint = endpoints.get(machine.name)
    if (endpoint === undefined) throw new Error(`there is no ${machine.name}`)
    return pool.get(endpoint)
  },
  check: false,
  forks: 50,
  interrupted: new AbortController().signal,
  approve: async () => ({ yes: true, by: 'test' }),
  clock: () => performance.now(),
}
const [run = '', ...rollbacks] = ids
const outcome =
  rollbacks.length > 0
    ? await runBack(context, { of: run, runs: ids })
    : ((await rewindBroken(context)) ?? (await runSchedule(context)))
tell(context, { type: 'run.ended', outcome: outcome as 'ok', seconds: 0 })
await pool.close()
await journal.close()
writeSync(1, JSON.stringify({ outcome, appended }))
