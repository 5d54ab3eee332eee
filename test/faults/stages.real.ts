import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection, Endpoint } from '../../src/model/connection.ts'
import { lives } from '../support/processes.ts'
import { proxied, type TcpProxy } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

// Row 32: a deadline in each stage. That of the key exchange and the login is in handshake-cuts.real.ts, at every byte.
const context: ConnectContext = {
  secrets: () => '',
  home: homedir(),
  connectTimeout: 1,
  patience: 1,
  retry: { tries: 1, base: 1 },
}
let sshd: Sshd
let proxy: TcpProxy
let endpoint: Endpoint
const stopped: number[] = []
beforeEach(async () => {
  sshd = await startSshd('127.105.32.1', ['SetEnv HOME=/tmp'])
  ;({ proxy, endpoint } = await proxied(sshd, '127.105.32.2'))
})
afterEach(async () => {
  go()
  await proxy.stop()
  await sshd.stop()
})

/** Suspends processes, as the peer's kernel goes on answering for them. */
function freeze(...pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  stopped.push(...pids)
}
function go(): void {
  for (const pid of stopped.splice(0)) if (lives(pid)) process.kill(pid, 'SIGCONT')
}
const open = () => openSsh(endpoint, { ...context, connectTimeout: 3 })
/** A command that runs for ever, once it does; says its pid too. */
async function endless(connection: Connection, timeout: number) {
  const file = join(sshd.directory, `pid-${Math.random()}`)
  const result = connection.exec(sh`echo $$ >${file}.new && mv ${file}.new ${file}; sleep 1000 & wait`, {
    timeout,
  })
  const read = () => readFile(file, 'utf8').then(Number, () => 0)
  await until(async () => (await read()) > 0, 'the command')
  return { result, pid: await read() }
}

test('before the banner: unreachable at the deadline, and not tried again', async () => {
  freeze(sshd.pid())
  await expect(openSsh(endpoint, context)).rejects.toMatchObject({
    fault: 'unreachable',
    message: expect.stringContaining('not logged in within 1 seconds'),
  })
  expect(proxy.connections()).toBe(1)
})

test('after the login: no shell, so nothing was sent; once it goes on, the same connection serves', async () => {
  const connection = await open()
  freeze(...sshd.sessions())
  const file = join(sshd.directory, 'never')
  await expect(connection.exec(sh`echo x >${file}`)).rejects.toMatchObject({
    fault: 'unreachable',
    message: expect.stringContaining('nothing was sent: no answer within 1 seconds'),
  })
  go()
  expect(await connection.exec(sh`[ -e ${file} ]`)).toMatchObject({ kind: 'exit', code: 1 })
  expect(proxy.connections()).toBe(1)
  await connection.close()
})

test('during a command: its session is ended over another connection, and proved dead', async () => {
  const connection = await open()
  const { result, pid } = await endless(connection, 1)
  freeze(...sshd.sessions())
  expect(await result).toMatchObject({ kind: 'timeout', seconds: 1 })
  expect(lives(pid)).toBe(false)
  expect(proxy.connections()).toBe(2)
  await connection.close()
})

test('during a command, with nobody there who could end it: unknown', async () => {
  const connection = await open()
  const { result, pid } = await endless(connection, 1)
  freeze(sshd.pid(), ...sshd.sessions())
  expect(await result).toMatchObject({
    kind: 'lost',
    reason: expect.stringContaining('could not be ended'),
  })
  expect(lives(pid)).toBe(true)
  await connection.close()
})

test('a command that is suspended itself is ended at its deadline', async () => {
  const connection = await open()
  const { result, pid } = await endless(connection, 1)
  freeze(pid)
  expect(await result).toMatchObject({ kind: 'timeout' })
  expect(lives(pid)).toBe(false)
  await connection.close()
})
