import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openOpenSsh } from '../../src/connect/openssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import { bundled } from '../support/bundle.ts'
import { kill, lives } from '../support/processes.ts'
import { proxied } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

const address = '127.103.2.1'
const context: ConnectContext = {
  secrets: () => '',
  home: homedir(),
  retry: { tries: 5, base: 20 },
}

let sshd: Sshd
beforeAll(async () => {
  // Others make folders of the same kind at the same time.
  process.env['TMPDIR'] = await mkdtemp(join(tmpdir(), 'upgrade-fleet-openssh-'))
  sshd = await startSshd(address, ['ClientAliveInterval 1', 'ClientAliveCountMax 2'])
})
afterAll(async () => {
  await sshd.stop()
  await rm(tmpdir(), { recursive: true })
})

const open = (more: Partial<ConnectContext> = {}) =>
  openOpenSsh({ ...sshd.endpoint, kind: 'openssh' }, { ...context, ...more })
const using = async (
  work: (connection: Connection) => Promise<void>,
  more: Partial<ConnectContext> = {},
): Promise<void> => {
  const connection = await open(more)
  try {
    await work(connection)
  } finally {
    await connection.close()
  }
}
/** The ssh processes that go to the server, by what they were started with. */
const masters = (to = address): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        return words[0] === 'ssh' && words.at(-2) === to && lives(pid)
      } catch {
        return false
      }
    })
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('uf-'))
const exists = (path: string) =>
  readFile(path).then(
    () => true,
    () => false,
  )
const breaking: readonly (readonly [string, () => void])[] = [
  ["the server's process", () => sshd.sessions().forEach(kill)],
  ['the ssh process', () => masters().forEach(kill)],
]

test.each(breaking)(
  '%s is killed: what was sent is lost, never an exit, and the next call is served',
  (name, break_) =>
    using(async (connection) => {
      const file = join(sshd.directory, `started ${name}`)
      const lost = connection.exec(sh`: >${file}; exec sleep 60`)
      await until(() => exists(file), 'the command to run')
      break_()
      expect(await lost).toMatchObject({ kind: 'lost', reason: expect.stringContaining('was lost') })
      expect(await connection.exec(sh`exit 255`)).toMatchObject({ kind: 'exit', code: 255 })
    }),
)

test.each(breaking)('%s is killed: a job goes on, and its log is whole', (name, break_) =>
  using(async (connection) => {
    const go = join(sshd.directory, `go ${name}`)
    const id = `lost/${name.replaceAll(/\W/g, '')}/1/job`
    const job = await connection.job(
      id,
      sh`echo one; until [ -e ${go} ]; do sleep 0.02; done; echo two; exit 6`,
    )
    const lines: string[] = []
    const waiting = job.wait({ onLine: (line) => lines.push(line) })
    await until(() => lines.length === 1, 'the first line')
    break_()
    await writeFile(go, '')
    expect(await waiting).toEqual({ kind: 'exit', code: 6 })
    expect(lines).toEqual(['one', 'two'])
  }),
)

test('what shells and servers answer with 255, and with a signal, stays what it is', () =>
  using(async (connection) => {
    expect(await connection.exec(sh`exit 255`)).toMatchObject({ kind: 'exit', code: 255 })
    expect(await connection.exec(sh`kill -TERM $$`)).toMatchObject({ kind: 'signal', signal: 'TERM' })
    expect(await connection.exec(sh`echo alive`)).toMatchObject({ kind: 'exit', stdout: 'alive\n' })
  }))

test('a peer that is frozen is noticed', () =>
  using(
    async (connection) => {
      await connection.exec(sh`exit 0`)
      const frozen = sshd.sessions()
      for (const pid of frozen) process.kill(pid, 'SIGSTOP')
      expect(await connection.exec(sh`exit 0`, { timeout: 30 })).toMatchObject({
        kind: 'lost',
        reason: expect.stringContaining('not responding'),
      })
      for (const pid of frozen) kill(pid)
    },
    { watchdog: 1, retry: { tries: 2, base: 20 } },
  ))

