import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HeldProject, heldProject, type Running, tool } from '../support/held.ts'
import { until } from '../support/until.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
let project: HeldProject
beforeEach(() => {
  project = heldProject()
})
afterEach(() => project.end())

/** Another signal is another press of the key only half a second later, so it is sent until it is heard. */
async function insist(running: Running, signal: NodeJS.Signals): Promise<void> {
  await until(() => running.end() !== undefined || !running.child.kill(signal), `the end by ${signal}`, 60)
  await running.ended()
}

async function finishes(...args: readonly string[]): Promise<string> {
  const running = project.run(...args)
  expect(await running.ended(), running.text()).toBe(0)
  return running.text()
}

describe.each(signals)('the first %s', (signal) => {
  test('lets a job end and begins nothing after it; resume does the rest', async () => {
    const running = project.held('job')
    await running.says('| holds')
    running.child.kill(signal)
    await running.says('what is under way is brought to its end')
    expect(running.end()).toBeUndefined()
    project.make('go')
    expect(await running.ended(), running.text()).toBe(130)
    expect([project.lines('a'), project.lines('ran'), project.lines('b')]).toEqual([1, 1, 0])
    expect(await finishes('runs')).toContain('interrupted')
    await finishes('resume')
    expect([project.lines('a'), project.lines('ran'), project.lines('b')]).toEqual([1, 1, 1])
  })

  test('ends the waiting for something to become so', async () => {
    const running = project.held('until')
    await running.says('| looks')
    running.child.kill(signal)
    expect(await running.ended(), running.text()).toBe(130)
    expect(project.lines('b')).toBe(0)
    project.make('go')
    await finishes('resume')
    expect(project.lines('b')).toBe(1)
  })

  test('lets an undo end; the rollback goes on when it is asked for again', async () => {
    project.make('go')
    const running = project.held('job')
    expect(await running.ended(), running.text()).toBe(0)
    const back = project.run('rollback', '--output', 'lines')
    await back.says('| undoes')
    back.child.kill(signal)
    await back.says('what is under way is brought to its end')
    project.make('back')
    expect(await back.ended(), back.text()).toBe(130)
    expect([project.lines('a'), project.lines('b')]).toEqual([1, 0])
    await finishes('rollback')
    expect([project.lines('a'), project.lines('b')]).toEqual([0, 0])
  })
})

describe('the second', () => {
  test.each([
    ['SIGINT', 'SIGTERM'],
    ['SIGTERM', 'SIGHUP'],
    ['SIGHUP', 'SIGINT'],
  ] as const)('(%s, then %s) ends it while a job hangs; resume finds that job again', async (one, two) => {
    const running = project.held('job')
    await running.says('| holds')
    await until(() => project.lines('ran') === 1, 'the job runs')
    running.child.kill(one)
    await running.says('what is under way is brought to its end')
    await insist(running, two)
    expect(running.end(), running.text()).toBe(130)
    expect(await finishes('runs')).toContain('not ended')
    project.make('go')
    await finishes('resume')
    expect([project.lines('a'), project.lines('ran'), project.lines('b')]).toEqual([1, 1, 1])
  })

  test('ends a rollback while an undo hangs; asked for again, it brings all back', async () => {
    project.make('go')
    const running = project.held('job')
    expect(await running.ended(), running.text()).toBe(0)
    const back = project.run('rollback', '--output', 'lines')
    await back.says('| undoes')
    back.child.kill('SIGTERM')
    await back.says('what is under way is brought to its end')
    await insist(back, 'SIGINT')
    expect(back.end(), back.text()).toBe(130)
    project.make('back')
    await finishes('rollback')
    expect([project.lines('a'), project.lines('b')]).toEqual([0, 0])
  })
})

describe('while it locks', () => {
  /** A machine whose lock is held up in the middle of its taking. */
  const locking = async () => {
    mkdirSync(project.at('bin'))
    writeFileSync(
      project.at('bin/sync'),
      `#!/bin/sh\n: >'${project.at('began')}'; until [ -e '${project.at('go')}' ] || [ ! -e '${project.at('held.ts')}' ]; do sleep 0.02; done; exec /bin/sync "$@"\n`,
    )
    chmodSync(project.at('bin/sync'), 0o755)
    const path = `PATH=${project.at('bin')}:${process.env['PATH']}`
    const args = ['held.ts', '-e', `dir=${project.at('.')}`, '-e', 'what=job', '--output', 'lines']
    const running = project.start('env', [path, process.execPath, tool, ...args])
    await until(() => existsSync(project.at('began')), 'the lock is being taken', 60)
    return running
  }

  test('the first ends it before anything is begun', async () => {
    const running = await locking()
    running.child.kill('SIGHUP')
    await running.says('what is under way is brought to its end')
    project.make('go')
    expect(await running.ended(), running.text()).toBe(130)
    expect(project.lines('a')).toBe(0)
    expect(await finishes('unlock', '--list')).toBe('here | free\n')
    await finishes('resume')
    expect([project.lines('a'), project.lines('ran'), project.lines('b')]).toEqual([1, 1, 1])
  })

  test('the second ends it at once; resume takes over what it was about to take', async () => {
    const running = await locking()
    running.child.kill('SIGINT')
    await running.says('what is under way is brought to its end')
    await insist(running, 'SIGTERM')
    expect(running.end(), running.text()).toBe(130)
    project.make('go')
    await finishes('resume')
    expect([project.lines('a'), project.lines('ran'), project.lines('b')]).toEqual([1, 1, 1])
  })
})

describe('on a terminal', () => {
  const held = (what: string) => `held.ts -e dir=${project.at('.')} -e what=${what}`
  const isRestored = (running: Running, code: number) => {
    const text = running.text()
    expect(text).toContain(`ended with ${code}`)
    expect(text).toContain('\u001b[?25l')
    expect(text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'))
    expect(readFileSync(project.at('after'), 'utf8')).toBe(readFileSync(project.at('before'), 'utf8'))
  }

  test.each([...signals, 'the key'])(
    'a question is ended by %s, and the terminal is as before',
    async (signal) => {
      const running = project.terminal(held('approve'))
      await running.says('Go on?')
      if (signal === 'the key') running.child.stdin?.write('\u0003')
      else process.kill(project.inTerminal(), signal as NodeJS.Signals)
      await running.ended()
      isRestored(running, 130)
      expect(project.lines('b')).toBe(0)
      await finishes('resume', '--yes')
      expect(project.lines('b')).toBe(1)
    },
  )

  test('at the question what to do after a failure, TERM means stop', async () => {
    const running = project.terminal(held('fail'))
    await running.says('What now?')
    process.kill(project.inTerminal(), 'SIGTERM')
    await running.ended()
    isRestored(running, 3)
    expect(project.lines('a')).toBe(1)
  })

  test('the tree is left as it is at the second, and the terminal is as before', async () => {
    const running = project.terminal(held('job'))
    await until(() => project.lines('ran') === 1, 'the job runs', 60)
    const pid = project.inTerminal()
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
