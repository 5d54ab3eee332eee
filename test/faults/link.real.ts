import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection, Endpoint } from '../../src/model/connection.ts'
import { kill } from '../support/processes.ts'
import { proxied, type TcpProxy } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

const context: ConnectContext = {
  secrets: () => '',
  home: homedir(),
  connectTimeout: 10,
  retry: { tries: 5, base: 20 },
  attempts: { tries: 7, base: 20 },
}
let sshd: Sshd
let proxy: TcpProxy
let endpoint: Endpoint
let names = 0
beforeAll(async () => {
  sshd = await startSshd('127.105.2.1', [`SetEnv HOME=/tmp`])
  ;({ proxy, endpoint } = await proxied(sshd, '127.105.2.2'))
})
afterAll(async () => {
  await proxy.stop()
  await sshd.stop()
})

/** A path of its own on the machine. */
const file = (name: string) => {
  names += 1
  return join(sshd.directory, `${name}-${names}`)
}
const text = (path: string) => readFile(path, 'utf8').catch(() => '')
async function using(
  work: (connection: Connection) => Promise<void>,
  more: Partial<ConnectContext> = {},
): Promise<void> {
  const connection = await openSsh(endpoint, { ...context, ...more })
  try {
    await work(connection)
  } finally {
    proxy.pass()
    for (const job of await connection.jobs('')) await job.cancel()
    await connection.close()
  }
}

const breaks: readonly (readonly [string, () => void])[] = [
  ['a reset', () => proxy.break('reset')],
  ['an end', () => proxy.break('end')],
  ["the death of the server's process", () => sshd.sessions().forEach(kill)],
]

describe.each(breaks)('row 2: %s', (_name, breakIt) => {
  test('a change under way is lost, is not done twice, and the next goes over a new connection', () =>
    using(async (connection) => {
      const path = file('change')
      const running = connection.exec(sh`echo once >>${path}; sleep 60`)
      await until(async () => (await text(path)) !== '', 'the change')
      const before = proxy.connections()
      breakIt()
      expect(await running).toMatchObject({ kind: 'lost' })
      expect(await connection.exec(sh`exit 3`)).toMatchObject({ kind: 'exit', code: 3 })
      expect(await text(path)).toBe('once\n')
      expect(proxy.connections() - before).toBe(1)
    }))
  test('a read that had said nothing is asked again, one that had is lost', () =>
    using(async (connection) => {
      const path = file('read')
      const lines: string[] = []
      const wait = sh.read`echo begun >>${path}; until [ -e ${path}.go ]; do sleep 0.02; done; echo answer`
      const silent = connection.exec(wait)
      await until(async () => (await text(path)) !== '', 'the first')
      const loud = connection.exec(sh.read`echo said; sleep 60`, { onLine: (line) => lines.push(line) })
      await until(() => lines.length === 1, 'the second')
      breakIt()
      expect(await loud).toMatchObject({ kind: 'lost', stdout: 'said\n' })
      await until(async () => (await text(path)) === 'begun\nbegun\n', 'the second try')
      await writeFile(`${path}.go`, '')
      expect(await silent).toMatchObject({ kind: 'exit', code: 0, stdout: 'answer\n' })
    }))
  test('a job goes on, was started once, and its own state decides', () =>
    using(async (connection) => {
      const path = file('job')
      const id = `faults/job/1/${names}`
      const command = sh`echo once >>${path}; until [ -e ${path}.go ]; do sleep 0.02; done; exit 7`
      const job = await connection.job(id, command)
      const ended = job.wait()
      breakIt()
      const same = await connection.job(id, command)
      breakIt()
      await writeFile(`${path}.go`, '')
      expect(await ended).toEqual({ kind: 'exit', code: 7 })
      expect(await same.wait()).toEqual({ kind: 'exit', code: 7 })
      expect(await text(path)).toBe('once\n')
    }))
})

test('row 2: who cannot be had again is unreachable after five tries, and nothing was sent', () =>
  using(
    async (connection) => {
      const path = file('never')
      const running = connection.exec(sh`echo x >${path}; sleep 60`)
      await until(async () => (await text(path)) !== '', 'the change')
      proxy.cutAfter('down', 0)
      proxy.break('reset')
      expect(await running).toMatchObject({ kind: 'lost' })
      const before = proxy.connections()
      const never = connection.exec(sh`echo x >${path}`)
      await expect(never).rejects.toMatchObject({ fault: 'unreachable', host: endpoint.name })
      expect([proxy.connections() - before, await text(path)]).toEqual([5 * 2, 'x\n'])
      proxy.pass()
      expect(await connection.exec(sh`exit 0`)).toMatchObject({ code: 0 })
    },
    { attempts: { tries: 2, base: 1 } },
  ))

