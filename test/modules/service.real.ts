import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh, typed } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import * as service from '../../src/modules/service.ts'
import { type LocalOn, onOver, perform } from '../support/local-on.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

// A systemctl that keeps a unit's state in files, and answers `show` in systemd's own form.
const systemctl = `#!/bin/sh
s=/etc/systemd/system; v=$1; shift
while [ "$1" = -p ]; do shift 2; done; [ "$1" != -- ] || shift; u=$1
echo "$v $u" >>$s/calls
case $v in
show) d=$s/$u.d; l=not-found; [ ! -f $s/$u ] || l=loaded; r=$(sed -n 's/^Restart=//p' $s/$u $d/*.conf 2>/dev/null | tail -n 1)
printf 'Restart=%s\\nId=%s\\nTriggeredBy=\\nLoadState=%s\\nActiveState=%s\\nUnitFileState=%s\\nNeedDaemonReload=no\\n' "\${r:-no}" $u $l "$(cat $s/$u.active 2>/dev/null || echo inactive)" "$(cat $s/$u.enabled 2>/dev/null || echo disabled)" ;;
start) echo active >$s/$u.active ;;
stop) echo inactive >$s/$u.active ;;
is-enabled) [ "$u" != -q ] || { shift 2; u=$1; }; [ "$(cat $s/$u.enabled)" = enabled ] ;;
enable) echo enabled >$s/$u.enabled ;;
disable) echo disabled >$s/$u.enabled ;;
daemon-reload) ;;
esac
`

// A script of init.d that lies like those of servers: its stop returns before anything has ended.
const init = `#!/bin/sh
# starts /opt/am-old/bin/server.sh
case $1 in
start) setsid sh -c 'trap "exit 0" TERM; while :; do sleep 0.01; done' /opt/am-old/bin/server.sh -Dmark=$$ service-under-test </dev/null >/dev/null 2>&1 & ;;
stop) ;;
esac
`
const args = ['/opt/am-old/bin/server.sh', 'service-under-test']

let sshd: Sshd
let connection: Connection
let here: LocalOn
let task = 0

beforeAll(async () => {
  sshd = await startSshd('127.119.1.1', [], 2222, (directory) => {
    writeFileSync(join(directory, 'systemctl'), systemctl, { mode: 0o755 })
    const over = ['/etc/systemd/system', '/etc/init.d', '/etc/rc2.d', '/etc/cron.d', '/run/systemd']
    return [
      'unshare',
      '-m',
      'sh',
      '-ec',
      `for d in ${over.join(' ')}; do mkdir -p $d; mount -t tmpfs none $d; done; mkdir /run/systemd/system
mount --bind '${directory}/systemctl' /usr/bin/systemctl; exec "$@"`,
      'sh',
      '/usr/sbin/sshd',
    ]
  })
  connection = await openSsh(sshd.endpoint, { secrets: () => '', home: sshd.directory })
})
afterAll(async () => {
  await connection.close()
  await sshd.stop()
})
beforeEach(async () => {
  here = { ...onOver(connection, `p/h/t${++task}`), connection, dir: '', close: async () => {} }
  await must('rm -rf /etc/systemd/system/* /etc/init.d/* /etc/rc2.d/* /etc/cron.d/*')
})

const must = (text: string) => here.on.must(sh`${typed(text)}`)
const state = () =>
  must(
    "cd /etc; find systemd/system init.d rc2.d cron.d ! -type d ! -name calls -exec stat -c '%A %U %G %s %N' {} + -exec cat {} +",
  )

describe('a unit, with a stand-in for systemctl that answers in the form of systemd (which is not PID 1 here)', () => {
  beforeEach(async () => {
    await must(`cd /etc/systemd/system; printf '[Service]\nExecStart=/opt/am-old/bin/wso2server.sh start\nRestart=on-failure\n' >wso2.service
echo enabled >wso2.service.enabled; echo active >wso2.service.active`)
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
    expect(await must('grep -E "^(stop|start)" /etc/systemd/system/calls')).toBe(
      'stop wso2.service\nstart wso2.service\n',
    )
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
      "mkdir /etc/systemd/system/wso2.service.d; printf '[Service]\nNice=5\n' >/etc/systemd/system/wso2.service.d/upgrade-fleet.conf",
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
    await must('rmdir /run/systemd/system; rm -f /etc/init.d/am')
    await here.on.put({ text: init }, '/etc/init.d/am', { mode: 0o755 })
    await must('ln -s ../init.d/am /etc/rc2.d/S20am')
    return async () => {
      await perform(here, service.stop({ name: 'am', args }))
      await must('mkdir /run/systemd/system')
    }
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
