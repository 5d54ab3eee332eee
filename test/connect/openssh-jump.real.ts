import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bastions, keepBastions } from '../../src/connect/bastions.ts'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openConnection } from '../../src/connect/open.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection, Endpoint } from '../../src/model/connection.ts'
import { greeter } from '../support/greeter.ts'
import { kill, lives } from '../support/processes.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

let outer: Sshd
let inner: Sshd
let left: Sshd
let right: Sshd
beforeAll(async () => {
  outer = await startSshd('127.103.3.1')
  inner = await startSshd('127.103.3.2')
  left = await startSshd('127.103.3.3')
  right = await startSshd('127.103.3.4')
})
afterAll(async () => {
  for (const one of [outer, inner, left, right]) await one.stop()
})

const logins = (sshd: Sshd) => sshd.log().match(/Accepted publickey/g)?.length ?? 0
const calls = (sshd: Sshd) => sshd.log().match(/Connection from/g)?.length ?? 0
const over = (sshd: Sshd, more: Partial<Endpoint> = {}): Endpoint => ({
  ...sshd.endpoint,
  kind: 'openssh',
  ...more,
})
type Open = (endpoint: Endpoint) => Promise<Connection>

async function world(work: (open: Open) => Promise<void>, more: Partial<ConnectContext> = {}) {
  const context: ConnectContext = {
    secrets: () => '',
    home: homedir(),
    retry: { tries: 5, base: 20 },
    ...more,
  }
  const bastions: Bastions = keepBastions((endpoint) => openConnection(endpoint, { ...context, bastions }))
  try {
    await work((endpoint) => openConnection(endpoint, { ...context, bastions }))
  } finally {
    await bastions.close()
  }
}
const cameFrom = async (connection: Connection | undefined) => {
  const answer = await connection?.exec(sh`echo $SSH_CONNECTION`)
  return answer?.stdout.split(' ')[2]
}

test('hosts behind two bastions in a row share one connection to each, each hop by its own key', () =>
  world(async (open) => {
    const before = [outer, inner].map(logins)
    // A bastion that the inventory reaches over ssh2 is one of the ssh program for who needs that.
    const jump: Endpoint = { ...inner.endpoint, jump: outer.endpoint }
    const [one, two] = await Promise.all([left, right].map((to) => open(over(to, { jump }))))
    expect(await cameFrom(one)).toBe('127.103.3.3')
    expect(await cameFrom(two)).toBe('127.103.3.4')
    expect([outer, inner].map(logins)).toEqual(before.map((count) => count + 1))
    const stranger = over(left, { knownHostsFiles: [right.knownHosts], jump })
    await expect(open(stranger)).rejects.toMatchObject({
      fault: 'host-key',
      host: left.endpoint.name,
      message: expect.stringContaining('is not known: ssh-ed25519'),
    })
    await one?.close()
    await two?.close()
  }))

test('a host of ssh2 behind a bastion that wants a certificate', () =>
  world(async (open) => {
    const authority = join(outer.directory, 'authority')
    const key = join(outer.directory, 'certified')
    for (const file of [authority, key])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'x', '-n', 'root', `${key}.pub`], {
      stdio: 'ignore',
    })
    const wanting = await startSshd('127.103.3.5', [`TrustedUserCAKeys ${authority}.pub`])
    try {
      const jump = over(wanting, { privateKeyFile: key })
      const connection = await open({ ...left.endpoint, jump })
      expect(await cameFrom(connection)).toBe('127.103.3.3')
      await connection.close()
    } finally {
      await wanting.stop()
    }
  }))

test('a bastion with another host key than known is not used', () =>
  world(async (open) => {
    const before = [logins(outer), calls(left)]
    const jump = over(outer, { knownHostsFiles: [right.knownHosts] })
    await expect(open(over(left, { jump }))).rejects.toMatchObject({
      fault: 'host-key',
      message: expect.stringContaining(`no way through ${outer.endpoint.name}`),
    })
    expect([logins(outer), calls(left)]).toEqual(before)
  }))

test('a host that does not answer behind its bastion is unreachable, and tried once', () =>
  world(async (open) => {
    const dead = { ...over(left, { jump: outer.endpoint }), hostKeyAlias: 'left', port: 2299 }
    const known = join(left.directory, 'known-left')
    await writeFile(known, `left ${left.hostKey}\n`)
    await expect(open({ ...dead, knownHostsFiles: [known] })).rejects.toMatchObject({
      fault: 'unreachable',
      message: expect.stringMatching(/is not reachable through host-127.103.3.1: .*refused by peer/),
    })
  }))

test('accept-new behind a bastion stores the key by its own name', () =>
  world(
    async (open) => {
      const known = join(left.directory, 'fresh')
      const connection = await open(over(left, { knownHostsFiles: [known], jump: outer.endpoint }))
      expect(await cameFrom(connection)).toBe('127.103.3.3')
      expect(await readFile(known, 'utf8')).toContain('[127.103.3.3]:2222 ssh-ed25519 ')
      await connection.close()
    },
    { hostKeyChecking: 'accept-new' },
  ))

test('when the bastion dies, what was under way behind it is lost, and the next goes through a new one', () =>
  world(async (open) => {
    const before = logins(outer)
    const connection = await open(over(left, { jump: outer.endpoint }))
    const started = join(left.directory, 'started')
    const running = connection.exec(sh`echo >${started}; exec sleep 60`)
    await until(
      () =>
        readFile(started).then(
          () => true,
          () => false,
        ),
      'the start',
    )
    for (const pid of outer.sessions()) kill(pid)
    expect(await running).toMatchObject({ kind: 'lost' })
    expect(await connection.exec(sh`echo again`)).toMatchObject({ kind: 'exit', stdout: 'again\n' })
    expect(logins(outer) - before).toBe(2)
    await connection.close()
  }))

test('a ProxyCommand is the connection, and ends with it', () =>
  world(async (open) => {
    const pidFile = join(outer.directory, 'pid 100%h')
    const ssh = `ssh -F none -i ${outer.userKey} -o UserKnownHostsFile=${outer.knownHosts} -p 2222 -W 127.103.3.3:2222 root@127.103.3.1`
    const proxyCommand = `sh -c 'echo $$ >"${pidFile}"; exec ${ssh}'`
    const connection = await open(over(left, { proxyCommand }))
    expect(await connection.exec(sh`echo through`)).toMatchObject({ stdout: 'through\n' })
    const pid = Number(await readFile(pidFile, 'utf8'))
    expect(lives(pid)).toBe(true)
    await connection.close()
    await until(() => !lives(pid), 'the end of the command')
  }))

test('a ProxyCommand that fails says why', () =>
  world(async (open) => {
    const failing = open(over(left, { proxyCommand: 'sh -c "echo not today >&2; exit 3"' }))
    await expect(failing).rejects.toMatchObject({
      fault: 'unreachable',
      message: expect.stringContaining('not today'),
    })
  }))

test('what calls from a machine: an answer, a refusal, a loss', () =>
  world(async (open) => {
    const connection = await open(over(left))
    const service = await greeter('127.103.3.9', 'hello')
    const socket = await connection.dial('127.103.3.9', service.port)
    expect(Buffer.concat(await socket.toArray()).toString()).toBe('hello')
    await service.stop()
    await expect(connection.dial('127.103.3.9', service.port)).rejects.toMatchObject({
      fault: 'refused',
      message: expect.stringContaining('Connection refused'),
    })
    await connection.close()
    await expect(connection.dial('127.103.3.9', service.port)).rejects.toMatchObject({
      fault: 'unreachable',
    })
  }))
