import { change, type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { findService, type Service, type Supervisor } from '../modules/service/find.ts'
import { awake, refuse, shown } from '../modules/service/hold.ts'
import { type Manager, managerOf, type Pointing, turning } from '../modules/service.ts'
import { ask, clock, linesOf, pauses } from '../modules/target.ts'
import { type Running, runningOf, type Started } from './control.ts'
import { waitHealthy } from './health.ts'
import { pidFile } from './pid-file.ts'
import { bootstrap, endServers, markLastStart, markLog, type Server, serversOf } from './server.ts'
import { withoutPassword, withPassword } from './vault.ts'

/** A home's server as a service: by what starts it, and by its virtual machines. */
export const serviceOf = (home: string): Service => ({ path: home, args: [bootstrap] })

/** Who starts a home's server by itself, who is to stop and start it now, and the unit that a new home takes over. */
export type Supervision = {
  readonly awake: readonly string[]
  readonly manager: Manager | null
  readonly unit: string | null
}

/**
 * Finds who starts a home's server again: WSO2's own units (`Restart=on-failure`) take the end of a stopped server for a
 * failure and start the old version, on databases that are half migrated; a reboot does the same. Throws {@link TaskError}
 * for what the upgrade cannot hold: a timer, the user's crontab, a unit that the server runs under and that is not its own, one
 * that starts the server of another home of the inventory (`others`) too.
 */
export const supervised = observe(
  'apim.supervised',
  async (on, { home, others = [] }: { home: string; others?: readonly string[] }): Promise<Supervision> => {
    const { supervisors } = await findService(on, serviceOf(home))
    const units = supervisors.flatMap((one) => (one.kind === 'systemd' ? [one.unit] : []))
    const pids = (await serversOf(on, home)).map(({ pid }) => pid)
    const scripts = supervisors.flatMap((one) => (one.kind === 'sysv' ? [one.script] : []))
    const { strangers, under, both } = await standing(on, { home, others, units, scripts, pids })
    if (strangers.length > 0)
      throw new TaskError(
        `The server of ${home} on ${on.name} runs under a unit that does not name its home, so that stopping it may stop more`,
        strangers.map(
          (unit) =>
            `${unit}: name the home in it, or stop it for good and start the server by its own script`,
        ),
      )
    if (both.length > 0)
      throw new TaskError(
        `What starts the server of ${home} on ${on.name} starts that of another home too, so that one cannot be stopped or taken over without the other`,
        both.map((one) => `${one}: make one for each home`),
      )
    refuse(on, supervisors.filter(awake))
    return supervisionOf(on, supervisors, under, pids.length > 0)
  },
)

/** What is to be done about the supervisors of a home: `under` are the units that its servers run under. */
export function supervisionOf(
  on: Pick<On, 'name'>,
  supervisors: readonly Supervisor[],
  under: readonly string[],
  running: boolean,
): Supervision {
  const units = supervisors.filter((one) => one.kind === 'systemd')
  const ours = units.filter(({ unit }) => under.includes(unit))
  const scripts = supervisors.filter((one) => one.kind === 'sysv')
  const manager = running ? managerOf(on, ours.length > 0 ? ours : scripts) : undefined
  const [only, ...more] = ours.length > 0 ? ours : units.filter(awake)
  return {
    awake: supervisors.filter(awake).map(shown),
    manager:
      manager === undefined
        ? null
        : manager.kind === 'systemd'
          ? { kind: 'systemd', unit: manager.unit }
          : { kind: 'sysv', script: manager.script },
    unit: only !== undefined && more.length === 0 ? only.unit : null,
  }
}

type Standing = {
  readonly home: string
  readonly others: readonly string[]
  readonly units: readonly string[]
  readonly scripts: readonly string[]
  readonly pids: readonly number[]
}

async function standing(on: On, { home, others, units, scripts, pids }: Standing) {
  const said = await on.must(
    sh.read`h=${home}; r=$(readlink -f -- "$h") || r=$h
for u in ${units}; do systemctl cat -- "$u" 2>/dev/null </dev/null | grep -qF -e "$h/" -e "$r/" || printf 'stranger %s\n' "$u"; done
for o in ${others}; do for u in ${units}; do ! systemctl cat -- "$u" 2>/dev/null </dev/null | grep -qF -e "$o/" || printf 'both %s\n' "$u"; done
for s in ${scripts}; do ! grep -v '^[[:space:]]*#' -- "$s" 2>/dev/null | grep -qF -e "$o/" || printf 'both %s\n' "$s"; done; done
for p in ${pids.map(String)}; do sed -n 's|^.*/\([^/]*\.service\)$|under \1|p' "/proc/$p/cgroup" 2>/dev/null | head -n 1; done`,
  )
  const of = (kind: string) =>
    linesOf(said).flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []))
  return { strangers: of('stranger'), under: of('under'), both: [...new Set(of('both'))] }
}

