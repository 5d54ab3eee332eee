// What the engine itself costs, on machines in memory with a real journal: node bench/engine.mjs [hosts] [tasks] [forks].
// It measures and judges nothing. Every host's last task but one reads all hosts' results of the play before.
import { setMaxListeners } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const count = Number(process.argv[2] ?? 1000)
const tasks = Number(process.argv[3] ?? 20)
const forks = Number(process.argv[4] ?? 50)
// As the command does: every task that is under way listens.
const { signal: interrupted } = new AbortController()
setMaxListeners(0, interrupted)
const root = new URL('..', import.meta.url).pathname
const out = mkdtempSync(join(root, 'node_modules/.bench-'))
const names = [
  'src/index',
  'src/run/run',
  'src/run/rewind',
  'src/run/back',
  'src/journal/file',
  'src/model/state',
  'src/plan/schedule',
  'src/plan/outline',
  'src/connect/fake',
]
await build({
  stdin: { contents: names.map((name) => `export * from './${name}.ts'`).join('\n'), resolveDir: root },
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  outfile: join(out, 'engine.mjs'),
})
const kit = await import(pathToFileURL(join(out, 'engine.mjs')))

const hosts = Array.from({ length: count }, (_, n) => ({ name: `h${n}`, groups: [], vars: {} }))
const look = kit.observe('look', async (on) => ({ name: on.name }))
const noop = kit.change('noop', {
  check: async () => ({ so: true }),
  apply: async () => null,
  undo: async () => {},
})
const change = kit.change('change', { apply: async () => ({ so: true }), undo: async () => {} })
const first = kit.play('first', hosts).task('look', () => look(null))
let work = kit.play('work', hosts)
for (let n = 0; n < tasks - 3; n++) work = work.task(`t${n}`, () => noop({ n }))
work = work
  .task('all', ({ from }) => noop({ all: from.all(first).length }))
  .task('each', ({ from }) => noop({ each: hosts.map((host) => from(first, host).look.name).length }))
const last = kit.play('last', hosts).task('change', ({ from }) => change({ all: from.all(work).length }))

const took = async (what, job) => {
  const begun = performance.now()
  const value = await job()
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  console.log(`${what.padEnd(28)} ${((performance.now() - begun) / 1000).toFixed(2)} s  rss ${memory} MiB`)
  return value
}
const fleet = kit.defineFleet({ groups: {}, vars: kit.z.object({}) })
const made = kit.playbook('bench', { fleet }, () => [first, work, last])
const schedule = await took('schedule', async () => kit.schedulePlaybook(made, { all: hosts, vars: {} }, {}))
await took('outline', async () => kit.outline(schedule, kit.fold([])))
const path = join(out, 'journal.jsonl')
const contextOf = async (before) => {
  const { journal, events } = await kit.fileJournal(path, () => new Date())
  return {
    run: 'r',
    schedule,
    state: kit.fold(before ? events : []),
    ledger: journal,
    listeners: [],
    redact: (text) => text,
    connect: async () => kit.fakeConnection(),
    check: false,
    forks,
    interrupted,
    approve: async () => ({ yes: true, by: 'bench' }),
    clock: () => performance.now(),
  }
}
const run = await contextOf(false)
console.log(await took(`run ${count} x ${tasks}`, () => kit.runSchedule(run)))
await run.ledger.close()
const again = await took('read the journal', () => contextOf(true))
await took('resume, nothing to do', async () => (await kit.rewindBroken(again)) ?? kit.runSchedule(again))
console.log(await took('rollback', () => kit.runBack(again, { of: 'r', runs: ['r'] })))
await again.ledger.close()
rmSync(out, { recursive: true })
