import type { Held } from '../../src/modules/service.ts'
import * as service from '../../src/modules/service.ts'
import type { Place } from '../support/places.ts'
import { localPlace } from '../support/places.ts'
import { serverArgs as args, type ServiceMachine, startServiceMachine } from '../support/service-machine.ts'
import { type ChangeCase, changeContract } from './contract.ts'

let machine: ServiceMachine

/** The machine as the contract's place; the directories that it gives to its cases are not used. */
async function servicePlace(address: string): Promise<Place> {
  const { scratch, stop } = await localPlace()
  machine = await startServiceMachine(address)
  return {
    scratch,
    connection: () => machine.connection,
    stop: async () => {
      await machine.stop()
      await stop()
    },
  }
}

/** All of what starts services, as `seen` has it, but that a drop-in of ours which holds a unit is written anew, with a time of its own; what systemd knows of its units; how many servers run. */
const look = () =>
  machine.must(`cd /etc
find systemd init.d rc*.d rc.local cron.d '(' -type f ! -name zz-upgrade-fleet-hold.conf -printf '%y %m %U %G %p @%Ts\\n' -exec sha256sum {} + -o -printf '%y %m %U %G %p -> %l\\n' ')' 2>/dev/null | sort
cd /run; [ ! -d standin ] || grep -r . standin | sort
grep -lzsx '${args[1].slice(0, -1)}[${args[1].slice(-1)}]' /proc/[0-9]*/cmdline | wc -l`)

const unit = 'wso2.service'
const path = '/opt/am-old'
const drops = `/etc/systemd/system/${unit}.d`
const unheld: Held = { held: [], units: [], links: [], files: [] }

/** A unit that a boot starts and that restarts; then a script, and what systemd has loaded is what is there. */
const withUnit =
  (then = ':') =>
  async () => {
    await machine.reset(true)
    await machine.must(`printf '[Service]\\nExecStart=${path}/bin/wso2server.sh start\\nRestart=on-failure\\n' >/etc/systemd/system/${unit}
systemctl enable ${unit}; systemctl stop ${unit}; ${then}; systemctl daemon-reload`)
  }
const holdUnit = `mkdir ${drops}; printf '[Service]\\nRestart=no\\n' >${drops}/zz-upgrade-fleet-hold.conf; systemctl disable ${unit}`
const heldUnit: Held = { held: [unit], units: [{ unit, enabled: true }], links: [], files: [] }
const pointing = { unit, environment: { CARBON_HOME: '/opt/am-new' } }
const pointed = (text: string) =>
  withUnit(`mkdir ${drops}; printf '${text}' >${drops}/upgrade-fleet.conf; chmod 640 ${drops}/*`)

const units: readonly ChangeCase[] = [
  { name: 'a unit is started', prepare: withUnit(), action: () => service.start({ path }), look },
  {
    name: 'a unit is stopped',
    prepare: withUnit(`systemctl start ${unit}`),
    action: () => service.stop({ path }),
    already: { running: false },
    look,
  },
  {
    name: 'a unit is held',
    prepare: withUnit(),
    action: () => service.hold({ path }),
    already: unheld,
    look,
  },
  {
    name: 'a unit is released',
    prepare: withUnit(holdUnit),
    action: () => service.release(heldUnit),
    look,
  },
  {
    name: 'a unit is pointed at a home',
    prepare: withUnit(),
    action: () => service.pointTo(pointing),
    look,
  },
  {
    name: 'a unit that is pointed elsewhere is pointed at a home',
    prepare: pointed('[Service]\\nNice=5\\n'),
    action: () => service.pointTo(pointing),
    look,
  },
  {
    name: 'a unit is pointed back',
    prepare: pointed('[Service]\\nEnvironment="CARBON_HOME=/opt/am-new"\\n'),
    action: () => service.pointBack({ units: [unit] }),
    look,
  },
  {
    name: 'a unit with further drop-ins is pointed back',
    prepare: pointed(`[Service]\\nNice=5\\n' >${drops}/other.conf; printf '[Service]\\nNice=7\\n`),
    action: () => service.pointBack({ units: [unit] }),
    look,
  },
]

/** A script of init.d that a boot starts; then a script. */
const withScript =
  (then = ':') =>
  async () => {
    await machine.reset(false)
    await machine.must(`cp /run/init /etc/init.d/am; ln -s ../init.d/am /etc/rc2.d/S20am; ${then}`)
  }
/** Text with a line that starts it, in that file; then a script. */
const withLine =
  (file: string, line: string, then = ':') =>
  async () => {
    await machine.reset(false)
    await machine.must(`printf '#!/bin/sh\\n  ${line}\\nexit 0' >${file}; chmod 750 ${file}; ${then}`)
  }
const rcLocal = '/etc/rc.local'
const cron = '/etc/cron.d/am'
const heldLine: Held = { held: [cron], units: [], links: [], files: [cron] }
const link = '/etc/rc2.d/S20am'
const heldLink: Held = { held: [link], units: [], links: [{ link, to: '../init.d/am' }], files: [] }
const otherwise = {
  start: { argv: ['/run/server', args[0]] },
  stop: { argv: ['true'] },
}

const others: readonly ChangeCase[] = [
  {
    name: 'a script of init.d starts it',
    prepare: withScript(),
    action: () => service.start({ name: 'am', args }),
    look,
  },
  {
    name: 'a script of init.d stops it',
    prepare: withScript('/etc/init.d/am start'),
    action: () => service.stop({ name: 'am', args }),
    already: { running: false },
    look,
  },
  {
    name: 'links of init.d are held',
    prepare: withScript(),
    action: () => service.hold({ path }),
    already: unheld,
    look,
  },
  {
    name: 'links of init.d are released',
    prepare: withScript(`rm ${link}`),
    action: () => service.release(heldLink),
    look,
  },
  {
    name: 'a line of rc.local is held',
    prepare: withLine(rcLocal, `/run/server ${args[0]} &`),
    action: () => service.hold({ path }),
    already: unheld,
    look,
  },
  {
    name: 'a line of cron is released',
    prepare: withLine(
      cron,
      `@reboot root /run/server ${args[0]}`,
      `sed -i 's/^ *@/#upgrade-fleet-hold#   @/' ${cron}`,
    ),
    action: () => service.release(heldLine),
    look,
  },
  {
    name: 'what only a boot starts is started otherwise',
    prepare: withLine(rcLocal, `/run/server ${args[0]} &`),
    action: () => service.start({ path, args, otherwise }),
    look,
  },
  {
    name: 'what nobody starts is stopped otherwise',
    prepare: async () => {
      await machine.reset(false)
      await machine.must(`/run/server ${args[0]}`)
    },
    action: () => service.stop({ path, args, otherwise }),
    already: { running: false },
    look,
  },
]

changeContract('units, with a stand-in for systemctl', () => servicePlace('127.135.1.1'), units)
changeContract('services without systemd', () => servicePlace('127.135.1.2'), others)
