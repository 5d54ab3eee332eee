import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { irreversible } from '../../src/model/action.ts'
import { secret } from '../../src/model/secret.ts'
import * as local from '../../src/modules/local.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { until } from '../support/until.ts'

const dir = join(fastDirectory(), `upgrade-fleet local ${process.pid}`)
const at = (name: string) => join(dir, name)
const undo = irreversible('a test')
let here: LocalOn
beforeAll(async () => {
  here = await localOn(dir, () => 'hush hush')
})
afterAll(async () => {
  await here.close()
  rmSync(dir, { recursive: true, force: true })
})

test('arguments arrive as they are, and standard input with its secrets', async () => {
  const odd = ['', ' ', "it's", '"$HOME"', '`id`', '*', 'a\nb', '\\', '-n', 'é', '$(id)']
  const { out } = await perform(here, local.run({ argv: ['printf', '<%s>', ...odd], undo }))
  expect(out).toMatchObject({
    ran: true,
    changed: true,
    code: 0,
    stdout: odd.map((word) => `<${word}>`).join(''),
  })
  const given = await perform(here, local.run({ argv: ['cat'], stdin: ['a ', secret('s'), '\n'], undo }))
  expect(given.out.stdout).toBe('a hush hush\n')
  expect(JSON.stringify(given.out)).not.toContain('"input"')
})

test('a program need not read what it is given', async () => {
  for (let turn = 0; turn < 20; turn += 1) {
    const { out } = await perform(here, local.run({ argv: ['true'], stdin: 'x'.repeat(200_000), undo }))
    expect(out.code).toBe(0)
  }
})

test('a text of bash, with its directory and variables', async () => {
  mkdirSync(at('a b'))
  const shell = 'printf "%s|%s" "$PWD" "$NAME"; false | true'
  const { out } = await perform(
    here,
    local.shell({ shell, cwd: at('a b'), env: { NAME: 'it\'s "$x"' }, undo }),
  )
  expect(out.stdout).toBe(`${at('a b')}|it's "$x"`)
  expect(out.code).toBe(0)
})

test('an exit other than 0 fails with the last lines; failedWhen and changedWhen judge otherwise', async () => {
  const argv = ['sh', '-c', 'echo out; echo why >&2; exit 3']
  await expect(perform(here, local.run({ argv, undo }))).rejects.toThrow(
    'sh exited 3 on this machine\n  why\n  out',
  )
  const judged = { failedWhen: ({ code }: { code: number }) => code !== 3, changedWhen: () => false }
  expect((await perform(here, local.run({ argv, undo, ...judged }))).out).toMatchObject({
    code: 3,
    changed: false,
  })
  await expect(perform(here, local.run({ argv: ['/nowhere/program'], undo }))).rejects.toThrow(/exited 127/)
})

test('creates and removes are paths of the controller, and undo is a command of it', async () => {
  const made = at('made')
  const action = local.run({
    argv: ['touch', made],
    creates: made,
    undo: { argv: ['rm', made], removes: made },
  })
  const first = await perform(here, action)
  expect(existsSync(made)).toBe(true)
  const again = await perform(here, action)
  expect(again.out).toMatchObject({ ran: false, why: `${made} is there` })
  await first.undo()
  expect(existsSync(made)).toBe(false)
  await first.undo()
})

const alive = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
/** Writes the pids of a process and its child, then hangs. */
const hangs = (file: string) => `sleep 987 & echo "$$ $!" > '${file}'; wait`
const pidsIn = (file: string) => readFileSync(file, 'utf8').trim().split(' ').map(Number)

test('a deadline ends it with all that it started', async () => {
  const file = at('deadline')
  await expect(perform(here, local.shell({ shell: hangs(file), timeout: 1, undo }))).rejects.toThrow(
    'was not done after 1 seconds, and ended',
  )
  await until(() => !pidsIn(file).some(alive), 'both are gone')
})

test('an interruption too', async () => {
  const file = at('interrupted')
  const interrupted = new AbortController()
  const on = { ...here.on, signal: interrupted.signal }
  const { work, input } = local.shell({ shell: hangs(file), undo })
  if (work.kind !== 'change') throw new Error('it is a change')
  const running = work.apply(on, input, null)
  await until(() => existsSync(file) && pidsIn(file).length === 2, 'it hangs')
  interrupted.abort()
  await expect(running).rejects.toThrow('was interrupted')
  await until(() => !pidsIn(file).some(alive), 'both are gone')
  await expect(Promise.resolve(work.apply(on, input, null))).rejects.toThrow('was interrupted')
})

test('of a very long output the end is kept', async () => {
  const { out } = await perform(
    here,
    local.shell({ shell: 'head -c 3000000 /dev/zero | tr "\\0" x; echo end', undo }),
  )
  expect(out.truncated).toBe(true)
  expect(out.stdout).toHaveLength(64 * 1024)
  expect(out.stdout.endsWith('xend\n')).toBe(true)
})

test('of hundreds of megabytes nothing but the end is held, and each line is heard as it comes', async () => {
  const before = process.resourceUsage().maxRSS
  const heard: string[] = []
  let bytes = 0
  const hears = (heading: string) => {
    heard.push(heading)
    return (line: string) => {
      bytes += line.length
      if (heard.length < 3) heard.push(line.slice(0, 20))
    }
  }
  const on = { ...here.on, hears }
  const { out } = await perform(
    { ...here, on },
    local.shell({ shell: 'echo first; echo second; head -c 400000000 /dev/zero; echo é', undo }),
  )
  expect(out.stdout.endsWith('\0é\n')).toBe(true)
  expect(heard).toEqual([expect.stringContaining('echo first'), 'first', 'second'])
  expect(bytes).toBe('firstsecond'.length + 400_000_001)
  // In KiB; all of it was held three times before.
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(200_000)
})

test('what a program that ended well left running is let be, and neither waited for nor ended', async () => {
  const file = at('daemon')
  const shell = `setsid sleep 986 </dev/null >/dev/null 2>&1 & echo $! > '${file}'; sleep 985 </dev/null >/dev/null 2>&1 & echo $! >> '${file}'`
  const action = local.shell({ shell, undo: { shell: ':' } })
  const first = await perform(here, action)
  const pids = readFileSync(file, 'utf8').trim().split('\n').map(Number)
  try {
    expect(first.out.code).toBe(0)
    await perform(here, action)
    await first.undo()
    expect(pids.filter(alive)).toEqual(pids)
  } finally {
    for (const pid of [...pids, ...readFileSync(file, 'utf8').trim().split('\n').map(Number)])
      if (alive(pid)) process.kill(pid, 'SIGKILL')
  }
})