describe('row 3: a black hole', () => {
  test('is noticed at its deadline, and others go on meanwhile', () =>
    using(
      async (connection) => {
        const other = await openSsh(sshd.endpoint, context)
        const path = file('hole')
        const running = connection.exec(sh`echo once >>${path}; sleep 60`)
        await until(async () => (await text(path)) !== '', 'the change')
        proxy.blackHole()
        const lost = running.then((end) => end.kind)
        let done = 0
        let state = 'under way'
        void lost.then((kind) => {
          state = kind
        })
        while (state === 'under way') {
          expect(await other.exec(sh`exit 0`)).toMatchObject({ code: 0 })
          done += 1
        }
        expect(state).toBe('lost')
        expect(done).toBeGreaterThan(10)
        await other.close()
      },
      { watchdog: 1.5 },
    ))
  test('a connection that stood idle in it is made anew, or is unreachable', () =>
    using(
      async (connection) => {
        await connection.exec(sh`exit 0`)
        proxy.blackHole()
        const open = proxy.open()
        await until(() => proxy.open() < open, 'the end of the connection')
        await expect(connection.exec(sh`exit 0`)).rejects.toMatchObject({ fault: 'unreachable' })
        proxy.pass()
        expect(await connection.exec(sh`exit 0`)).toMatchObject({ code: 0 })
      },
      { watchdog: 0.6, connectTimeout: 0.5, retry: { tries: 2, base: 1 } },
    ))
  test('an endpoint of ssh_config with ServerAliveInterval 1 and ServerAliveCountMax 1 notices it so', async () => {
    const connection = await openSsh({ ...endpoint, alive: { interval: 1, count: 1 } }, context)
    const path = file('silent')
    const running = connection.exec(sh`echo >${path}; sleep 60`)
    await until(async () => (await text(path)) !== '', 'the command')
    // A silent command is no fault as long as the other side answers the questions, one a second.
    for (let answers = 0; answers < 3; answers += 1) {
      const before = proxy.bytes.down
      await until(() => proxy.bytes.down > before, 'an answer')
    }
    proxy.blackHole()
    expect(await running).toMatchObject({ kind: 'lost', reason: expect.stringContaining('for 2 seconds') })
    proxy.pass()
    await connection.close()
  })
})

describe('row 4: a slow link', () => {
  test('only makes an upload slower: it takes three times the deadline of silence', () =>
    using(
      async (connection) => {
        const path = file('upload')
        await connection.exec(sh`exit 0`)
        proxy.throttle(100_000)
        const stored = await connection.put({ bytes: Buffer.alloc(600_000, 'x') }, path)
        expect(stored.size).toBe(600_000)
        expect((await text(path)).length).toBe(600_000)
      },
      { watchdog: 2 },
    ))
  test('that is so slow that the server opens no window for longer than the deadline of silence is alive', () =>
    using(
      async (connection) => {
        const path = file('upload')
        await connection.exec(sh`exit 0`)
        proxy.throttle(10_000)
        const before = proxy.connections()
        await connection.put({ bytes: Buffer.alloc(180_000, 'x') }, path)
        expect(proxy.connections()).toBe(before)
        expect((await text(path)).length).toBe(180_000)
      },
      { watchdog: 6 },
    ))
  test('that trickles is alive, however long an answer takes', () =>
    using(
      async (connection) => {
        await connection.exec(sh`exit 0`)
        proxy.throttle(150)
        const answer = await connection.exec(sh.read`head -c 300 /dev/zero | tr '\0' x; exit 4`)
        expect(answer).toMatchObject({ kind: 'exit', code: 4, stdout: 'x'.repeat(300) })
      },
      { watchdog: 2 },
    ))
  test('that brings the last words long after the exit status loses none of them', () =>
    using(
      async (connection) => {
        await connection.exec(sh`exit 0`)
        proxy.throttle(1000)
        await connection.put({ stream: () => small(), size: 40 }, file('slow'))
      },
      { watchdog: 60 },
    ))
  test('that brings the first words in pieces is logged in to', async () => {
    proxy.throttle(400)
    const opening = openSsh(endpoint, { ...context, connectTimeout: 60, attempts: { tries: 1, base: 1 } })
    const before = proxy.bytes.down
    await until(() => proxy.bytes.down - before > 60, 'the first words')
    proxy.pass()
    const connection = await opening
    expect(await connection.exec(sh`exit 3`)).toMatchObject({ code: 3 })
    await connection.close()
  })
  test('with a delay costs round trips, and no more', () =>
    using(async (connection) => {
      proxy.delay(150)
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) => connection.exec(sh.read`echo ${at}`)),
      )
      expect(answers.map((answer) => answer.stdout)).toEqual(Array.from({ length: 20 }, (_, at) => `${at}\n`))
    }))
})

describe('row 5: sshd is started anew', () => {
  test('sessions live on', () =>
    using(async (connection) => {
      const path = file('restart')
      const running = connection.exec(sh`until [ -e ${path} ]; do sleep 0.02; done; exit 5`)
      await sshd.down()
      expect(await connection.exec(sh`exit 0`)).toMatchObject({ code: 0 })
      await sshd.up()
      await writeFile(path, '')
      expect(await running).toMatchObject({ kind: 'exit', code: 5 })
    }))
  test('connects are tried again until it is back', async () => {
    await sshd.down()
    const opening = openSsh(sshd.endpoint, { ...context, attempts: { tries: 7, base: 400 } })
    const through = openSsh(endpoint, { ...context, attempts: { tries: 7, base: 400 } })
    const before = proxy.connections()
    await until(() => proxy.connections() > before, 'the first try')
    await sshd.up()
    for (const one of await Promise.all([opening, through])) {
      expect(await one.exec(sh`exit 0`)).toMatchObject({ code: 0 })
      await one.close()
    }
  })
})

async function* bytes(): AsyncGenerator<Buffer> {
  yield Buffer.alloc(40, 'y')
}
function small(): Readable {
  return Readable.from(bytes())
}
