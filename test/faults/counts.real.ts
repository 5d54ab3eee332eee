import { type ChildProcess, spawn } from 'node:child_process'
import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

// What things cost a machine, counted by strace on its session and by its sshd's log: a busy machine changes no number.
let sshd: Sshd
let connection: Connection
let tracer: ChildProcess
let over: Promise<unknown>
let idle: Counts
beforeAll(async () => {
  sshd = await startSshd('127.105.9.51', ['LogLevel DEBUG1', 'SetEnv HOME=/tmp'])
  connection = await openSsh(sshd.endpoint, { secrets: () => '', home: homedir() })
  const calls = 'trace=fork,vfork,clone,clone3,execve,fsync,fdatasync,sync,syncfs'
  const [session] = sshd.sessions()
  const args = [
    '-f',
    '-e',
    calls,
    '-e',
    'signal=none',
    '-o',
    join(sshd.directory, 'trace'),
    '-p',
    `${session}`,
  ]
  tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  over = new Promise((resolve) => tracer.once('exit', resolve))
  let said = ''
  tracer.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await until(() => said.includes('attached'), 'strace')
  await connection.workdir()
  idle = await raw(async () => undefined)
})
afterAll(async () => {
  await connection.close()
  tracer.kill('SIGINT')
  await over
  await sshd.stop()
})
const trace = () => readFileSync(join(sshd.directory, 'trace'), 'utf8')

interface Counts {
  /** Processes that were made, those that run a program of their own, and what was synced. */
  readonly forks: number
  readonly programs: number
  readonly syncs: number
  readonly channels: number
}
let marks = 0
async function mark(): Promise<number> {
  marks += 1
  const name = `/none/mark-${marks}.`
  await connection.exec(sh`/bin/true ${name}`)
  await until(() => trace().includes(name), `the mark ${name}`)
  return trace().indexOf(name)
}
async function raw(work: () => Promise<unknown>): Promise<Counts> {
  const before = await mark()
  const log = sshd.log().length
  await work()
  const said = trace().slice(before, await mark())
  const count = (text: string, what: RegExp) => text.match(what)?.length ?? 0
  return {
    // By the call, not by its return: the child may have run its program before the parent returns.
    forks: count(said, /\b(?:v?fork|clone3?)\(/g),
    programs: count(said, /\bexecve\([^\n]*(?:= 0$|<unfinished)/gm),
    syncs: count(said, /\b(?:fsync|fdatasync|sync|syncfs)\(/g),
    channels: count(sshd.log().slice(log), /server_input_channel_open: ctype session/g),
  }
}
/** What some work costs, without what counting does. */
async function counts(work: () => Promise<unknown>): Promise<Counts> {
  const all = await raw(work)
  return {
    forks: all.forks - idle.forks,
    programs: all.programs - idle.programs,
    syncs: all.syncs - idle.syncs,
    channels: all.channels - idle.channels,
  }
}
const at = (name: string) => join(sshd.directory, name)

// What 20 of a command cost, one after the other.
test.each([
  {
    name: 'a harmless one that is built in: nothing',
    command: sh`test ! -e ${'/a b'}`,
    forks: 0,
    programs: 0,
  },
  { name: 'another one: a subshell', command: sh`cd /`, forks: 20, programs: 0 },
  {
    name: 'a program: the subshell, which becomes it',
    command: sh`/bin/true ${'a b'}`,
    forks: 20,
    programs: 20,
  },
  {
    name: 'a script: a subshell, and a process for its program',
    command: sh`/bin/true; :`,
    forks: 40,
    programs: 20,
  },
])('$name', async ({ command, forks, programs }) => {
  const cost = await counts(async () => {
    for (let turn = 0; turn < 20; turn += 1) await connection.exec(command)
  })
  expect(cost).toEqual({ forks, programs, syncs: 0, channels: 0 })
})
test('16 reads at once: the same shell, and nothing else', async () => {
  const cost = await counts(() =>
    Promise.all(Array.from({ length: 16 }, () => connection.exec(sh.read`pwd`))),
  )
  expect(cost).toEqual({ forks: 16, programs: 0, syncs: 0, channels: 0 })
})
test('the lock, taken and released: a subshell and one sync each, and a look at the mode of our directory', async () => {
  const { lock } = connection
  const holder = {
    run: 'r',
    user: 'u',
    machine: 'm',
    pid: 1,
    state: 's',
    since: 'now',
    token: 't',
    by: 'run',
  } as const
  // The first one ever makes the row's directory.
  let number = (await lock.take(holder)).number
  await lock.add(number, { held: false, holder })
  const take = await counts(async () => {
    ;({ number } = await lock.take(holder))
  })
  expect(take).toEqual({ forks: 3, programs: 2, syncs: 2, channels: 0 })
  const release = await counts(() => lock.add(number, { held: false, holder }))
  expect(release).toEqual({ forks: 2, programs: 1, syncs: 2, channels: 0 })
})
test('input costs one process more: the one that writes it', async () => {
  const cost = await counts(() => connection.exec(sh`read -r x`, { stdin: 'word\n' }))
  expect(cost).toMatchObject({ programs: 0, syncs: 0, channels: 0 })
  expect(cost.forks).toBeLessThanOrEqual(2)
})
test('a job: four programs to start it, three for its life, two syncs; a look at it two', async () => {
  const cost = await counts(async () => {
    const job = await connection.job('counts/a/1/job', sh`:`)
    await until(() => read(join(job.log, '../rc')) !== '', 'its end')
    // The last sync comes after the exit status has its name.
    await connection.exec(
      sh`while kill -0 "$(head -n 1 ${join(job.log, '../pid')} | cut -d ' ' -f 1)" 2>/dev/null; do :; done`,
    )
  })
  expect(cost).toMatchObject({ syncs: 2, channels: 0 })
})
test('a small file is synced once, and its directory once', async () => {
  const cost = await counts(() => connection.put({ text: 'x' }, at('small')))
  expect(cost).toMatchObject({ syncs: 2, channels: 0 })
  expect(cost.programs).toBeLessThanOrEqual(6)
})
test('a large one too; the shell that it used up is replaced by the next command', async () => {
  writeFileSync(at('source'), Buffer.alloc(3_000_000, 'x'))
  const cost = await counts(async () => {
    const source = { stream: () => createReadStream(at('source')), size: 3_000_000 }
    await connection.put(source, at('large'))
  })
  expect(cost).toMatchObject({ syncs: 2, channels: 1 })
  expect(cost.programs).toBeLessThanOrEqual(25)
})

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
