import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { runProgram } from '../../src/commands/program.ts'
import type { Io } from '../../src/model/io.ts'
import { bundled } from '../support/bundle.ts'
import { fakeIo } from '../support/io.ts'
import { onTerminal } from '../support/pty.ts'
import { files } from '../support/site.ts'
import { until } from '../support/until.ts'

const value = `canary-4711 $'"\\ü`
let cwd: string
let recipient: string
const call = async (args: readonly string[], given: Partial<Io> = {}) => {
  const io = fakeIo({ cwd, home: cwd, uid: process.getuid?.(), ...given })
  const code = await runProgram(io, ['secret', ...args])
  return { code, ...io.written }
}
const age = (args: readonly string[], input: string) => execFileSync('age', args, { input, encoding: 'utf8' })
const key = () => join(cwd, '.config/upgrade-fleet/age.key')

beforeAll(async () => {
  cwd = await files({ 'marks.sh': '#!/bin/sh\n' })
  recipient = (await call(['keygen'])).out.trim()
})

describe('keygen', () => {
  test('makes a file of the user alone, once, that age reads', async () => {
    expect(statSync(key()).mode & 0o777).toBe(0o600)
    expect(execFileSync('age-keygen', ['-y', key()], { encoding: 'utf8' }).trim()).toBe(recipient)
    const again = await call(['keygen'])
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('expected a new file') })
  })
})

describe('encrypt', () => {
  test.each(['db: x', '', 'a b', 'x\ny'])('--name %j is no variable, and would be no YAML', async (name) => {
    const refused = await call(['encrypt', '--name', name], { input: async () => value })
    expect(refused).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('expected the name of a variable'),
    })
  })
  test('of stdin prints what the inventory takes, and age opens it', async () => {
    const { code, out } = await call(['encrypt', '--name', 'db_password'], {
      input: async () => `${value}\n`,
    })
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^db_password:\n {2}age: \|\n {4}-----BEGIN/),
    })
    const armored = out
      .split('\n')
      .slice(2)
      .map((line) => line.trim())
      .join('\n')
    expect(age(['-d', '-i', key()], armored)).toBe(value)
    expect((await call(['decrypt', '--force'], { input: async () => out })).out).toBe(`${value}\n`)
  })
  test('what age encrypted is decrypted, on a terminal or when it is meant', async () => {
    const armored = age(['-a', '-r', recipient], `${value}\n`)
    expect((await call(['decrypt'], { input: async () => armored, tty: true })).out).toBe(`${value}\n`)
    const refused = await call(['decrypt'], { input: async () => armored })
    expect(refused).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/expected a terminal.*\n.*--force/),
    })
  })
  test.each<[string, readonly string[], Partial<Io>, RegExp]>([
    ['nothing', ['encrypt'], { input: async () => '\n' }, /expected the secret on stdin/],
    ['no key', ['encrypt'], { home: '/nowhere' }, /no key of yours[\s\S]*secret keygen/],
    [
      'a wrong recipient',
      ['encrypt', '--recipient', 'age1x'],
      { input: async () => 'x' },
      /expected an age recipient/,
    ],
    ['no such option as the value', ['encrypt', value], {}, /too many arguments/],
    [
      'a vault',
      ['decrypt', '--force'],
      { input: async () => '$ANSIBLE_VAULT;1.1;AES256\n33' },
      /ansible-vault edit/,
    ],
    ['no age', ['decrypt', '--force'], { input: async () => 'x' }, /expected -----BEGIN AGE/],
  ])('refuses %s', async (_name, args, given, message) => {
    const { code, out, err } = await call(args, given)
    expect({ code, out, err }).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) })
    expect(err).not.toContain('canary')
  })
  test('for another key: it is not opened, and an open key is not read', async () => {
    const other = join(cwd, 'other.key')
    await call(['keygen', '--out', other])
    const armored = age(['-a', '-r', recipient], value)
    const { err } = await call(['decrypt', '--force', '--age-identity', other], {
      input: async () => armored,
    })
    expect(err).toMatch(/for none of the identities that are there\n.*--age-identity/)
    chmodSync(other, 0o644)
    const open = await call(['decrypt', '--force'], {
      env: { UPGRADE_FLEET_AGE_IDENTITY: other },
      input: async () => armored,
    })
    expect(open.err).toMatch(/expected mode 0600, got 0644/)
  })
})

