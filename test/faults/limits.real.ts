import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { keepTurns } from '../../src/connect/turns.ts'
import { sh } from '../../src/model/command.ts'
import { proxied } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const context: ConnectContext = { secrets: () => '', home: homedir() }
const count = (log: string, what: RegExp) => log.match(what)?.length ?? 0
let sshd: Sshd
beforeAll(async () => {
  sshd = await startSshd('127.105.6.1', ['MaxSessions 1', 'MaxStartups 2:50:4', 'SetEnv HOME=/tmp'])
})
afterAll(() => sshd.stop())

test('row 6: 20 clients of a server that takes 2 to 4 handshakes and one session are queued, and all is done', async () => {
  const turns = keepTurns()
  const connections = await Promise.all(
    Array.from({ length: 20 }, () => openSsh(sshd.endpoint, { ...context, turns })),
  )
  const answers = await Promise.all(
    connections.flatMap((connection) =>
      Array.from({ length: 5 }, (_, at) =>
        connection.exec(at % 2 === 0 ? sh.read`echo ${at}` : sh`echo ${at}`),
      ),
    ),
  )
  expect(answers.map((answer) => answer.stdout)).toEqual(answers.map((_, at) => `${at % 5}\n`))
  for (const connection of connections) await connection.close()
  const log = sshd.log()
  expect(count(log, /Accepted publickey/g)).toBe(20)
  expect(log).not.toMatch(/Failed|authentication failures/)
  // It did drop some: else this says nothing.
  expect(log).toMatch(/MaxStartups|drop connection|beginning MaxStartups/)
})

test('row 6: with one session a deadline is still kept, over a connection of its own', async () => {
  const connection = await openSsh(sshd.endpoint, context)
  const pid = join(sshd.directory, 'pid')
  expect(await connection.exec(sh`echo $$ >${pid}; sleep 60`, { timeout: 0.5 })).toMatchObject({
    kind: 'timeout',
  })
  const number = (await readFile(pid, 'utf8')).trim()
  expect(await connection.exec(sh.read`[ -e /proc/${number} ] && echo there || echo gone`)).toMatchObject({
    stdout: 'gone\n',
  })
  await connection.close()
})

test('of many clients of one machine at most 8 are in the handshake', async () => {
  const wide = await startSshd('127.105.6.2', ['MaxStartups 100', 'SetEnv HOME=/tmp'])
  const { proxy, endpoint } = await proxied(wide, '127.105.6.3')
  proxy.delay(20)
  const turns = keepTurns()
  let most = 0
  const look = setInterval(() => {
    // Those that are logged in are no handshakes any more.
    most = Math.max(most, proxy.open() - count(wide.log(), /Accepted publickey/g))
  }, 2)
  const opened = await Promise.all(Array.from({ length: 24 }, () => openSsh(endpoint, { ...context, turns })))
  clearInterval(look)
  expect(most).toBe(8)
  for (const one of opened) await one.close()
  await proxy.stop()
  await wide.stop()
})
