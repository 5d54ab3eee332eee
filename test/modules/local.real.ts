import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { irreversible } from '../../src/model/action.ts'
import { sh } from '../../src/model/command.ts'
import { secret } from '../../src/model/secret.ts'
import * as local from '../../src/modules/local.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { localPlace } from '../support/places.ts'
import { until } from '../support/until.ts'
import { changeContract } from './contract.ts'

const root = mkdtempSync(join(fastDirectory(), "local it's-"))
const undo = irreversible('a test')
let on: LocalOn
let dir: string
let at = 0

beforeEach(async () => {
  dir = join(root, `${++at}`)
  on = await localOn(dir, () => `p'"&<é`)
  return () => on.close()
})
afterAll(() => rmSync(root, { recursive: true }))

changeContract('commands of the controller', localPlace, [
  {
    name: 'a program that creates',
    prepare: () => {},
    guarded: true,
    trips: 0,
    action: (d) =>
      local.command({
        argv: ['mkdir', join(d, `a b'c`)],
        creates: join(d, `a b'c`),
        undo: { argv: ['rmdir', join(d, `a b'c`)], removes: join(d, `a b'c`) },
      }),
  },
  {
    name: 'a text of a shell that removes',
    prepare: (d) => writeFileSync(join(d, 'x'), 'x'),
    guarded: true,
    trips: 0,
    action: (d) =>
      local.shell({
        shell: sh`cd ${d} && mv x y`,
        removes: join(d, 'x'),
        undo: { shell: 'mv y x', cwd: d, removes: join(d, 'y') },
      }),
  },
])

const isGone = (pid: string) =>
  !existsSync(`/proc/${pid}/stat`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z')
const pidIn = (file: string) => readFileSync(join(dir, file), 'utf8').trim()
const wrote = (file: string) => existsSync(join(dir, file)) && pidIn(file) !== ''

describe('a command of the controller', () => {
  test('is done with its words as they are, and guarded, and taken back', async () => {
    const path = join(dir, `a b'c $(x)`)
    const make = () =>
      local.command({ argv: ['mkdir', path], creates: path, undo: { argv: ['rmdir', path], removes: path } })
    const made = await perform(on, make())
    expect(made.out).toMatchObject({ ran: true, changed: true, code: 0 })
    expect((await perform(on, make())).out).toMatchObject({ ran: false, why: `${path} is there` })
    await made.undo()
    await made.undo()
    expect(existsSync(path)).toBe(false)
  })

  test('says its two streams, and fails as those of machines do', async () => {
    const say = (code: number) => local.shell({ shell: `echo out; echo err >&2; exit ${code}`, undo })
    expect((await perform(on, say(0))).out).toEqual({
      ran: true,
      changed: true,
      code: 0,
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: false,
    })
    await expect(perform(on, say(3))).rejects.toThrow(/exited 3 on the controller\n {2}err\n {2}out/)
    await expect(perform(on, local.command({ argv: ['no-such-program'], undo }))).rejects.toThrow(
      /exited 127/,
    )
    await expect(perform(on, local.command({ argv: ['true'], cwd: '/nowhere', undo }))).rejects.toThrow()
  })

  test('gets what is given: a secret by standard input, a directory, variables', async () => {
    const { out } = await perform(
      on,
      local.shell({
        shell: sh`cat; printf '|%s|%s' "$A" "$PWD"`,
        stdin: ['x=', secret('env:P')],
        env: { A: 'b c' },
        cwd: '/',
        undo,
      }),
    )
    expect(out.stdout).toBe(`x=p'"&<é|b c|/`)
    expect((await perform(on, local.command({ argv: ['cat'], undo }))).out.stdout).toBe('')
  })

  test('much of its output is left out of the middle', async () => {
    const { out } = await perform(
      on,
      local.shell({ shell: 'echo first; yes x | head -c 5000000; echo last', undo }),
    )
    expect(out.truncated).toBe(true)
    expect(out.stdout.length).toBeLessThan(2_000_000)
    expect(out.stdout.startsWith('first\n')).toBe(true)
    expect(out.stdout.endsWith('last\n')).toBe(true)
  })

  test('a deadline ends all of it, be it deaf', async () => {
    const shell = `trap '' TERM; sleep 1000 & echo $! >pid; wait; sleep 1000`
    await expect(perform(on, local.shell({ shell, cwd: dir, timeout: 0.3, undo }))).rejects.toThrow(
      /no answer in 0.3 seconds/,
    )
    await until(() => isGone(pidIn('pid')), 'what it left behind is gone')
  })

  test('what it starts and leaves on purpose stays, and is not waited for', async () => {
    await perform(on, local.shell({ shell: 'sleep 1000 & echo $! >pid', cwd: dir, undo }))
    const pid = pidIn('pid')
    expect(isGone(pid)).toBe(false)
    execFileSync('kill', ['-KILL', pid])
  })

  test('ends with its controller, however that ends', async () => {
    const here = fileURLToPath(new URL('../..', import.meta.url))
    const program = `
      import { localOn, perform } from ${JSON.stringify(join(here, 'test/support/local-on.ts'))}
      import { shell } from ${JSON.stringify(join(here, 'src/modules/local.ts'))}
      const on = await localOn(${JSON.stringify(join(dir, 'other'))})
      await perform(on, shell({ shell: 'echo $$ >../pid; sleep 1000', cwd: ${JSON.stringify(join(dir, 'other'))}, undo: { kind: 'irreversible', why: 'x' } }))`
    const { build } = await import('esbuild')
    const bundled = await build({
      stdin: { contents: program, resolveDir: here, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      write: false,
    })
    writeFileSync(join(dir, 'program.mjs'), bundled.outputFiles[0]?.contents ?? '')
    execFileSync('ln', ['-s', join(here, 'node_modules'), join(dir, 'node_modules')])
    const child = spawn(process.execPath, [join(dir, 'program.mjs')], { stdio: 'inherit' })
    await until(() => wrote('pid'), 'the command runs')
    expect(isGone(pidIn('pid'))).toBe(false)
    child.kill('SIGKILL')
    await until(() => isGone(pidIn('pid')), 'it is gone with its controller')
  })
})
