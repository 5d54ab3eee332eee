import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runProgram } from '../../src/commands/program.ts'
import { hostLogs } from '../../src/journal/host-logs.ts'
import type { RunRecord } from '../../src/journal/runs.ts'
import type { Event, Stamped } from '../../src/model/event.ts'
import { secret } from '../../src/model/secret.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { fakeIo } from '../support/io.ts'
import { keepRun } from '../support/kept-runs.ts'

let cwd = ''
beforeEach(async () => {
  cwd = await mkdtemp(join(fastDirectory(), 'logs-'))
})
afterEach(() => rm(cwd, { recursive: true }))

const state = () => join(cwd, '.upgrade-fleet')

async function call(args: readonly string[], env: Record<string, string> = {}) {
  const io = fakeIo({ cwd, env })
  return { code: await runProgram(io, args), ...io.written }
}

const started = (task: string, input: object | null = null): Event =>
  ({
    type: 'task.started',
    task,
    module: 'm',
    kind: 'change',
    input,
    remembered: null,
    attempt: 1,
    undo: 'function',
  }) as Event

/** A run of two hosts and its rollback, with what their tasks printed. */
async function keepBoth(record: Partial<RunRecord> = {}): Promise<void> {
  const at = { seq: 1, at: '2026-11-22T10:00:00.000Z' }
  const tell = (path: string, events: readonly Event[]) => {
    const logs = hostLogs(join(path, 'hosts'))
    for (const event of events) logs.event({ ...at, ...event } as Stamped)
    logs.end()
  }
  const run = await keepRun(
    state(),
    'r1',
    [
      started('stop/gw1/stop'),
      started('stop/gw2/stop'),
      started('hop/gw1/run[a b]'),
      started('hop/gw1/quiet'),
    ],
    record,
  )
  tell(run.path, [
    { type: 'task.output', task: 'hop/gw1/run[a b]', line: 'migrated \u001b[2J' },
    { type: 'task.output', task: 'stop/gw1/stop', line: 'stopped gw1' },
    { type: 'task.output', task: 'stop/gw2/stop', line: 'stopped gw2' },
  ])
  const back = await keepRun(
    state(),
    'r2',
    [{ type: 'undo.started', task: 'stop/gw1/stop', purpose: 'rollback' }],
    {
      ...record,
      kind: 'rollback',
      of: 'r1',
    },
  )
  tell(back.path, [{ type: 'task.said', task: 'stop/gw1/stop', line: 'started again' }])
}

describe('logs', () => {
  test("prints a host's logs under their tasks, in the order in which they came, the rollback's last", async () => {
    await keepBoth()
    for (const run of ['r1', 'r2', 'latest'])
      expect(await call(['logs', run, 'gw1'])).toEqual({
        code: 0,
        err: '',
        out: [
          '== stop > gw1 > stop',
          '2026-11-22T10:00:00.000Z | stopped gw1',
          '',
          '== hop > gw1 > run[a b]',
          '2026-11-22T10:00:00.000Z | migrated \\x1b[2J',
          '',
          '== stop > gw1 > stop, rollback r2',
          '2026-11-22T10:00:00.000Z started again',
          '',
          '',
        ].join('\n'),
      })
  })

  test('prints those of one task, by its name or with its play', async () => {
    await keepBoth()
    for (const task of ['run[a b]', 'hop/run[a b]']) {
      const { out } = await call(['logs', 'r1', 'gw1', task])
      expect(out.match(/^== .*/gm)).toEqual(['== hop > gw1 > run[a b]'])
    }
    expect(await call(['logs', 'r1', 'gw1', 'quiet'])).toMatchObject({
      code: 0,
      err: expect.stringContaining('printed nothing'),
    })
  })

  test.each([
    [['logs', 'r3', 'gw1'], /There is no run "r3".*did you mean "r1"/],
    [['logs', 'r1'], /Expected the name of a host.*\nHosts of the run r1: gw1, gw2/],
    [['logs', 'r1', 'gw3'], /"gw3" has no task in the run r1; did you mean "gw1"/],
    [['logs', 'r1', 'gw1', 'stp'], /no task "stp" of gw1.*did you mean "stop"/],
    [['logs', 'r1', 'gw1', '--bundle', 'x.tgz'], /leave the host out/],
  ])('%j is refused', async (args, message) => {
    await keepBoth()
    const { code, err } = await call(args)
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })
})

