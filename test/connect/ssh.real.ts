import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection, Endpoint } from '../../src/model/connection.ts'
import { connectionContract, freshContract, type Subject } from '../contracts/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { kill, lives } from '../support/processes.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { sshSubject } from '../support/subject.ts'
import { until } from '../support/until.ts'

const context: ConnectContext = { secrets: (one) => `value of ${one.name}`, home: homedir() }

let used = 10
const next = () => {
  used += 1
  return used
}
const subject = (extra: readonly string[] = []): Promise<Subject> =>
  sshSubject((endpoint) => openSsh(endpoint, context), `127.79.0.${next()}`, extra)

connectionContract('ssh', () => subject())
connectionContract('ssh with two channels at most', () => subject(['MaxSessions 2']))
freshContract('ssh', () => subject())

describe('ssh', () => {
  let sshd: Sshd
  const open = (endpoint: Partial<Endpoint> = {}, more: Partial<ConnectContext> = {}): Promise<Connection> =>
    openSsh({ ...sshd.endpoint, ...endpoint }, { ...context, ...more })
  const using = async (
    work: (connection: Connection) => Promise<void>,
    more: Partial<ConnectContext> = {},
  ) => {
    const connection = await open({}, more)
    try {
      await work(connection)
    } finally {
      await connection.close()
    }
  }
  const break_ = () => {
    for (const pid of sshd.sessions()) kill(pid)
  }
  beforeAll(async () => {
    sshd = await startSshd('127.79.0.10')
  })
  afterAll(() => sshd.stop())

  describe('host keys', () => {
    const other = () => {
      const file = join(sshd.directory, `other-${next()}`)
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
      return execFileSync('cut', ['-d', ' ', '-f', '1,2', `${file}.pub`], { encoding: 'utf8' }).trim()
    }
    const rsa = () => {
      const file = join(sshd.directory, `rsa-${next()}`)
      execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-N', '', '-f', file])
      return execFileSync('cut', ['-d', ' ', '-f', '1,2', `${file}.pub`], { encoding: 'utf8' }).trim()
    }
    const host = '[127.79.0.10]:2222'
    const cases: readonly (readonly [string, () => string, RegExp])[] = [
      [
        'an empty file',
        () => '',
        /is not known: ssh-ed25519 SHA256:\S+,[\s\S]*hostkeys trust host-127.79.0.10/,
      ],
      ['another machine only', () => `127.79.0.99 ${sshd.hostKey}`, /is not known/],
      ['another port only', () => `127.79.0.10 ${sshd.hostKey}`, /is not known/],
      [
        'another key',
        () => `# note\n${host} ${other()}`,
        /has changed: it shows ssh-ed25519 SHA256:\S+, and \S+:2 has[\s\S]*ssh-keygen -R/,
      ],
      ['a key of another type', () => `${host} ${rsa()}`, /has changed: it has no key of a type/],
      ['a revoked key', () => `${host} ${sshd.hostKey}\n@revoked * ${sshd.hostKey}`, /is revoked/],
      [
        'an authority',
        () => `@cert-authority * ${sshd.hostKey}`,
        /is not known[\s\S]*ansible_connection: openssh/,
      ],
      ['a negated pattern', () => `!${host},* ${sshd.hostKey}`, /is not known/],
      ['a broken line', () => `${host} ssh-ed25519 AAAA`, /is not known/],
    ]
    test.each(cases)('%s: refused before anybody logs in', async (_name, text, message) => {
      const file = join(sshd.directory, `known-${next()}`)
      await writeFile(file, text())
      const before = sshd.log().length
      const error = await open({ knownHostsFiles: [file] }).catch((cause: unknown) => cause)
      expect(error).toMatchObject({ fault: 'host-key', message: expect.stringMatching(message) })
      await until(() => /\[preauth\]/.test(sshd.log().slice(before)), 'the end of the attempt in the log')
      expect(sshd.log().slice(before)).not.toMatch(/publickey|Accepted|Failed/)
    })
    test('a file that cannot be read: refused before anybody calls', async () => {
      const before = sshd.log().length
      const error = await open({ knownHostsFiles: [sshd.directory] }).catch((cause: unknown) => cause)
      expect(error).toMatchObject({ fault: 'host-key' })
      expect(sshd.log().slice(before)).not.toMatch(/Connection from/)
    })
    test('a hashed name, in the second file', async () => {
      const hashed = join(sshd.directory, 'hashed')
      await writeFile(hashed, await readFile(sshd.knownHosts))
      execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' })
      await (await open({ knownHostsFiles: [join(sshd.directory, 'missing'), hashed] })).close()
    })
  })

  describe('logging in', () => {
    test('another key is refused, and not tried again', async () => {
      const file = join(sshd.directory, 'stranger')
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
      const before = sshd.log().length
      const error = await open({ privateKeyFile: file }).catch((cause: unknown) => cause)
      expect(error).toMatchObject({ fault: 'auth', message: expect.stringContaining(file) })
      await until(() => /preauth/.test(sshd.log().slice(before)), 'the end of the attempt in the log')
      expect(
        sshd
          .log()
          .slice(before)
          .match(/Connection from/g),
      ).toHaveLength(1)
    })
    test('a key with a passphrase asks for the agent', async () => {
      const file = join(sshd.directory, 'locked')
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', file])
      await expect(open({ privateKeyFile: file })).rejects.toMatchObject({
        fault: 'auth',
        message: expect.stringContaining(`ssh-add ${file}`),
      })
    })
    test('a key file that does not exist', async () => {
      await expect(open({ privateKeyFile: '/none' })).rejects.toMatchObject({ fault: 'auth' })
    })
    test('the agent is asked for one key', async () => {
      const socket = join(sshd.directory, 'agent')
      const said = execFileSync('ssh-agent', ['-a', socket], { encoding: 'utf8' })
      try {
        const env = { ...process.env, SSH_AUTH_SOCK: socket }
        execFileSync('ssh-add', ['-q', sshd.userKey], { env, stdio: 'ignore' })
        const { privateKeyFile: _, ...bare } = sshd.endpoint
        const connection = await openSsh(bare, { ...context, home: sshd.directory, agent: socket })
        expect(await connection.exec(sh`exit 5`)).toMatchObject({ code: 5 })
        await connection.close()
      } finally {
        kill(Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]))
      }
    })
    test('nobody listens', async () => {
      await expect(open({ port: 2299 })).rejects.toMatchObject({ fault: 'unreachable' })
    })
    test('somebody listens who says nothing', async () => {
      const { createServer } = await import('node:net')
      const silent = createServer((socket) => socket.on('error', () => undefined))
      await new Promise<void>((resolve) => silent.listen(2298, '127.79.0.10', resolve))
      const before = performance.now()
      await expect(open({ port: 2298 }, { connectTimeout: 0.5 })).rejects.toMatchObject({
        fault: 'unreachable',
      })
      expect(performance.now() - before).toBeLessThan(10_000)
      silent.close()
    })
  })

  describe('a lost connection', () => {
    test('leaves what was sent lost, and serves the next call', () =>
      using(
        async (connection) => {
          const started = join(sshd.directory, 'started')
          const running = connection.exec(sh`: >${started}; sleep 2`)
          await until(
            () =>
              readFile(started).then(
                () => true,
                () => false,
              ),
            'the command to run',
          )
          break_()
          expect(await running).toMatchObject({ kind: 'lost' })
          expect(await connection.exec(sh`exit 0`)).toMatchObject({ kind: 'exit', code: 0 })
        },
        { retry: { tries: 5, base: 20 } },
      ))
    test('a job goes on; waiting for it does too, and its log is whole', () =>
      using(
        async (connection) => {
          const go = join(sshd.directory, 'go')
          const job = await connection.job(
            'lost/a/1/job',
            sh`echo one; until [ -e ${go} ]; do sleep 0.02; done; echo two; exit 6`,
          )
          const lines: string[] = []
          const waiting = job.wait({ onLine: (line) => lines.push(line) })
          await until(() => lines.length === 1, 'the first line')
          break_()
          await writeFile(go, '')
          expect(await waiting).toEqual({ kind: 'exit', code: 6 })
          expect(lines).toEqual(['one', 'two'])
        },
        { retry: { tries: 5, base: 20 } },
      ))
    test('a machine that stays away is unreachable, and its host key is asked again', () =>
      using(
        async (connection) => {
          const text = await readFile(sshd.knownHosts)
          try {
            await writeFile(sshd.knownHosts, '')
            break_()
            await until(
              () =>
                connection.exec(sh`exit 0`).then(
                  () => false,
                  (error: { fault?: string }) => error.fault === 'host-key',
                ),
              'the refusal',
            )
          } finally {
            await writeFile(sshd.knownHosts, text)
          }
        },
        { retry: { tries: 2, base: 20 } },
      ))
    test('a peer that is frozen is noticed', () =>
      using(
        async (connection) => {
          await connection.exec(sh`exit 0`)
          const frozen = sshd.sessions()
          for (const pid of frozen) process.kill(pid, 'SIGSTOP')
          expect(await connection.exec(sh`exit 0`, { timeout: 30 })).toMatchObject({ kind: 'lost' })
          for (const pid of frozen) kill(pid)
        },
        { watchdog: 0.5, retry: { tries: 2, base: 20 } },
      ))
  })

  describe('files', () => {
    test('a file that is cancelled leaves nothing', () =>
      using(async (connection) => {
        const directory = join(sshd.directory, 'cancelled')
        await mkdir(directory)
        const stop = new AbortController()
        const source = { stream: () => halfOf(200_000), size: 400_000 }
        const putting = connection.put(source, join(directory, 'file'), { signal: stop.signal })
        await until(async () => (await readdir(directory)).length === 1, 'the temporary file')
        stop.abort()
        await expect(putting).rejects.toMatchObject({ name: 'ConnectionError' })
        expect(await readdir(directory)).toEqual([])
      }))
    test('a full disk is said so, and nothing is left', () =>
      using(async (connection) => {
        const directory = join(sshd.directory, 'full')
        await mkdir(directory)
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', directory])
        try {
          await expect(
            connection.put(
              { bytes: Buffer.alloc(5_000_000, 'echo not a command\n') },
              join(directory, 'file'),
            ),
          ).rejects.toMatchObject({ fault: 'io', message: expect.stringContaining('No space left') })
          expect(await readdir(directory)).toEqual([])
          expect(await connection.exec(sh`exit 0`)).toMatchObject({ code: 0 })
        } finally {
          execFileSync('umount', [directory])
        }
      }))
  })

  describe('login shells', () => {
    test("what rc files print is nobody else's output", async () => {
      const home = await mkdtemp(join(fastDirectory(), 'upgrade-fleet-rc-'))
      await writeFile(join(home, '.bashrc'), 'echo noise; echo noise >&2; printf half\n')
      const noisy = await startSshd('127.79.0.8', [`SetEnv HOME=${home}`])
      try {
        const connection = await openSsh(noisy.endpoint, context)
        expect(await connection.exec(sh`echo out; echo err >&2`)).toMatchObject({
          stdout: 'out\n',
          stderr: 'err\n',
        })
        await connection.close()
      } finally {
        await noisy.stop()
        await rm(home, { recursive: true })
      }
    })
    test('an account that may not have a shell is told so', async () => {
      const closed = await startSshd('127.79.0.7', ['ForceCommand echo "No shell for you."; exit 1'])
      try {
        const connection = await openSsh(closed.endpoint, context)
        await expect(connection.exec(sh`true`)).rejects.toMatchObject({
          fault: 'refused',
          message: expect.stringContaining('No shell for you.'),
        })
        await connection.close()
      } finally {
        await closed.stop()
      }
    })
  })

  test('cancelling a job ends its children, the deaf ones too', () =>
    using(async (connection) => {
      const file = (name: string) => join(sshd.directory, name)
      const deaf = sh`sh -c 'trap "" TERM; echo $$ >'${file('deaf')}'; while :; do sleep 0.1; done' & echo $$ >${file('job')}; sleep 1003`
      const job = await connection.job('cancel/a/1/deaf', deaf)
      const pids = async () =>
        Promise.all(['deaf', 'job'].map((name) => readFile(file(name), 'utf8').then(Number, () => 0)))
      await until(async () => (await pids()).every((pid) => pid > 0), 'their pids')
      await job.cancel()
      for (const pid of await pids()) expect(lives(pid)).toBe(false)
      expect(await job.wait()).toEqual({ kind: 'cancelled' })
    }))
})

/** A stream that gives some bytes and then nothing for ever. */
function halfOf(size: number): Readable {
  let given = false
  return new Readable({
    read() {
      if (given) return
      given = true
      this.push(Buffer.alloc(size))
    },
  })
}
