import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fastDirectory } from '../support/fast-directory.ts'
import { until } from '../support/until.ts'

const tool = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

// Three plays; the middle one is held up by what the test is about, until the test makes the file `go`.
const playbook = `
import { any, approve, change, defineFleet, fail, observe, play, playbook, sh, z } from 'upgrade-fleet'

const fleet = defineFleet({ groups: { web: any(z.object({})) }, vars: z.object({}) })
const mark = change('mark', {
  apply: async (on, path: string) => void (await on.must(sh\`echo x >>\${path}\`)),
  undo: async (on, path) => void (await on.must(sh\`rm -f -- \${path}\`)),
})
const held = (path: string) => sh\`until [ -e \${path} ]; do sleep 0.02; done\`
const hold = change('hold', {
  apply: async (on, dir: string) => {
    on.say('holds')
    await (await on.job('long', sh\`echo x >>\${dir + '/ran'}; \${held(dir + '/go')}\`)).wait()
  },
  undo: async (on, dir) => {
    on.say('undoes')
    await (await on.job('back', held(dir + '/back'))).wait()
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

let dir: string
let started: ChildProcess[]
const at = (name: string) => join(dir, name)
const make = (name: string) => writeFileSync(at(name), '')
const lines = (name: string) =>
  existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('\n').length - 1 : 0

interface Running {
  readonly child: ChildProcess
  text(): string
  /** Its exit code, or the signal that it died of; undefined while it runs. */
  end(): number | string | undefined
  says(text: string): Promise<void>
  ended(): Promise<number | string | undefined>
}

function start(command: string, args: readonly string[], path = ''): Running {
  const env = { ...process.env, PATH: `${path}${process.env['PATH']}`, TERM: 'xterm', CI: '' }
  const child = spawn(command, args, { cwd: dir, env, stdio: ['pipe', 'pipe', 'pipe'] })
  started.push(child)
  let text = ''
  let end: number | string | undefined
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (text += String(part)))
  child.on('close', (code, signal) => {
    end = code ?? signal ?? 'nothing'
  })
  return {
    child,
    text: () => text,
    end: () => end,
    says: (wanted) =>
      until(
        () => {
          if (end !== undefined) throw new Error(`it ended with ${end} before it said "${wanted}":\n${text}`)
          return text.includes(wanted)
        },
        wanted,
        60,
      ),
    ended: async () => {
      await until(() => end !== undefined, `the end of ${args.join(' ')}`, 60)
      return end
    },
  }
}

const run = (...args: readonly string[]) => start(process.execPath, [tool, ...args])
const held = (what: string) => run('held.ts', '-e', `dir=${dir}`, '-e', `what=${what}`, '--output', 'lines')
/** Another signal is another press of the key only half a second later, so it is sent until it is heard. */
const insist = (running: Running, signal: NodeJS.Signals) =>
  until(() => running.end() !== undefined || !running.child.kill(signal), `the end by ${signal}`, 60)

async function finishes(...args: readonly string[]): Promise<string> {
  const running = run(...args)
  expect(await running.ended(), running.text()).toBe(0)
  return running.text()
}

beforeEach(() => {
  dir = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-interrupts-'))
  started = []
  mkdirSync(at('inventory'))
  writeFileSync(
    at('inventory/hosts.yml'),
    `all: { vars: { ansible_connection: local, upgrade_fleet_dir: ${at('work')} }, children: { web: { hosts: { here: {} } } } }\n`,
  )
  writeFileSync(at('held.ts'), playbook)
})
afterEach(async () => {
  make('go')
  make('back')
  for (const child of started) child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
})

describe.each(signals)('the first %s', (signal) => {
  test('lets a job end and begins nothing after it; resume does the rest', async () => {
    const running = await held('job')
    await running.says('| holds')
    running.child.kill(signal)
    await running.says('what is under way is brought to its end')
    expect(running.end()).toBeUndefined()
    make('go')
    expect(await running.ended(), running.text()).toBe(130)
    expect([lines('a'), lines('ran'), lines('b')]).toEqual([1, 1, 0])
    expect(await finishes('runs')).toContain('interrupted')
    await finishes('resume')
    expect([lines('a'), lines('ran'), lines('b')]).toEqual([1, 1, 1])
  })

  test('ends the waiting for something to become so', async () => {
    const running = await held('until')
    await running.says('| looks')
    running.child.kill(signal)
    expect(await running.ended(), running.text()).toBe(130)
    expect(lines('b')).toBe(0)
    make('go')
    await finishes('resume')
    expect(lines('b')).toBe(1)
  })

  test('lets an undo end; the rollback goes on when it is asked for again', async () => {
    make('go')
    const running = await held('job')
    expect(await running.ended(), running.text()).toBe(0)
    const back = run('rollback', '--output', 'lines')
    await back.says('| undoes')
    back.child.kill(signal)
    await back.says('what is under way is brought to its end')
    make('back')
    expect(await back.ended(), back.text()).toBe(130)
    expect([lines('a'), lines('b')]).toEqual([1, 0])
    await finishes('rollback')
    expect([lines('a'), lines('b')]).toEqual([0, 0])
  })
})

describe('the second', () => {
  test.each([
    ['SIGINT', 'SIGTERM'],
    ['SIGTERM', 'SIGHUP'],
    ['SIGHUP', 'SIGINT'],
  ] as const)('(%s, then %s) ends it while a job hangs; resume finds that job again', async (one, two) => {
    const running = await held('job')
    await running.says('| holds')
    await until(() => lines('ran') === 1, 'the job runs')
    running.child.kill(one)
    await running.says('what is under way is brought to its end')
    await insist(running, two)
    expect(running.end(), running.text()).toBe(130)
    expect(await finishes('runs')).toContain('not ended')
    make('go')
    await finishes('resume')
    expect([lines('a'), lines('ran'), lines('b')]).toEqual([1, 1, 1])
  })

  test('ends a rollback while an undo hangs; asked for again, it brings all back', async () => {
    make('go')
    const running = await held('job')
    expect(await running.ended(), running.text()).toBe(0)
    const back = run('rollback', '--output', 'lines')
    await back.says('| undoes')
    back.child.kill('SIGTERM')
    await back.says('what is under way is brought to its end')
    await insist(back, 'SIGINT')
    expect(back.end(), back.text()).toBe(130)
    make('back')
    await finishes('rollback')
    expect([lines('a'), lines('b')]).toEqual([0, 0])
  })
})

describe('while it locks', () => {
  /** A machine whose lock is held up in the middle of its taking. */
  const locking = async () => {
    mkdirSync(at('bin'))
    writeFileSync(
      at('bin/mv'),
      `#!/bin/sh\n: >'${at('began')}'; until [ -e '${at('go')}' ]; do sleep 0.02; done; exec /bin/mv "$@"\n`,
    )
    chmodSync(at('bin/mv'), 0o755)
    const args = [tool, 'held.ts', '-e', `dir=${dir}`, '-e', 'what=job', '--output', 'lines']
    const running = start(process.execPath, args, `${at('bin')}:`)
    await until(() => existsSync(at('began')), 'the lock is being taken', 60)
    return running
  }

  test('the first ends it before anything is begun', async () => {
    const running = await locking()
    running.child.kill('SIGHUP')
    await running.says('what is under way is brought to its end')
    make('go')
    expect(await running.ended(), running.text()).toBe(130)
    expect(lines('a')).toBe(0)
    expect(await finishes('unlock', '--list')).toBe('here | free\n')
    await finishes('resume')
    expect([lines('a'), lines('ran'), lines('b')]).toEqual([1, 1, 1])
  })

  test('the second ends it at once; resume takes over what it was about to take', async () => {
    const running = await locking()
    running.child.kill('SIGINT')
    await running.says('what is under way is brought to its end')
    await insist(running, 'SIGTERM')
    expect(running.end(), running.text()).toBe(130)
    make('go')
    await finishes('resume')
    expect([lines('a'), lines('ran'), lines('b')]).toEqual([1, 1, 1])
  })
})