describe('a bundle', () => {
  const canaries = ['canary-env', 'canary-file', 'canary&<xml>', 'canary-plain', 'canary-extra', '728493018']

  async function bundle(): Promise<{ text: string; listed: readonly string[]; err: string }> {
    const path = join(cwd, 'secret.txt')
    await writeFile(path, 'canary-file\n')
    await chmod(path, 0o600)
    await keepBoth({
      extraVars: { db_password: 'canary-extra', token_cleanup: 'true', via: '2.6.0' },
      inventory: {
        sources: ['/etc/hosts.yml'],
        hosts: [
          {
            name: 'gw1',
            groups: [],
            from: {},
            vars: {
              databases: [{ name: 'am', password: { env: 'DB' } }],
              keystore: { file: path },
              ansible_become_pass: 'canary-plain',
              gone: { env: 'NOT_SET' },
            },
          },
        ],
        groups: [],
        places: { 'host/gw1': { file: '/etc/hosts.yml' } },
        warnings: [],
      },
    })
    const run = join(state(), 'runs/r1')
    const leak = canaries.map((one) => `${one} ${JSON.stringify(one)} ${Buffer.from(one).toString('base64')}`)
    await mkdir(join(run, 'hosts/gw1'), { recursive: true })
    await writeFile(
      join(run, 'hosts/gw1', `${'long-'.repeat(20)}name.log`),
      `${leak.join('\n')} &#38;&#60;\n`,
    )
    const { journal } = await keepRun(
      state(),
      'r3',
      [
        started('p/gw1/t', { password: secret('env:JOURNAL'), other: { api_token: 728493018 } }),
        { type: 'task.said', task: 'p/gw1/t', line: leak.join(' ') },
      ],
      { kind: 'rollback', of: 'r1' },
    )
    expect(await readFile(journal, 'utf8')).toContain('canary-env')
    const { code, err, out } = await call(['logs', 'r1', '--bundle', 'ticket.tar.gz'], {
      DB: 'canary-env',
      JOURNAL: 'canary&<xml>',
    })
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('of 3 runs') })
    const file = join(cwd, 'ticket.tar.gz')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const listed = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trimEnd().split('\n')
    return { text: gunzipSync(await readFile(file)).toString(), listed, err }
  }

  test('has journals, records, logs and versions, and the value of no secret', async () => {
    const { text, listed, err } = await bundle()
    expect(listed).toEqual(
      expect.arrayContaining([
        'about.txt',
        'r1/run.json',
        'r1/journal.jsonl',
        'r1/hosts/gw1/stop-stop.log',
        `r1/hosts/gw1/${'long-'.repeat(20)}name.log`,
        'r2/hosts/gw1/stop-stop.log',
        'r3/journal.jsonl',
      ]),
    )
    for (const canary of canaries) {
      expect(text).not.toContain(canary)
      expect(text).not.toContain(Buffer.from(canary).toString('base64').slice(0, 12))
    }
    expect(text).toMatch(/node v20/)
    expect(text).toContain('"db_password": "***"')
    expect(text).toContain('"via": "2.6.0"')
    expect(text).toContain('"env": "DB"')
    expect(text).toContain('"$secret":"env:JOURNAL"')
    expect(err).toMatch(/cannot be looked up here.*env:NOT_SET\n/)
  })

  test('is never written over a file', async () => {
    await keepBoth()
    await writeFile(join(cwd, 'there'), 'mine')
    expect(await call(['logs', 'latest', '--bundle', 'there'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('one that is there'),
    })
    expect(await readFile(join(cwd, 'there'), 'utf8')).toBe('mine')
  })
})
