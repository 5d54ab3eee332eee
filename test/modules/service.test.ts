import { describe, expect, test } from 'vitest'
import { foundIn } from '../../src/modules/service/find.ts'
import { awake, commented, pointingText } from '../../src/modules/service/hold.ts'
import { managerOf, turning } from '../../src/modules/service.ts'

// What `systemctl show -p ...` prints: asked for in any order, told in systemd's own; one that it does not know is left out.
const wso2 = `Restart=on-failure
Id=wso2apim-gateway.service
TriggeredBy=
LoadState=loaded
ActiveState=active
UnitFileState=enabled
`
const held = `Restart=no
Id=wso2apim.service
LoadState=loaded
ActiveState=inactive
UnitFileState=disabled
`
const generated = `Restart=no
Id=wso2.service
LoadState=loaded
ActiveState=active
UnitFileState=generated
`
const missing = `Restart=no
Id=nothing.service
LoadState=not-found
ActiveState=inactive
UnitFileState=
`
const session = wso2.replace('wso2apim-gateway', 'ssh')
const timed = held.replace('LoadState', 'TriggeredBy=wso2apim.timer backup.path\nLoadState')
const here = { name: 'gw1' }

describe('who starts it, from recorded answers of systemctl (PID 1 is not systemd here)', () => {
  test.each([
    ['nothing', '', [], []],
    ['a unit that is enabled and restarts', `${wso2}\n`, ['wso2apim-gateway.service'], [true]],
    ['a unit that is off', `${held}\n`, ['wso2apim.service'], [false]],
    ['a unit that a timer starts', `${timed}\n`, ['wso2apim.service'], [true]],
    ['a unit that is not there', `${missing}\n`, [], []],
    ['sessions of people', `${session}\n`, [], []],
    ['the same unit twice', `${wso2}\n${wso2}\n`, ['wso2apim-gateway.service'], [true]],
    [
      'a script that systemd made a unit of',
      `init /etc/init.d/wso2\nlink /etc/rc2.d/S20wso2\n${generated}\n`,
      ['wso2.service'],
      [true],
    ],
    [
      'a script that a boot starts',
      'init /etc/init.d/wso2\nlink /etc/rc2.d/S20wso2\nlink /etc/rc3.d/S20wso2\n',
      ['/etc/init.d/wso2'],
      [true],
    ],
    ['a script that no boot starts', 'init /etc/init.d/wso2\n', ['/etc/init.d/wso2'], [false]],
    [
      'lines of tables',
      'line /etc/rc.local:su - wso2 -c "/opt/am/bin/wso2server.sh start"\nline crontab:@reboot /opt/am/bin/wso2server.sh start\n',
      ['/etc/rc.local', 'crontab'],
      [true, true],
    ],
  ])('%s', (_, said, names, wakes) => {
    const { supervisors } = foundIn(`${said}running\n`)
    const named = supervisors.map((one) =>
      one.kind === 'systemd' ? one.unit : one.kind === 'sysv' ? one.script : one.file,
    )
    expect(named).toEqual(names)
    expect(supervisors.map(awake)).toEqual(wakes)
  })

  test('stop and start go through it', () => {
    const of = (said: string) => managerOf(here, foundIn(`${said}running\n`).supervisors)
    const turned = (said: string, to: 'start' | 'stop') => {
      const manager = of(said)
      return manager && turning(manager, to).text
    }
    expect(turned(`${wso2}\n`, 'stop')).toBe('systemctl stop -- wso2apim-gateway.service')
    expect(turned('init /etc/init.d/wso2\n', 'start')).toContain('/etc/init.d/wso2 start')
    expect(of('line /etc/rc.local:x\n')).toBeUndefined()
    expect(() => of(`${wso2}\n${held}\n`)).toThrow(/Two start the same service on gw1/)
  })
})

test('a line of a table becomes a comment, and no other', () => {
  expect(commented('a\n  /opt/am start\nb\n', ['/opt/am start'])).toBe(
    'a\n#upgrade-fleet-hold#   /opt/am start\nb\n',
  )
})

test('a drop-in says what it is told, with nothing of it read by systemd as more', () => {
  const text = pointingText({
    unit: 'wso2.service',
    environment: { CARBON_HOME: '/opt/a b/%x"$y\\' },
    execStart: ['/opt/am/bin/wso2server.sh', '-Da=$b', 'start'],
    settings: { PIDFile: '/opt/am/wso2carbon.pid' },
  })
  expect(text).toBe(`[Service]
Environment="CARBON_HOME=/opt/a b/%%x\\"$y\\\\"
ExecStart=
ExecStart="/opt/am/bin/wso2server.sh" "-Da=$$b" "start"
PIDFile=/opt/am/wso2carbon.pid
`)
  expect(() => pointingText({ unit: 'x', environment: { A: 'b\nExecStart=evil' } })).toThrow(/one line/)
  expect(() => pointingText({ unit: 'x', settings: { 'A=b\n[Unit]': '' } })).toThrow(/cannot stand/)
})
