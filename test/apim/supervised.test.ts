import { describe, expect, test } from 'vitest'
import type { Server } from '../../src/apim/server.ts'
import { stopThrough, supervised, supervisionOf, takeOver } from '../../src/apim/supervised.ts'
import type { Action, On } from '../../src/model/action.ts'
import { foundIn } from '../../src/modules/service/find.ts'
import { pointingText } from '../../src/modules/service/hold.ts'
import { jvm, type Scripted, scriptedOn } from '../support/scripted-on.ts'

const home = '/opt/wso2/wso2am-1.9.1'
const unit = (id: string, more = 'UnitFileState=enabled\nActiveState=active\nRestart=on-failure\n') =>
  `Restart=on-failure\nId=${id}\nTriggeredBy=\nLoadState=loaded\n${more}\n`
const quiet = 'UnitFileState=disabled\nActiveState=inactive\nRestart=no\n'
const here = { name: 'gw1' }
const of = (said: string, under: readonly string[] = [], running = true) =>
  supervisionOf(here, foundIn(`${said}running\n`).supervisors, under, running)

describe('who starts a server (recorded answers of systemd: no PID 1 of our tests is one)', () => {
  test.each([
    ['a unit that it runs under', unit('wso2.service'), ['wso2.service'], 'wso2.service', 'wso2.service'],
    ['a unit of it that it does not run under', unit('wso2.service'), [], null, 'wso2.service'],
    [
      'two units of the home, of which one runs it',
      unit('wso2.service') + unit('backup.service'),
      ['wso2.service'],
      'wso2.service',
      'wso2.service',
    ],
    ['two units, and no telling', unit('a.service') + unit('b.service'), [], null, null],
    ['a unit that is off', unit('wso2.service', quiet), [], null, null],
    ['a script of init.d', 'init /etc/init.d/wso2\nlink /etc/rc3.d/S20wso2\n', [], '/etc/init.d/wso2', null],
    ['a line of rc.local', `line /etc/rc.local:${home}/bin/wso2server.sh start\n`, [], null, null],
  ])('%s', (_, said, under, manager, taken) => {
    const found = of(said, under)
    const by = found.manager?.kind === 'systemd' ? found.manager.unit : found.manager?.script
    expect([by ?? null, found.unit]).toEqual([manager, taken])
    expect(of(said, under, false).manager).toBeNull()
  })

  const machine =
    (said: string, standing: string): Scripted =>
    (text) => {
      if (text.includes('systemctl cat')) return standing
      if (text.includes('/etc/rc.local')) return `${said}running\n`
      return text.includes('/proc/[0-9]*/cmdline') ? jvm(home) : `${home}\n`
    }
  const look = (said: string, standing = '') =>
    read(supervised({ home }), scriptedOn(machine(said, standing)).on)

  test('is found with what would start it again', async () => {
    expect(await look(unit('wso2.service'), 'under wso2.service\n')).toEqual({
      awake: ['wso2.service (enabled, Restart=on-failure)'],
      manager: { kind: 'systemd', unit: 'wso2.service' },
      unit: 'wso2.service',
    })
  })

  test('is refused where it runs under a unit that is not its own, or where a person has to do it', async () => {
    await expect(
      look(unit('supervisord.service'), 'stranger supervisord.service\nunder supervisord.service\n'),
    ).rejects.toThrow(/does not name its home/)
    await expect(
      look(unit('wso2.service'), 'both wso2.service\nboth wso2.service\nunder wso2.service\n'),
    ).rejects.toThrow(/starts that of another home too[^\n]*\n[^\n]*wso2\.service: make one for each home$/)
    await expect(look(`line crontab:@reboot ${home}/bin/wso2server.sh start\n`)).rejects.toThrow(
      /only a person can hold/,
    )
  })
})

const server: Server = {
  home: '/opt/wso2/wso2am-3.0.0',
  version: '3.0.0',
  javaHome: '/opt/jdk8',
  address: '127.128.0.1',
  role: 'gateway-worker',
  flags: ['-Dprofile=gateway-worker'],
  wait: { start: 1, answer: 1, gap: 0 },
}

test('a unit is pointed at a new home so that nothing of its own environment leads to the old one', () => {
  const env =
    '"/usr/bin/env" "-u" "CARBON_HOME" "-u" "JAVACMD" "-u" "JAVA_OPTS" "-u" "JVM_MEM_OPTS" "JAVA_HOME=/opt/jdk8"'
  expect(pointingText(takeOver('wso2.service', server))).toBe(`[Service]
ExecStart=
ExecStart=${env} "/opt/wso2/wso2am-3.0.0/bin/wso2server.sh" "-Dprofile=gateway-worker" "start"
ExecStop=
ExecStop=${env} "/opt/wso2/wso2am-3.0.0/bin/wso2server.sh" "stop"
Type=forking
PIDFile=/opt/wso2/wso2am-3.0.0/wso2carbon.pid
WorkingDirectory=/opt/wso2/wso2am-3.0.0
SuccessExitStatus=143
`)
})

describe('a stop through a supervisor', () => {
  const manager = { kind: 'systemd', unit: 'wso2.service' } as const
  const stopped = async (pid: string, unitStops: boolean) => {
    let runs = true
    const told = scriptedOn((text) => {
      if (text.startsWith('readlink')) return `${server.home}\n`
      if (text.includes('wso2carbon.pid')) return pid
      if (text.includes('systemctl stop')) runs = !unitStops
      else if (text.includes('kill -s TERM')) runs = false
      return text.includes('/proc/[0-9]*/cmdline') && runs ? jvm(server.home) : ''
    })
    const { work, input } = stopThrough({ server, manager })
    if (work.kind !== 'change') throw new Error('it changes')
    const was = (await work.remember?.(told.on, input)) ?? null
    expect(await work.apply(told.on, input, was)).toMatchObject({ was: { by: manager } })
    return {
      ...told,
      through: told.asked.some((text) => text.includes('systemctl stop')),
      termed: told.asked.some((text) => text.includes('TERM')),
    }
  }

  test('asks it, and ends what it left', async () => {
    expect(await stopped('4242\n', true)).toMatchObject({ through: true, termed: false })
    expect(await stopped('4242\n', false)).toMatchObject({ through: true, termed: true })
    expect(await stopped('', true)).toMatchObject({ through: true })
    expect(await stopped('77\n', true)).toMatchObject({ through: true, said: [] })
  })

  test('does not ask it where the pid file names a process of somebody else: its stop would end that one', async () => {
    const { through, termed, said } = await stopped('77\n/usr/sbin/mariadbd --user=mysql\n', true)
    expect([through, termed]).toEqual([false, true])
    expect(said.join()).toMatch(/names pid 77, which is no server of it \(\/usr\/sbin\/mariadbd/)
  })
})

async function read<Out>({ work, input }: Action<Out>, on: On): Promise<Out> {
  if (work.kind !== 'observe') throw new Error('it reads')
  return work.read(on, input)
}
