import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { halt, start, stop } from '../../src/apim/control.ts'
import { quiet } from '../../src/apim/fence.ts'
import { bootstrap, type Server } from '../../src/apim/server.ts'
import { startThrough, stopThrough } from '../../src/apim/supervised.ts'
import { changeContract } from '../modules/contract.ts'
import { forthContract } from '../modules/contract-forth.ts'
import { localPlace, type Place } from '../support/places.ts'
import { kill } from '../support/processes.ts'

const address = '127.136.1.1'
const answering = createServer((_request, response) => response.end('WSO2 API Manager-3.0.0'))
beforeAll(() => new Promise<void>((resolve) => answering.listen(9763, address, resolve)))
afterAll(() => {
  answering.closeAllConnections()
  answering.close()
})

// A stand-in for a home's script: its virtual machine is a shell that waits, and shows the arguments of one.
const script = `#!/bin/sh
h=$(cd "$(dirname "$0")/.." && pwd); log=$h/repository/logs/wso2carbon.log
case " $* " in
*' start '*) flags=; for a; do case $a in -D*) flags="$flags $a" ;; esac; done
echo 'INFO - Starting WSO2 Carbon...' >>"$log"
sh -c 'read -r nothing <"$0"' "$h/never" "-Dcarbon.home=$h" $flags ${bootstrap} </dev/null >/dev/null 2>&1 &
echo $! >"$h/wso2carbon.pid"; until grep -qzsx ${bootstrap} /proc/$!/cmdline; do :; done
echo 'INFO - WSO2 Carbon started in 1 sec' >>"$log" ;;
*' stop '*) kill -TERM "$(cat "$h/wso2carbon.pid")" ;;
esac
`

const home = (dir: string) => join(dir, 'wso2am-3.0.0')
const serverIn = (dir: string): Server => ({
  home: home(dir),
  version: '3.0.0',
  javaHome: '/usr',
  address,
  role: 'key-manager',
  flags: ['-Dprofile=api-key-manager'],
  wait: { start: 20, answer: 20, gap: 0, min_healthy: 0 },
})
const manager = (dir: string) => ({ kind: 'sysv', script: join(dir, 'am') }) as const

/** A home, a script as of init.d for it, and its server running or not. */
const withHome = (runs: boolean) => (dir: string) => {
  for (const part of ['bin', 'repository/logs']) mkdirSync(join(home(dir), part), { recursive: true })
  execFileSync('mkfifo', [join(home(dir), 'never')])
  writeFileSync(join(home(dir), 'repository/logs/wso2carbon.log'), 'INFO - of another start\n')
  const program = join(home(dir), 'bin/wso2server.sh')
  writeFileSync(program, script)
  writeFileSync(
    join(dir, 'am'),
    `#!/bin/sh\nexec '${program.replaceAll("'", "'\\''")}' -Dprofile=api-key-manager "$1"\n`,
  )
  for (const each of [program, join(dir, 'am')]) chmodSync(each, 0o755)
  if (runs) execFileSync(join(dir, 'am'), ['start'], { stdio: 'ignore' })
}

function machines(below: string): readonly { readonly pid: number; readonly args: readonly string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const args = commandLine(name)
      return args.includes(bootstrap) && args.some((arg) => arg.startsWith(`-Dcarbon.home=${below}`))
        ? [{ pid: Number(name), args }]
        : []
    })
}
function commandLine(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/**
 * What is compared of a server: its virtual machines, each with its arguments, and whether its pid file names one of them. Not
 * its log, which tells of each start and only grows; nor the pid, which each start has anew; nor the file of what has ended.
 */
const look = (dir: string) =>
  machines(home(dir))
    .map(({ pid, args }) => {
      const named = readFileSync(join(home(dir), 'wso2carbon.pid'), 'utf8').trim() === `${pid}`
      return `${args
        .filter((arg) => arg.startsWith('-D'))
        .map((arg) => arg.replace(dir, ''))
        .join(' ')} ${named}`
    })
    .join('\n')

/** This machine; whatever server still runs at the end is ended. */
async function place(): Promise<Place> {
  const made = await localPlace()
  return {
    ...made,
    stop: async () => {
      for (const { pid } of machines(made.scratch)) kill(pid)
      await made.stop()
    },
  }
}

const through = (dir: string) => ({ server: serverIn(dir), manager: manager(dir) })
// Where it began is found in its log; and the real path of the home is looked up apart.
const trips = { starts: 3, stops: 2 }
changeContract('servers, of a stand-in', place, [
  {
    name: 'start',
    prepare: withHome(false),
    action: (dir) => start({ server: serverIn(dir) }),
    trips: trips.starts,
    look,
  },
  {
    name: 'stop',
    prepare: withHome(true),
    action: (dir) => stop({ server: serverIn(dir) }),
    already: { was: null },
    trips: trips.stops,
    look,
  },
  {
    name: 'started through a script',
    prepare: withHome(false),
    action: (dir) => startThrough(through(dir)),
    trips: trips.starts,
    look,
  },
  {
    name: 'stopped through a script',
    prepare: withHome(true),
    action: (dir) => stopThrough(through(dir)),
    already: { was: null },
    trips: trips.stops,
    look,
  },
])

forthContract('servers that stay stopped', place, [
  {
    name: 'halt',
    prepare: withHome(true),
    action: (dir) => halt({ server: serverIn(dir) }),
    already: { ended: 0 },
    trips: trips.stops,
    look,
  },
  {
    name: 'quiet',
    prepare: withHome(true),
    action: (dir) => quiet({ home: home(dir) }),
    already: { ended: 0 },
    unchecked: async () => undefined,
    look,
  },
])
