import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { withTypedInventory } from '../../src/commands/advice.ts'
import type { Entry } from '../../src/commands/entries.ts'
import { Exit } from '../../src/commands/exit.ts'
import { runProgram } from '../../src/commands/program.ts'
import { InputError } from '../../src/model/errors.ts'
import { nearest } from '../../src/model/nearest.ts'
import { fakeIo } from '../support/io.ts'

/** A program of three commands that tell what they were called with. */
function program() {
  const called: string[] = []
  const loaded: string[] = []
  const entry = (name: string, make: (command: Command) => Command): Entry => ({
    name,
    usage: '<thing>',
    summary: `does ${name}`,
    load: async () => {
      loaded.push(name)
      return () => make(new Command(name).description(`does ${name} at length`))
    },
  })
  const entries = [
    entry('run', (command) =>
      command
        .argument('<playbook>')
        .option('-i, --inventory <path>')
        .action((playbook, options) => void called.push(`run ${playbook} ${options.inventory ?? '-'}`)),
    ),
    entry('rollback', (command) =>
      command.action(() => {
        throw new Exit(6)
      }),
    ),
    entry('lab', (command) => {
      command.command('up').action(() => {
        throw new InputError(['lab: no root', 'lab: no sshd'], 'Type: sudo upgrade-fleet lab up')
      })
      command.command('break').action(() => {
        throw new RangeError('off by one')
      })
      return command
    }),
  ]
  return { entries, called, loaded }
}

async function call(...args: string[]) {
  const { entries, called, loaded } = program()
  const io = fakeIo()
  const code = await runProgram(io, args, entries)
  return { code, called, loaded, ...io.written }
}

describe('the program', () => {
  test('prints its version and loads no command for it', async () => {
    expect(await call('--version')).toMatchObject({
      code: 0,
      out: `${manifest.version}\n`,
      err: '',
      loaded: [],
    })
  })

  test('lists its commands without loading them', async () => {
    const { code, out, loaded } = await call('--help')
    expect([code, loaded]).toEqual([0, []])
    expect(out).toMatch(/run <thing> +does run/)
  })

  test('shows help when it is given nothing', async () => {
    expect(await call()).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('Usage: upgrade-fleet'),
    })
  })

  test('knows more of a command whose help is asked for', async () => {
    expect((await call('help', 'run')).out).toContain('does run at length')
    expect((await call('run', '--help')).out).toContain('--inventory')
    expect((await call('lab', 'up', '--help')).out).toContain('Usage: upgrade-fleet lab up')
  })

  test('loads only the command that is called', async () => {
    expect(await call('run', 'a.ts')).toMatchObject({ code: 0, called: ['run a.ts -'], loaded: ['run'] })
  })

  test('runs what is not a command as a playbook, options first too', async () => {
    expect((await call('playbooks/to-3.0.0.ts')).called).toEqual(['run playbooks/to-3.0.0.ts -'])
    expect((await call('-i', 'lab', 'a.ts')).called).toEqual(['run a.ts lab'])
  })

  test('says which command was probably meant, before it looks for a playbook of that name', async () => {
    for (const typo of ['rolback', 'rollbakc', 'Rollback', 'roll-back'])
      expect(await call(typo)).toMatchObject({
        code: 2,
        err: `There is no command "${typo}".\nDid you mean: upgrade-fleet rollback\n`,
      })
    expect(await call('upgrade')).toMatchObject({
      code: 2,
      err: expect.stringContaining('a playbook is a .ts file'),
    })
  })

  test('takes what ends in .ts, or has a directory, for a playbook, however near it is to a command', async () => {
    expect((await call('rollback.ts')).called).toEqual(['run rollback.ts -'])
    expect((await call('./rollbakc', '-i', 'lab')).called).toEqual(['run ./rollbakc lab'])
  })

  test('gives 2 for a mistake of the user, with all problems and what to type next', async () => {
    expect(await call('lab', 'up')).toMatchObject({
      code: 2,
      out: '',
      err: 'lab: no root\nlab: no sshd\nType: sudo upgrade-fleet lab up\n',
    })
    expect(await call('run', 'a.ts', '--inventry', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--inventory'),
    })
    expect(await call('run')).toMatchObject({ code: 2 })
    expect(await call('lab', 'op')).toMatchObject({ code: 2 })
  })

  test('gives 1 for a defect of its own, with the stack only on demand', async () => {
    const quiet = await call('lab', 'break')
    expect(quiet).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^RangeError: off by one\n.*defect of upgrade-fleet/),
    })
    expect(quiet.err).not.toContain('    at ')
    expect((await call('lab', 'break', '--verbose')).err).toContain('    at ')
  })

  test('gives the code of a command that has said everything itself', async () => {
    expect(await call('rollback')).toMatchObject({ code: 6, out: '', err: '' })
  })
})

test('the nearest word is found within a third of its letters', () => {
  expect(nearest('paln', ['plan', 'run'])).toBe('plan')
  expect(nearest('lab', ['lab', 'show'])).toBe('lab')
  expect(nearest('xyz', ['plan', 'run'])).toBeUndefined()
  expect(nearest('a.ts', ['plan', 'run', 'runs'])).toBeUndefined()
})

test.each([
  [['hosts', '-i', 'a b', 'x'], "See: upgrade-fleet inventory --graph -i 'a b'"],
  [
    ['exec', 'x', '-ione', '--inventory=two', '--', '-i', 'not'],
    'See: upgrade-fleet inventory --graph -i one -i two',
  ],
  [['hosts', 'x'], 'See: upgrade-fleet inventory --graph'],
])('%j: the advice to look at the inventory means the same one', (args, advice) => {
  expect(withTypedInventory('what is wrong\nSee: upgrade-fleet inventory --graph', args)).toBe(
    `what is wrong\n${advice}`,
  )
})
