import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fastDirectory } from './fast-directory.ts'
import { until } from './until.ts'

/** The built command. */
export const tool = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

// Three plays; the middle one is held up by what the test is about, until the test makes the file `go`.
const playbook = `
import { any, approve, change, defineFleet, fail, observe, play, playbook, sh, z } from 'upgrade-fleet'

const fleet = defineFleet({ groups: { web: any(z.object({})) }, vars: z.object({}) })
const mark = change('mark', {
  apply: async (on, path: string) => void (await on.must(sh\`echo x >>\${path}\`)),
  undo: async (on, path) => void (await on.must(sh\`rm -f -- \${path}\`)),
})
// It ends with the project, too.
const held = (dir: string, file: string) => sh\`until [ -e \${dir + file} ] || [ ! -e \${dir} ]; do sleep 0.02; done\`
const hold = change('hold', {
  apply: async (on, dir: string) => {
    on.say('holds')
    await (await on.job('long', sh\`echo x >>\${dir + '/ran'}; \${held(dir, '/go')}\`)).wait()
  },
  undo: async (on, dir) => {
    on.say('undoes')
    await (await on.job('back', held(dir, '/back'))).wait()
  },
})
const look = observe('look', async (on, dir: string) => {
  on.say('looks')
  const found = await on.exec(sh.read\`[ -e \${dir + '/go'} ]\`)
  return found.kind === 'exit' && found.code === 0
})
const params = z.object({ dir: z.string(), what: z.enum(['job', 'until', 'approve', 'fail']) })

export default playbook('held', { fleet, params }, (site, { dir, what }) => {
  const first = play('first', site.web).task('a', () => mark(dir + '/a'))
  const middle = play('middle', site.web)
  const last = play('last', site.web).task('b', () => mark(dir + '/b'))
  if (what === 'approve') return [first, approve('go', () => 'Go on?'), last]
  if (what === 'fail') return [first, middle.task('fail', () => fail('no'))]
  const wait = { until: (so: boolean) => so, retries: 1000, delay: 1000 }
  return [first, what === 'job' ? middle.task('hold', () => hold(dir)) : middle.task('look', () => look(dir), wait), last]
})
`

/** A command that was started. */
export interface Running {
  readonly child: ChildProcess
  /** What it printed so far, on both streams. */
  text(): string
  /** Its exit code, or the signal that it died of; undefined while it runs. */
  end(): number | string | undefined
  /** Settles when it has printed that; fails when it ends before. */
  says(text: string): Promise<void>
  ended(): Promise<number | string | undefined>
}

/** A project of its own, whose one host is this machine, for the built command and a playbook that the test holds up. */
export interface HeldProject {
  at(name: string): string
  /** Makes an empty file: `go` lets the middle play end, `back` its undo. */
  make(name: string): void
  /** How many lines a file has: `a` and `b` are of the first play and the last, `ran` is of the job in the middle. */
  lines(name: string): number
  start(command: string, args: readonly string[]): Running
  /** Starts the built command. */
  run(...args: readonly string[]): Running
  /** Starts the playbook, held up by a job, by something to become so, by a question, or failing. */
  held(what: 'job' | 'until' | 'approve' | 'fail', ...more: readonly string[]): Running
  /** Starts the built command in a terminal of its own; its settings before and after are in files of these names. */
  terminal(args: string): Running
  /** The process of the built command in that terminal. */
  inTerminal(): number
  end(): void
}

/** Makes one. It must be ended. */
export function heldProject(): HeldProject {
  const dir = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-held-'))
  const started: ChildProcess[] = []
  const at = (name: string) => join(dir, name)
  const make = (name: string) => writeFileSync(at(name), '')
  mkdirSync(at('inventory'))
  writeFileSync(
    at('inventory/hosts.yml'),
    `all: { vars: { ansible_connection: local, upgrade_fleet_dir: ${at('work')} }, children: { web: { hosts: { here: {} } } } }\n`,
  )
  writeFileSync(at('held.ts'), playbook)
  const start: HeldProject['start'] = (command, args) => {
    const env = { ...process.env, TERM: 'xterm', CI: '' }
    const child = spawn(command, args, { cwd: dir, env, stdio: ['pipe', 'pipe', 'pipe'] })
    started.push(child)
    let text = ''
    let end: number | string | undefined
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (text += String(part)))
    child.on('close', (code, signal) => {
      end = code ?? signal ?? 'nothing'
    })
    const says = (wanted: string) => () => {
      if (end !== undefined && !text.includes(wanted))
        throw new Error(`it ended with ${end} before it said "${wanted}":\n${text}`)
      return text.includes(wanted)
    }
    return {
      child,
      text: () => text,
      end: () => end,
      says: (wanted) => until(says(wanted), wanted, 60),
      ended: async () => {
        await until(() => end !== undefined, `the end of ${args.join(' ')}`, 60)
        return end
      },
    }
  }
  const run: HeldProject['run'] = (...args) => start(process.execPath, [tool, ...args])
  return {
    at,
    make,
    lines: (name) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('\n').length - 1 : 0),
    start,
    run,
    held: (what, ...more) =>
      run('held.ts', '-e', `dir=${dir}`, '-e', `what=${what}`, '--output', 'lines', ...more),
    terminal: (args) => {
      const inside = `stty rows 24 cols 100; stty -g >before; echo $$ >shell; node '${tool}' ${args}; echo "ended with $?"; stty -g >after`
      writeFileSync(at('inside'), inside)
      return start('script', ['-qec', 'sh ./inside', '/dev/null'])
    },
    inTerminal: () => {
      const shell = readFileSync(at('shell'), 'utf8').trim()
      return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')[0])
    },
    end: () => {
      make('go')
      make('back')
      for (const child of started) child.kill('SIGKILL')
      rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    },
  }
}
