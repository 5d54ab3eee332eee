import { execFile } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundled } from '../support/bundle.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { effects } from './sshd-playbook.ts'
import type { Order } from './sshd-program.ts'

let program: string
let directory: string
let servers: readonly Sshd[]

beforeAll(async () => {
  directory = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-crash-'))
  program = await bundled(fileURLToPath(new URL('sshd-program.ts', import.meta.url)))
  servers = await Promise.all(['127.84.0.1', '127.84.0.2'].map((address) => startSshd(address)))
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  rmSync(directory, { recursive: true, force: true })
})

/** When the controller dies: when it appends (as with the power cut: half a line is on disk), or when that is on disk. */
type Death = 'before' | 'after'

/** One fleet of two hosts, of its own, over the same two servers. */
function fleetOf(name: string) {
  const root = join(directory, name)
  const hosts = servers.map(({ endpoint }, at) => {
    const home = join(root, `h${at}`)
    mkdirSync(home, { recursive: true })
    const vars = { effects: join(home, 'effects'), config: join(home, 'config') }
    writeFileSync(vars.effects, 'before\n')
    writeFileSync(vars.config, 'old\n')
    return { endpoint: { ...endpoint, workdir: join(home, 'work') }, vars }
  })
  const journal = (at: number) => join(root, `journal-${at}`)
  const seen = () =>
    hosts.map(({ vars }) => `${readFileSync(vars.config, 'utf8')}${readFileSync(vars.effects, 'utf8')}`)
  return {
    seen,
    /** Runs, goes on with or (with more than one journal) takes back; what it says, or that it was killed. */
    async controller(journals: number, kill?: { n: number; death: Death }) {
      const files = Array.from({ length: journals }, (_, at) => journal(at))
      const order: Order = {
        hosts,
        journals: files,
        ...(kill && { kill: { n: kill.n, on: kill.death } }),
      }
      const said = await started([program, JSON.stringify(order)])
      if (said === 'killed' && kill?.death === 'before')
        appendFileSync(files.at(-1) ?? '', '{"event":{"type":"task.st')
      return said
    },
  }
}

function started(words: readonly string[]): Promise<{ outcome: string; appended: number } | 'killed'> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, words, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve('killed')
      else if (error !== null) reject(new Error(stderr))
      else resolve(JSON.parse(stdout))
    })
  })
}

const whole = `new\nbefore\n${effects.join('\n')}\n`
const untouched = 'old\nbefore\n'

/** Does the work for each item, four at a time: much of the time is waiting. */
async function sideBySide<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const next = items[Symbol.iterator]()
  const worker = async () => {
    for (const item of next) await work(item)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}

/** How many appends a run has that nothing happens to. */
async function appends(name: string): Promise<number> {
  const fleet = fleetOf(name)
  const said = await fleet.controller(1)
  if (said === 'killed') throw new Error('Nobody was to kill it.')
  expect(said.outcome).toBe('ok')
  expect(fleet.seen()).toEqual([whole, whole])
  return said.appended
}

test('killed at each append of a run on two real hosts and resumed, every effect is there once', async () => {
  const count = await appends('calm')
  expect(count).toBeGreaterThan(25)
  const kills = (['before', 'after'] as const).flatMap((death) =>
    Array.from({ length: count }, (_, at) => ({ n: at + 1, death })),
  )
  const began = performance.now()
  const wrong: string[] = []
  await sideBySide(kills, async (kill) => {
    const name = `${kill.death} ${kill.n}`
    const fleet = fleetOf(name)
    const first = await fleet.controller(1, kill)
    const second = await fleet.controller(1)
    const good = first === 'killed' && second !== 'killed' && second.outcome === 'ok'
    if (!good || fleet.seen().some((seen) => seen !== whole))
      wrong.push(`${name}: ${JSON.stringify([first, second, fleet.seen()])}`)
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  process.stdout.write(`killed at ${kills.length} points of a run over sshd, in ${seconds} s\n`)
  expect(wrong).toEqual([])
}, 300_000)

test('killed in a run, and killed again while it is rolled back, the hosts are as before in the end', async () => {
  const count = await appends('calm too')
  const kills = Array.from({ length: Math.floor(count / 3) }, (_, at) => ({
    n: 3 * at + 3,
    again: 1 + (at % 5),
  }))
  const wrong: string[] = []
  await sideBySide(kills, async ({ n, again }) => {
    const name = `back ${n}`
    const fleet = fleetOf(name)
    const said = [
      await fleet.controller(1, { n, death: 'after' }),
      await fleet.controller(2, { n: again, death: again % 2 === 0 ? 'after' : 'before' }),
      await fleet.controller(3),
    ]
    const [, , last] = said
    const good = said[0] === 'killed' && last !== 'killed' && last?.outcome === 'ok'
    if (!good || fleet.seen().some((seen) => seen !== untouched))
      wrong.push(`${name}: ${JSON.stringify([...said, fleet.seen()])}`)
  })
  expect(wrong).toEqual([])
}, 300_000)