describe('edit', () => {
  const script = (name: string, text: string) => {
    writeFileSync(join(cwd, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(cwd, name), 0o755)
    return `${join(cwd, name)} 'one word'`
  }
  const left = () =>
    readdirSync('/dev/shm').filter(
      (name) => name.startsWith('upgrade-fleet-') && existsSync(`/dev/shm/${name}/vault.yml`),
    )

  test('without a terminal wants an editor that is named, and does not wait in vi', async () => {
    expect(await call(['edit', 'vault.yml'], { env: { PATH: process.env['PATH'] } })).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /^vault\.yml: expected a terminal for the editor, got none.*\n.*EDITOR=PROGRAM/,
      ),
    })
  })

  test('makes a file, edits it, and leaves nothing behind', async () => {
    const editor = script(
      'add.sh',
      `[ "$1" = 'one word' ] || exit 9\nstat -c '%a %n' "$2" "$(dirname "$2")" >> ${cwd}/seen; cp "$2" "$2~"; echo "token: ${value.slice(0, 11)}" >> "$2"`,
    )
    const file = join(cwd, 'vault.yml')
    for (const lines of [1, 2]) {
      expect(await call(['edit', 'vault.yml'], { env: { EDITOR: editor } })).toMatchObject({ code: 0 })
      expect(age(['-d', '-i', key()], readFileSync(file, 'utf8')).match(/token: canary-4711/g)).toHaveLength(
        lines,
      )
    }
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(cwd, 'seen'), 'utf8')).toMatch(
      /^600 \S+vault\.yml\n700 \/dev\/shm\/upgrade-fleet-/,
    )
    expect(left()).toEqual([])
    const same = readFileSync(file, 'utf8')
    expect((await call(['edit', 'vault.yml'], { env: { EDITOR: 'true' } })).err).toMatch(
      /nothing was changed/,
    )
    const failed = await call(['edit', 'vault.yml'], { env: { EDITOR: 'false' } })
    expect(failed).toMatchObject({ code: 2, err: expect.stringMatching(/ended with 1/) })
    expect(readFileSync(file, 'utf8')).toBe(same)
    expect(left()).toEqual([])
  })
  test('does not shut out other recipients', async () => {
    const other = execFileSync('age-keygen', [], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [, second = ''] = /public key: (\S+)/.exec(other) ?? []
    writeFileSync(join(cwd, 'both.yml'), age(['-a', '-r', recipient, '-r', second], 'a: 1\n'))
    const editor = script('b.sh', `echo 'b: 2' >> "$2"`)
    const refused = await call(['edit', 'both.yml'], { env: { EDITOR: editor } })
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringMatching(/for 2 recipients[\s\S]*--recipient/),
    })
    const named = ['--recipient', recipient, '--recipient', second]
    expect(await call(['edit', 'both.yml', ...named], { env: { EDITOR: editor } })).toMatchObject({ code: 0 })
    writeFileSync(join(cwd, 'second.key'), other, { mode: 0o600 })
    expect(age(['-d', '-i', join(cwd, 'second.key')], readFileSync(join(cwd, 'both.yml'), 'utf8'))).toBe(
      'a: 1\nb: 2\n',
    )
  })
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s while the editor is open: nothing is left, nothing is changed',
    async (signal) => {
      const program = await bundled(fileURLToPath(new URL('../../src/main.ts', import.meta.url)))
      writeFileSync(join(cwd, 'vault.yml'), age(['-a', '-r', recipient], 'a: canary-4711\n'))
      const before = readFileSync(join(cwd, 'vault.yml'), 'utf8')
      const told = join(cwd, `told-${signal}`)
      const editor = script('wait.sh', `echo "$2" > ${told}.new; mv ${told}.new ${told}; exec sleep 600`)
      const child = spawn(process.execPath, [program, 'secret', 'edit', 'vault.yml'], {
        cwd,
        env: { ...process.env, HOME: cwd, EDITOR: editor },
        stdio: 'ignore',
      })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      await until(() => existsSync(told), 'the editor')
      const path = readFileSync(told, 'utf8').trim()
      expect(readFileSync(path, 'utf8')).toBe('a: canary-4711\n')
      child.kill(signal)
      expect(await ended).toBe(130)
      expect(existsSync(path)).toBe(false)
      expect(readFileSync(join(cwd, 'vault.yml'), 'utf8')).toBe(before)
    },
  )
  test('on a terminal a secret is asked for twice, and not shown', async () => {
    const program = await bundled(fileURLToPath(new URL('../../src/main.ts', import.meta.url)))
    const { code, screen } = await onTerminal(
      [process.execPath, program, 'secret', 'encrypt'],
      cwd,
      { HOME: cwd },
      [
        [/The secret:/, 'canary-4711'],
        [/Once more:/, 'canary-4711'],
      ],
    )
    expect({ code, screen }).toMatchObject({
      code: 0,
      screen: expect.stringMatching(/END AGE ENCRYPTED FILE/),
    })
    expect(screen).not.toContain('canary')
  })
})