test('a black hole is noticed, a slow link is not taken for one', async () => {
  const { endpoint, proxy } = await proxied(sshd, '127.103.2.3')
  const connection = await openOpenSsh({ ...endpoint, kind: 'openssh' }, { ...context, watchdog: 1 })
  try {
    proxy.throttle(150_000)
    const bytes = Buffer.alloc(400_000)
    const { PassThrough } = await import('node:stream')
    const path = join(sshd.directory, 'slow')
    expect(await connection.put({ bytes }, path)).toMatchObject({ size: bytes.length })
    expect(await connection.get(path, new PassThrough().resume())).toMatchObject({ size: bytes.length })
    proxy.pass()
    proxy.blackHole()
    expect(await connection.exec(sh`exit 0`, { timeout: 30 })).toMatchObject({ kind: 'lost' })
  } finally {
    await connection.close()
    await proxy.stop()
  }
})

test('a server that asks whether we are there is answered while a command is silent', () =>
  using(async (connection) => {
    expect(await connection.exec(sh`sleep 5; echo late`)).toMatchObject({ kind: 'exit', stdout: 'late\n' })
  }))

test('a hundred megabytes come whole, and a reader that is slow is waited for', () =>
  using(async (connection) => {
    const { createHash } = await import('node:crypto')
    const { Writable } = await import('node:stream')
    const file = join(sshd.directory, 'large')
    expect(await connection.exec(sh`head -c 100000000 /dev/urandom >${file}`)).toMatchObject({ code: 0 })
    const sum = createHash('sha256')
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        sum.update(chunk)
        setImmediate(done)
      },
    })
    const stored = await connection.get(file, slow)
    expect(stored.size).toBe(100_000_000)
    expect(sum.digest('hex')).toBe(stored.sha256)
  }))

test('one ssh process for a connection, none when it is closed, and nothing of it is left', async () => {
  const before = folders()
  const connection = await open()
  await Promise.all([1, 2, 3].map(() => connection.exec(sh`sleep 0.2`)))
  expect(masters()).toHaveLength(1)
  await connection.close()
  await until(() => masters().length === 0, 'the end of ssh')
  expect(folders()).toEqual(before)
})

test('a temporary directory whose name is too long for a socket', async () => {
  const usual = tmpdir()
  const long = join(usual, 'x'.repeat(60))
  await mkdir(long)
  process.env['TMPDIR'] = long
  try {
    await using(async (connection) => {
      expect(await connection.exec(sh`exit 5`)).toMatchObject({ code: 5 })
    })
  } finally {
    process.env['TMPDIR'] = usual
  }
})

test('a controller that is killed leaves no ssh process', async () => {
  const program = await bundled(fileURLToPath(new URL('../support/openssh-program.ts', import.meta.url)))
  const endpoint = JSON.stringify({ ...sshd.endpoint, kind: 'openssh' })
  const controller = spawn(process.execPath, [program, endpoint, 'exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => controller.stdout.once('data', resolve))
  const ours = masters()
  expect(ours).toHaveLength(2)
  kill(controller.pid ?? 0)
  await until(() => !ours.some(lives), 'the end of ssh')
})

test('a server that has too many logins under way is tried again', async () => {
  const busy = await startSshd('127.103.2.2', ['MaxStartups 1:100:1'])
  const holder = connect(2222, '127.103.2.2')
  try {
    await new Promise((resolve) => holder.once('data', resolve))
    const opening = openOpenSsh({ ...busy.endpoint, kind: 'openssh' }, context)
    await until(() => /drop connection|past MaxStartups/.test(busy.log()), 'a connection that is dropped')
    holder.destroy()
    const connection = await opening
    expect(await connection.exec(sh`exit 5`)).toMatchObject({ code: 5 })
    await connection.close()
  } finally {
    holder.destroy()
    await busy.stop()
  }
})