/** A gate: holds when the user who is become may hold supervisors, which is root's. */
export const mayHold = observe('apim.mayHold', async (on, { awake: found }: { awake: readonly string[] }) => {
  const { stdout } = await ask(on, sh.read`id -u`)
  if (stdout.trim() === '0') return { root: true }
  throw new TaskError(`${on.name}: only root can hold what starts the server by itself`, found)
})

type Input = { readonly server: Server; readonly manager: Manager }

/**
 * Stops a server through its supervisor, so that this does not take its end for a failure, and proves it gone as `apim.stop`
 * does. Undo starts it through it again and waits until it is healthy.
 */
export const stopThrough = change('apim.stopThrough', {
  async check(on, { server }: Input, was?: Running) {
    return (await serversOf(on, server.home)).length === 0 ? { was: was ?? null } : undefined
  },
  async remember(on, { server, manager }): Promise<Running> {
    const [first] = await serversOf(on, server.home)
    return first === undefined ? null : { ...runningOf(first.args), by: manager }
  },
  async apply(on, { server, manager }, was) {
    await stopBy(on, server, manager)
    return { was }
  },
  async undo(on, { server, manager }, was) {
    if (was === null) return
    const { since } = await startBy(on, server, manager)
    await waitHealthy(on, server, since)
  },
})

/** Starts a server through its supervisor, unless it runs. Undo stops it through it and proves it gone. */
export const startThrough = change('apim.startThrough', {
  async check(on, { server }: Input): Promise<Started | undefined> {
    const running = await serversOf(on, server.home)
    return running.length > 0 ? { since: await markLastStart(on, server.home) } : undefined
  },
  async remember(on, { server }) {
    return { since: await markLog(on, server.home) }
  },
  apply: (on, { server, manager }) => startBy(on, server, manager),
  async undo(on, { server, manager }) {
    await stopBy(on, server, manager)
    await withoutPassword(on, server.home)
  },
})

async function stopBy(on: On, { home }: Server, manager: Manager): Promise<void> {
  const servers = await serversOf(on, home)
  const named = await pidFile(on, home, servers)
  // Its stop signals whatever the pid file names: that a stranger has its number by now is not his fault.
  if (named.kind === 'foreign')
    on.say(
      `${home}/wso2carbon.pid names pid ${named.pid}, which is no server of it (${named.args}): the supervisor is not asked to stop it`,
    )
  else {
    const { code, stderr } = await ask(on, turning(manager, 'stop'), { timeout: 600 })
    if (code !== 0) on.say(`the stop of ${nameOf(manager)} exited ${code}: ${linesOf(stderr).at(-1) ?? ''}`)
  }
  await endServers(on, home)
}

async function startBy(on: On, server: Server, manager: Manager): Promise<Started> {
  const { home, vault, wait } = server
  if ((await serversOf(on, home)).length > 0) return { since: await markLastStart(on, home) }
  const since = await markLog(on, home)
  return withPassword(on, { home, vault, seconds: wait.start }, since, async () => {
    const { code, stderr } = await ask(on, turning(manager, 'start'), { timeout: 600 })
    if (code !== 0)
      throw new TaskError(
        `the start of ${nameOf(manager)} on ${on.name} exited ${code}`,
        linesOf(stderr).slice(-5),
      )
    // Scripts return before there is a virtual machine: what looks next must not start a second one.
    const end = clock() + comes
    const rest = pauses(on, 0.5)
    while ((await serversOf(on, home)).length === 0) {
      if (clock() > end)
        throw new TaskError(
          `${nameOf(manager)} on ${on.name} was started, and no server of ${home} came in ${comes} seconds`,
        )
      await rest()
    }
    return { since }
  })
}
/** Seconds in which a start has made a virtual machine. */
const comes = 60

const nameOf = (manager: Manager): string => (manager.kind === 'systemd' ? manager.unit : manager.script)

/**
 * How a unit is pointed at a new home. `env` comes last, so that nothing of the unit's own environment, nor of its files, leads
 * the script to the old home or to its Java; 143 is how a server ends that was told to (the start script's process model).
 */
export function takeOver(unit: string, { home, javaHome, flags }: Server): Pointing {
  const script = [
    '/usr/bin/env',
    ...['CARBON_HOME', 'JAVACMD', 'JAVA_OPTS', 'JVM_MEM_OPTS'].flatMap((name) => ['-u', name]),
    `JAVA_HOME=${javaHome}`,
    `${home}/bin/wso2server.sh`,
  ]
  return {
    unit,
    execStart: [...script, ...flags, 'start'],
    execStop: [...script, 'stop'],
    settings: {
      Type: 'forking',
      PIDFile: `${home}/wso2carbon.pid`,
      WorkingDirectory: home,
      SuccessExitStatus: '143',
    },
  }
}
