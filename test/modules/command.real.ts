import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { irreversible } from '../../src/model/action.ts'
import { sh } from '../../src/model/command.ts'
import { secret } from '../../src/model/secret.ts'
import { program } from '../../src/modules/command/line.ts'
import * as command from '../../src/modules/command.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { localPlace } from '../support/places.ts'
import { until } from '../support/until.ts'
import { changeContract } from './contract.ts'

const root = mkdtempSync(join(fastDirectory(), 'command-'))
const undo = irreversible('a test')
let local: LocalOn
let dir: string
let at = 0

beforeEach(async () => {
  dir = join(root, `${++at}`)
  local = await localOn(dir, () => `p'"&<é`)
  return () => local.close()
})
afterAll(() => rmSync(root, { recursive: true }))

changeContract('commands', localPlace, [
  {
    name: 'a program that creates',
    prepare: () => {},
    guarded: true,
    action: (d) =>
      command.run({
        argv: ['mkdir', join(d, `a b'c`)],
        creates: join(d, `a b'c`),
        undo: { argv: ['rmdir', join(d, `a b'c`)], removes: join(d, `a b'c`) },
      }),
  },
  {
    name: 'a text of a shell that removes',
    prepare: (d) => writeFileSync(join(d, 'x'), 'x'),
    guarded: true,
    action: (d) =>
      command.shell({
        shell: sh`cd ${d} && mv x y`,
        removes: join(d, 'x'),
        undo: { shell: 'mv y x', cwd: d, removes: join(d, 'y') },
      }),
  },
  {
    name: 'a script, and a condition',
    prepare: (d) => writeFileSync(join(d, '..', 'script'), '#!/bin/sh -e\n: >"$1"\n'),
    guarded: true,
    action: (d) =>
      command.script({
        src: join(d, '..', 'script'),
        args: [join(d, 'made')],
        onlyIf: ['test', '!', '-e', join(d, 'made')],
        undo: { argv: ['rm', '-f', join(d, 'made')] },
      }),
  },
])

describe('arguments', () => {
  test.each([
    ['a blank and quotes', `a  b'c"`],
    ['what a shell would run', '$(touch x)`touch y`;touch z'],
    ['a line end', 'a\nb\n'],
    ['nothing', ''],
    ['a star', '*'],
    ['an option', '-n'],
  ])('arrive as they are: %s', async (_, word) => {
    const { out } = await perform(local, command.run({ argv: ['printf', '%s|', word, 'end'], undo }))
    expect(out.stdout).toBe(`${word}|end|`)
  })

  test.each(['exit', 'if', 'FOO=bar', 'cd', 'eval', '.'])(
    'a program is never the shell\'s own "%s"',
    async (name) => {
      await expect(perform(local, command.run({ argv: [name, '0'], undo }))).rejects.toThrow(/exited 12[67]/)
      expect((await perform(local, command.run({ argv: ['printf', 'on'], undo }))).out.stdout).toBe('on')
    },
  )

  test('no program, no command', () => {
    expect(() => command.run({ argv: [], undo })).toThrow(/name of a program/)
    expect(() => program(['-c', 'x'])).toThrow(/name of a program/)
  })
})

describe('what an answer means', () => {
  const say = (code: number, more: object = {}) =>
    command.shell({ shell: `echo out; echo err >&2; exit ${code}`, undo, ...more })

  test('its exit status, its two streams, and what failed', async () => {
    expect((await perform(local, say(0))).out).toEqual({
      ran: true,
      changed: true,
      code: 0,
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: false,
    })
    await expect(perform(local, say(3))).rejects.toThrow(/exited 3 on here\n {2}err\n {2}out/)
  })

  test('functions of the result say otherwise', async () => {
    const failedWhen = ({ code }: { code: number }) => (code === 3 ? false : 'odd')
    expect((await perform(local, say(3, { failedWhen }))).out.code).toBe(3)
    await expect(perform(local, say(0, { failedWhen }))).rejects.toThrow(/odd on here/)
    const { out } = await perform(
      local,
      say(0, { changedWhen: ({ stdout }: { stdout: string }) => stdout.includes('new') }),
    )
    expect(out.changed).toBe(false)
  })

  test('a deadline kills all of it', async () => {
    const action = command.shell({ shell: 'sleep 1000 & echo $! >pid; wait', cwd: dir, timeout: 0.3, undo })
    await expect(perform(local, action)).rejects.toThrow(/no answer in 0.3 seconds/)
    const pid = readFileSync(join(dir, 'pid'), 'utf8').trim()
    const ended = () =>
      !existsSync(`/proc/${pid}/stat`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z')
    await until(ended, 'what it left behind is gone')
  })

  test('a secret goes in by standard input alone', async () => {
    const stdin = ['password=', secret('env:P')]
    const action = command.run({ argv: ['cat'], stdin, undo })
    expect((await perform(local, action)).out.stdout).toBe(`password=p'"&<é`)
    expect(JSON.stringify(action)).not.toContain('&<')
  })

  test('environment and directory are its own', async () => {
    const { out } = await perform(
      local,
      command.shell({ shell: 'printf "%s %s" "$A" "$PWD"', env: { A: 'b c' }, cwd: '/', undo }),
    )
    expect(out.stdout).toBe('b c /')
  })
})

describe('a job', () => {
  test('is done once, however often it is asked for', async () => {
    const { work, input } = command.shell({ shell: 'echo x >>ran; echo said', cwd: dir, job: true, undo })
    if (work.kind !== 'change') throw new Error('no change')
    const first = await work.apply(local.on, input, null)
    expect(await work.apply(local.on, input, null)).toEqual(first)
    expect(first).toMatchObject({ code: 0, stdout: 'said\n' })
    expect(readFileSync(join(dir, 'ran'), 'utf8')).toBe('x\n')
  })

  test('that was begun is not thought done by what it creates', async () => {
    const { work, input } = command.run({ argv: ['true'], creates: '/', job: true, undo })
    if (work.kind !== 'change') throw new Error('no change')
    expect(await work.check?.(local.on, input, undefined)).toMatchObject({ ran: false, why: '/ is there' })
    expect(await work.check?.(local.on, input, null)).toBeUndefined()
  })

  test('is ended at its deadline', async () => {
    const action = command.run({ argv: ['sleep', '1000'], job: true, timeout: 0.2, undo })
    await expect(perform(local, action)).rejects.toThrow(/not done after 0.2 seconds, and ended/)
  })
})

test('what only reads is asked while planning too', async () => {
  const action = command.read({ argv: ['test', '-e', '/nowhere'], codes: [0, 1] })
  expect(action.work.kind).toBe('observe')
  expect((await perform(local, action)).out.code).toBe(1)
  await expect(perform(local, command.read({ argv: ['false'] }))).rejects.toThrow(/false exited 1/)
})

test('what reads a script', () => {
  const of = (text: string) => command.interpreter(Buffer.from(text))
  expect(of('#!/usr/bin/env bash\n')).toEqual(['/usr/bin/env', 'bash'])
  expect(of('#! /bin/sh -e -u \r\n')).toEqual(['/bin/sh', '-e -u'])
  expect(of('echo x')).toEqual(['/bin/sh'])
})

test('the undo that is another command goes by what the journal has', async () => {
  const made = join(dir, 'made')
  const { undo: back } = await perform(
    local,
    command.run({ argv: ['touch', made], undo: { argv: ['rm', made], removes: made } }),
  )
  await back()
  await back()
  expect(() => readFileSync(made)).toThrow()
})
