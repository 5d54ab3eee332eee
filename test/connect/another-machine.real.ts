import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { machineWith, type Sshd, startSshd } from '../support/sshd.ts'
import { type Switch, startSwitch } from '../support/switch.ts'
import { until } from '../support/until.ts'

const name = '127.106.0.10'
let one: Sshd
let other: Sshd
let twin: Sshd
let dns: Switch
let endpoint: Endpoint
beforeAll(async () => {
  one = await startSshd('127.106.0.11', [], 2222, machineWith('1'.repeat(32)))
  other = await startSshd(
    '127.106.0.12',
    [`HostKey ${one.directory}/host`],
    2222,
    machineWith('2'.repeat(32)),
  )
  twin = await startSshd('127.106.0.13', [], 2222, machineWith('1'.repeat(32)))
  for (const { directory } of [other, twin])
    writeFileSync(join(directory, 'authorized_keys'), readFileSync(join(one.directory, 'user.pub')))
  dns = await startSwitch(name, 2222, one.endpoint.address)
  const known = [one, other, twin].map((sshd) => `[${name}]:2222 ${sshd.hostKey}\n`)
  writeFileSync(join(one.directory, 'all'), known.join(''))
  endpoint = {
    ...one.endpoint,
    name: 'api1',
    address: name,
    knownHostsFiles: [join(one.directory, 'all')],
    workdir: join(one.directory, 'work'),
  }
})
afterAll(async () => {
  await dns.close()
  for (const sshd of [one, other, twin]) await sshd.stop()
})
beforeEach(() => dns.to(one.endpoint.address))

const open = () => openSsh(endpoint, { secrets: () => '', home: homedir(), retry: { tries: 5, base: 20 } })

test('a connection says which machine it is, once it has said anything', async () => {
  const connection = await open()
  expect(connection.who()).toBeUndefined()
  await connection.exec(sh.read`:`)
  const who = connection.who()
  expect(who).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    key: expect.stringMatching(/^ssh-ed25519 SHA256:/),
  })
  dns.cut()
  const again = async () => (await connection.exec(sh.read`echo on`)).stdout === 'on\n'
  await until(again, 'it is connected anew')
  expect(connection.who()).toEqual(who)
  await connection.close()
})

const others: readonly (readonly [string, () => Sshd, RegExp])[] = [
  ['another machine-id', () => other, /api1: .*ended at another machine: its machine-id/],
  ['another host key, which is known too', () => twin, /it shows the host key ssh-ed25519 SHA256.*and had/],
]
test.each(others)(
  'made anew and at %s: nothing is done there, whatever is asked',
  async (_what, server, message) => {
    const connection = await open()
    const mark = join(one.directory, 'mark')
    await connection.exec(sh.read`:`)
    const fails = expect.objectContaining({
      fault: 'another-machine',
      message: expect.stringMatching(message),
    })
    const anew = async (work: () => Promise<unknown>) => {
      dns.to(server().endpoint.address)
      dns.cut()
      const refused = () =>
        connection.exec(sh.read`:`).then(
          () => false,
          () => true,
        )
      await until(refused, 'the loss is seen')
      await expect(work()).rejects.toEqual(fails)
      expect(existsSync(mark)).toBe(false)
    }
    await anew(() => connection.exec(sh`echo >${mark}`))
    await anew(() => connection.put({ text: 'x' }, mark))
    await anew(() => connection.job('r/t/1/j', sh`echo >${mark}`))
    await anew(() => connection.dial(one.endpoint.address, 2222))
    // Back at the right one, it goes on.
    dns.to(one.endpoint.address)
    expect(await connection.exec(sh`echo back`)).toMatchObject({ stdout: 'back\n' })
    await connection.close()
  },
)
