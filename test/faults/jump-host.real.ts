import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bastions, keepBastions } from '../../src/connect/bastions.ts'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { keepTurns } from '../../src/connect/turns.ts'
import { sh } from '../../src/model/command.ts'
import type { Connection, Endpoint } from '../../src/model/connection.ts'
import { proxied, type TcpProxy } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { until } from '../support/until.ts'

// Row 35: the machine in the middle dies. Four hosts are behind it, one is not.
const tries = 3
const context: ConnectContext = {
  secrets: () => '',
  home: homedir(),
  turns: keepTurns(),
  connectTimeout: 5,
  retry: { tries, base: 20 },
  attempts: { tries: 1, base: 1 },
}
let bastion: Sshd
let host: Sshd
let proxy: TcpProxy
let jump: Endpoint
let bastions: Bastions
let behind: Connection[]
let beside: Connection
beforeEach(async () => {
  bastion = await startSshd('127.105.35.1', ['SetEnv HOME=/tmp'])
  host = await startSshd('127.105.35.2', ['SetEnv HOME=/tmp'])
  ;({ proxy, endpoint: jump } = await proxied(bastion, '127.105.35.3'))
  bastions = keepBastions((endpoint) => openSsh(endpoint, { ...context, bastions }))
  behind = await Promise.all(
    Array.from({ length: 4 }, (_, at) =>
      openSsh({ ...host.endpoint, name: `host ${at}`, jump }, { ...context, bastions }),
    ),
  )
  beside = await openSsh(host.endpoint, context)
})
afterEach(async () => {
  for (const one of [...behind, beside]) await one.close()
  await bastions.close()
  await proxy.stop()
  await bastion.stop()
  await host.stop()
})
const at = (name: string) => join(host.directory, name)
const text = (name: string) => readFile(at(name), 'utf8').catch(() => '')
async function running(): Promise<readonly ReturnType<Connection['exec']>[]> {
  const all = behind.map((one, number) => one.exec(sh`echo x >>${at(`run-${number}`)}; sleep 60`))
  await until(
    async () => (await Promise.all(all.map((_, number) => text(`run-${number}`)))).every(Boolean),
    'all',
  )
  return all
}

test('what was under way is lost host by host, each is unreachable after bounded tries, the others go on', async () => {
  const commands = await running()
  const before = proxy.connections()
  proxy.cutAfter('down', 0)
  proxy.break('reset')
  for (const one of commands) expect(await one).toMatchObject({ kind: 'lost' })
  const next = await Promise.all(behind.map((one) => one.exec(sh`exit 0`).catch((error: unknown) => error)))
  next.forEach((error, number) => {
    expect(error).toMatchObject({ fault: 'unreachable', host: `host ${number}` })
    expect(error).toMatchObject({ message: expect.stringContaining(`no way through ${jump.name}`) })
  })
  // The tries of one connection that is shared, not those of each host times those.
  expect(proxy.connections() - before).toBeLessThanOrEqual(2 * tries)
  expect(await beside.exec(sh`exit 0`)).toMatchObject({ code: 0 })
  proxy.pass()
  const again = await Promise.all(behind.map((one) => one.exec(sh`exit 0`)))
  expect(again.map((end) => end.kind)).toEqual(behind.map(() => 'exit'))
})

test('one that comes back is called once for all, and jobs have gone on', async () => {
  const jobs = await Promise.all(
    behind.map((one, number) =>
      one.job(
        `faults/jump/1/${number}`,
        sh`until [ -e ${at('go')} ]; do sleep 0.02; done; exit ${String(number)}`,
      ),
    ),
  )
  const ends = jobs.map((job) => job.wait())
  const before = proxy.connections()
  proxy.break('end')
  await writeFile(at('go'), '')
  expect(await Promise.all(ends)).toEqual(behind.map((_, code) => ({ kind: 'exit', code })))
  expect(proxy.connections() - before).toBe(1)
})

test('one that goes silent is noticed, and what is behind it does not wait for an end that never comes', async () => {
  for (const one of behind) await one.close()
  await bastions.close()
  const quick = { ...context, watchdog: 1, connectTimeout: 0.5, patience: 0.5 }
  const others: Bastions = keepBastions((endpoint) =>
    openSsh(endpoint, { ...quick, watchdog: 600, connectTimeout: 5 }),
  )
  behind = [
    await openSsh(
      { ...host.endpoint, name: 'host 0', jump },
      { ...quick, connectTimeout: 5, bastions: others },
    ),
  ]
  const [command] = await running()
  proxy.blackHole()
  expect(await command).toMatchObject({ kind: 'lost' })
  await others.close()
})
