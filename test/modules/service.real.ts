import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as service from '../../src/modules/service.ts'
import { type LocalOn, onOver, perform } from '../support/local-on.ts'
import { serverArgs as args, type ServiceMachine, startServiceMachine } from '../support/service-machine.ts'

let machine: ServiceMachine
let here: LocalOn
let task = 0

beforeAll(async () => {
  machine = await startServiceMachine('127.119.1.1')
})
afterAll(() => machine.stop())
beforeEach(async () => {
  const { connection } = machine
  here = { ...onOver(connection, `p/h/t${++task}`), connection, dir: '', close: async () => {} }
})

const must = (text: string) => machine.must(text)
const state = () =>
  must(
    "cd /etc; find systemd/system init.d rc2.d cron.d ! -type d -exec stat -c '%A %U %G %s %N' {} + -exec cat {} +; cd /run; [ ! -d standin ] || grep -r . standin | sort",
  )

describe('a unit, with a stand-in for systemctl that answers in the form of systemd (which is not PID 1 here)', () => {
  beforeEach(async () => {
    await machine.reset(true)
    await must(`cd /etc/systemd/system; printf '[Service]\nExecStart=/opt/am-old/bin/wso2server.sh start\nRestart=on-failure\n' >wso2.service
systemctl enable wso2.service; systemctl start wso2.service; rm /run/calls`)
  })
  const path = '/opt/am-old'

  test('is found by what it starts, stopped through systemctl, and started again by undo', async () => {
    const { out } = await perform(here, service.find({ path }))
    expect(out.supervisors).toEqual([
      {
        kind: 'systemd',
        unit: 'wso2.service',
        active: 'active',
        enabled: 'enabled',
        restart: 'on-failure',
        triggeredBy: [],
      },
    ])
    const stop = await perform(here, service.stop({ path }))
    expect(stop).toMatchObject({ changed: true, out: { running: true } })
    expect(await perform(here, service.stop({ path }))).toMatchObject({ changed: false })
    await stop.undo()
    expect(await must('grep -E "^(stop|start)" /run/calls')).toBe('stop wso2.service\nstart wso2.service\n')
  })

  test('is held for a run and given back as it was', async () => {
    const before = await state()
    const held = await perform(here, service.hold({ path }))
    expect(held.out).toMatchObject({ held: ['wso2.service'] })
    const [unit] = (await perform(here, service.find({ name: 'wso2' }))).out.supervisors
    expect(unit).toMatchObject({ enabled: 'disabled', restart: 'no', active: 'active' })
    expect((await perform(here, service.hold({ path }))).changed).toBe(false)
    await held.undo()
    await held.undo()
    expect(await state()).toBe(before)
  })

  test('that was held is released by what is known of it, and held again by undo', async () => {
    const before = await state()
    const { out } = await perform(here, service.hold({ path }))
    const held = await state()
    const released = await perform(here, service.release(out))
    expect(await state()).toBe(before)
    expect((await perform(here, service.release(out))).changed).toBe(false)
    await released.undo()
    expect(await state()).toBe(held)
    await perform(here, service.release(out))
  })

  test('is pointed at a new home; what its drop-in said before comes back', async () => {
    await must(
      "mkdir /etc/systemd/system/wso2.service.d; printf '[Service]\nNice=5\n' >/etc/systemd/system/wso2.service.d/upgrade-fleet.conf; systemctl daemon-reload",
    )
    const before = await state()
    const pointing = { unit: 'wso2.service', environment: { CARBON_HOME: '/opt/am-new' } }
    const pointed = await perform(here, service.pointTo(pointing))
    expect(await must(`cat -- '${pointed.out.file}'`)).toBe(
      '[Service]\nEnvironment="CARBON_HOME=/opt/am-new"\n',
    )
    expect((await perform(here, service.pointTo(pointing))).changed).toBe(false)
    await pointed.undo()
    expect(await state()).toBe(before)
  })

  test('that is pointed for the first time has no drop-in after the undo', async () => {
    const before = await state()
    const pointed = await perform(
      here,
      service.pointTo({ unit: 'wso2.service', execStart: ['/opt/am-new/start'] }),
    )
    await pointed.undo()
    expect(await state()).toBe(before)
    expect(await must('ls -d /etc/systemd/system/*.d 2>/dev/null || echo none')).toBe('none\n')
  })
})

describe('a script of init.d, for real', () => {
  beforeEach(async () => {
    await machine.reset(false)
    await must('cp /run/init /etc/init.d/am; ln -s ../init.d/am /etc/rc2.d/S20am')
    return () => machine.reset(false)
  })

  test('is started and stopped through it, and proved by its processes', async () => {
    const start = await perform(here, service.start({ path: '/opt/am-old', args }))
    expect((await perform(here, service.find({ name: 'am', args }))).out.running).toHaveLength(1)
    expect((await perform(here, service.start({ name: 'am', args }))).changed).toBe(false)
    const stop = await perform(here, service.stop({ name: 'am', args }))
    expect((await perform(here, service.find({ name: 'am', args }))).out.running).toEqual([])
    await stop.undo()
    expect((await perform(here, service.find({ name: 'am', args }))).out.running).toHaveLength(1)
    await start.undo()
    expect((await perform(here, service.find({ name: 'am', args }))).out.running).toEqual([])
  })

  test('and a line of cron are held, and given back', async () => {
    await must("printf 'A=b\n@reboot root /opt/am-old/bin/server.sh start\n' >/etc/cron.d/am")
    const before = await state()
    const held = await perform(here, service.hold({ path: '/opt/am-old' }))
    expect(held.out).toMatchObject({ held: ['/etc/rc2.d/S20am', '/etc/cron.d/am'] })
    expect(await must('cat /etc/cron.d/am')).toContain('#upgrade-fleet-hold# @reboot')
    const released = await perform(here, service.release(held.out))
    expect(await state()).toBe(before)
    await released.undo()
    expect(await must('cat /etc/cron.d/am; ls /etc/rc2.d')).toMatch(
      /#upgrade-fleet-hold# @reboot[\s\S]*start\n$/,
    )
    await held.undo()
    expect(await state()).toBe(before)
  })

  test('what nobody starts wants to be told how', async () => {
    await must('rm -f /etc/rc2.d/* /etc/init.d/*')
    const odd = { path: '/opt/nowhere', args: ['nothing-has-this'] }
    await expect(perform(here, service.start(odd))).rejects.toThrow(/say how in `otherwise`/)
  })
})