describe('on a terminal', () => {
  /** The tool in a terminal of its own, which says its settings before and after. */
  const terminal = (what: string) => {
    const args = `held.ts -e dir=${dir} -e what=${what}`
    const inside = `stty rows 24 cols 100; stty -g >before; echo $$ >shell; node '${tool}' ${args}; echo "ended with $?"; stty -g >after`
    writeFileSync(at('inside'), inside)
    return start('script', ['-qec', 'sh ./inside', '/dev/null'])
  }
  const toolPid = () => {
    const shell = readFileSync(at('shell'), 'utf8').trim()
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')[0])
  }
  const isRestored = (running: Running, code: number) => {
    const text = running.text()
    expect(text).toContain(`ended with ${code}`)
    expect(text).toContain('\u001b[?25l')
    expect(text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'))
    expect(readFileSync(at('after'), 'utf8')).toBe(readFileSync(at('before'), 'utf8'))
  }

  test.each([...signals, 'the key'])(
    'a question is ended by %s, and the terminal is as before',
    async (signal) => {
      const running = terminal('approve')
      await running.says('Go on?')
      if (signal === 'the key') running.child.stdin?.write('\u0003')
      else process.kill(toolPid(), signal as NodeJS.Signals)
      await running.ended()
      isRestored(running, 130)
      expect(lines('b')).toBe(0)
      await finishes('resume', '--yes')
      expect(lines('b')).toBe(1)
    },
  )

  test('at the question what to do after a failure, TERM means stop', async () => {
    const running = terminal('fail')
    await running.says('What now?')
    process.kill(toolPid(), 'SIGTERM')
    await running.ended()
    isRestored(running, 3)
    expect(lines('a')).toBe(1)
  })

  test('the tree is left as it is at the second, and the terminal is as before', async () => {
    const running = terminal('job')
    await until(() => lines('ran') === 1, 'the job runs', 60)
    const pid = toolPid()
    process.kill(pid, 'SIGINT')
    await running.says('what is under way is brought to its end')
    await until(
      () => {
        if (running.text().includes('ended with')) return true
        process.kill(pid, 'SIGTERM')
        return false
      },
      'the end',
      60,
    ).catch((error: NodeJS.ErrnoException) => expect(error.code).toBe('ESRCH'))
    await running.ended()
    isRestored(running, 130)
  })
})
