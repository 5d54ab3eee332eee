import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bastions, keepBastions } from '../../src/connect/bastions.ts'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sshEndpoint } from '../../src/inventory/ssh-endpoint.ts'
import { sshFiles } from '../../src/inventory/ssh-files.ts'
import { sh } from '../../src/model/command.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { kill, lives } from '../support/processes.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

let bastion: Sshd
let left: Sshd
let right: Sshd
beforeAll(async () => {
  bastion = await startSshd('127.96.0.1')
  left = await startSshd('127.96.0.2')
  right = await startSshd('127.96.0.3')
})
afterAll(async () => {
  for (const one of [bastion, left, right]) await one.stop()
})

const calls = (sshd: Sshd) => sshd.log().match(/Connection from/g)?.length ?? 0
const logins = (sshd: Sshd) => sshd.log().match(/Accepted publickey/g)?.length ?? 0

async function world(work: (open: (endpoint: Endpoint) => ReturnType<typeof openSsh>) => Promise<void>) {
  const context: ConnectContext = { secrets: () => '', home: homedir(), retry: { tries: 5, base: 20 } }
  const bastions: Bastions = keepBastions((endpoint) => openSsh(endpoint, { ...context, bastions }))
  try {
    await work((endpoint) => openSsh(endpoint, { ...context, bastions }))
  } finally {
    await bastions.close()
  }
}

test('hosts behind a bastion share one connection to it, each has its own key checked', () =>
  world(async (open) => {
    const before = logins(bastion)
    const [one, two] = await Promise.all(
      [left, right].map(({ endpoint }) => open({ ...endpoint, jump: bastion.endpoint })),
    )
    expect(await one?.exec(sh`echo $SSH_CONNECTION`)).toMatchObject({
      stdout: expect.stringContaining(' 127.96.0.2 '),
    })
    expect(await two?.exec(sh`echo $SSH_CONNECTION`)).toMatchObject({
      stdout: expect.stringContaining(' 127.96.0.3 '),
    })
    expect(logins(bastion) - before).toBe(1)
    const stranger = { ...left.endpoint, knownHostsFiles: [right.knownHosts], jump: bastion.endpoint }
    await expect(open(stranger)).rejects.toMatchObject({ fault: 'host-key', host: left.endpoint.name })
    await one?.close()
    await two?.close()
  }))

test('a bastion with another host key than known is not used', () =>
  world(async (open) => {
    const before = [logins(bastion), calls(left)]
    const jump = { ...bastion.endpoint, knownHostsFiles: [right.knownHosts] }
    await expect(open({ ...left.endpoint, jump })).rejects.toMatchObject({
      fault: 'host-key',
      message: expect.stringContaining(`no way through ${bastion.endpoint.name}`),
    })
    expect([logins(bastion), calls(left)]).toEqual(before)
  }))

test('when the bastion dies, what was under way behind it is lost, and the next goes through a new one', () =>
  world(async (open) => {
    const before = logins(bastion)
    const connection = await open({ ...left.endpoint, jump: bastion.endpoint })
    const started = join(left.directory, 'started')
    const running = connection.exec(sh`echo >${started}; sleep 60`)
    await until(
      () =>
        readFile(started).then(
          () => true,
          () => false,
        ),
      'the start',
    )
    for (const pid of bastion.sessions()) kill(pid)
    expect(await running).toMatchObject({ kind: 'lost' })
    expect(await connection.exec(sh`echo again`)).toMatchObject({ kind: 'exit', stdout: 'again\n' })
    expect(logins(bastion) - before).toBe(2)
    await connection.close()
  }))

test('a chain of ssh_config: each hop by its own name, key and user', () =>
  world(async (open) => {
    const file = join(bastion.directory, 'config')
    const block = (name: string, { endpoint, userKey, knownHosts }: Sshd) =>
      `Host ${name}\n  HostName ${endpoint.address}\n  Port 2222\n  IdentityFile ${userKey}\n  UserKnownHostsFile ${knownHosts}\n`
    const text = [
      block('a', bastion),
      block('b', left),
      block('c', right),
      'Host c\n  ProxyJump a,b\nHost b\n  ProxyJump c\n',
    ]
    await writeFile(file, text.join(''), { mode: 0o600 })
    const controller = {
      user: 'root',
      uid: 0,
      home: homedir(),
      hostName: 'here',
      env: () => undefined,
      files: sshFiles(0),
    }
    const roots = [{ path: file, system: false, checked: true, wanted: true }]
    const { endpoint } = sshEndpoint('host c', 'c', [], roots, controller)
    const before = [bastion, left, right].map(logins)
    const connection = await open(endpoint)
    expect(await connection.exec(sh`echo $SSH_CONNECTION`)).toMatchObject({
      stdout: expect.stringContaining(' 127.96.0.3 '),
    })
    expect([bastion, left, right].map(logins)).toEqual(before.map((count) => count + 1))
    await connection.close()
    expect(() =>
      sshEndpoint('b', 'b', [], [{ ...roots[0], path: `${file}-loop` } as never], controller),
    ).toThrow('there is no such ssh_config')
  }))

test('a ProxyCommand is the connection, and ends with it', () =>
  world(async (open) => {
    const pidFile = join(bastion.directory, 'pid')
    const ssh = `ssh -F none -i ${bastion.userKey} -o UserKnownHostsFile=${bastion.knownHosts} -p 2222 -W ${left.endpoint.address}:2222 root@${bastion.endpoint.address}`
    const connection = await open({
      ...left.endpoint,
      proxyCommand: `sh -c 'echo $$ >${pidFile}; exec ${ssh}'`,
    })
    expect(await connection.exec(sh`echo through`)).toMatchObject({ stdout: 'through\n' })
    const pid = Number(await readFile(pidFile, 'utf8'))
    expect(lives(pid)).toBe(true)
    await connection.close()
    await until(() => !lives(pid), 'the end of the command')
  }))

test('nothing that a ProxyCommand started outlives the connection, deaf or not', () =>
  world(async (open) => {
    const pids = join(bastion.directory, 'pids')
    const ssh = `ssh -F none -i ${bastion.userKey} -o UserKnownHostsFile=${bastion.knownHosts} -p 2222 -W ${left.endpoint.address}:2222 root@${bastion.endpoint.address}`
    await writeFile(pids, '')
    const script = join(bastion.directory, 'way.sh')
    await writeFile(
      script,
      [
        `sh -c 'trap "" HUP TERM; echo $$ >>${pids}; while :; do sleep 1; done' &`,
        `sh -c 'echo $$ >>${pids}; exec sleep 300' &`,
        `cat | sh -c 'echo $$ >>${pids}; exec ${ssh}'`,
      ].join('\n'),
    )
    const connection = await open({ ...left.endpoint, proxyCommand: `sh ${script}` })
    expect(await connection.exec(sh`echo through`)).toMatchObject({ stdout: 'through\n' })
    const all = async () => (await readFile(pids, 'utf8')).trim().split('\n').map(Number)
    await until(async () => (await all()).length === 3, 'three of them')
    const started = await all()
    expect(started.every(lives)).toBe(true)
    await connection.close()
    await until(() => !started.some(lives), 'the end of them all')
  }))

test('a ProxyCommand that fails says why', () =>
  world(async (open) => {
    await expect(
      open({ ...left.endpoint, proxyCommand: 'sh -c "echo not today >&2; exit 3"' }),
    ).rejects.toMatchObject({ fault: 'unreachable', message: expect.stringContaining('not today') })
  }))
