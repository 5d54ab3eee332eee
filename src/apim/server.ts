import semver from 'semver'
import type { On } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import type { Secret } from '../model/secret.ts'
import { type Process, signal, withArguments } from '../modules/process.ts'
import { clock, holds, pauses } from '../modules/target.ts'
import { flagsOf, type Role } from './roles.ts'
import type { Node, OldNode } from './schemas.ts'

/** All that there is to know of one server to start, stop and ask it. */
export type Server = {
  readonly home: string
  readonly version: string
  readonly javaHome: string
  readonly address: string
  /** What is added to each of its ports; missing in what earlier versions wrote, and where it is nothing. */
  readonly offset?: number
  readonly role: Role
  readonly flags: readonly string[]
  /** Seconds: for a start, for an answer after it, between two answers, and of answers without a break. */
  readonly wait: {
    readonly start: number
    readonly answer: number
    readonly gap: number
    readonly min_healthy?: number
  }
  /** What secure vault is to be told at a start, where the home uses it. */
  readonly vault?: Secret
}

/** Where the home of a version is, on every machine. */
export const homeOf = (base: string, version: string): string => `${base}/wso2am-${version}`

/** Where the migration home of a version is: clients run in it, and nothing is ever served from it. */
export const migrationHomeOf = (base: string, version: string): string =>
  `${base}/migration/wso2am-${version}`

/** The server of a version that the upgrade puts on a host. */
export function newServer(host: Host<Node>, role: Role, version: string): Server {
  const { apim_base, java_home, apim_address, apim_health, apim_vault_password: vault } = host.vars
  const { apim_port_offset: offset = 0 } = host.vars
  return {
    home: homeOf(apim_base, version),
    version,
    javaHome: java_home,
    address: apim_address,
    ...(offset > 0 && { offset }),
    role,
    flags: flagsOf(role, version),
    wait: apim_health,
    ...(vault && { vault }),
  }
}

/** The server that a host has now. */
export function oldServer(host: Host<OldNode>, role: Role, version: string): Server {
  return { ...newServer(host, role, version), home: host.vars.apim_home }
}

/**
 * Starts a server through its script. What the caller's environment says of homes and Java is kept out. The scripts of
 * 1.x drop flags that come with `start`, so there the flags go to the virtual machine through JAVA_OPTS.
 */
export function startCommand({ home, version, javaHome, flags }: Server, out: string): Command {
  const old = semver.lt(version, '2.0.0')
  const opts = old ? flags.join(' ') : ''
  const args = old ? [] : flags
  return sh`cd -- ${`${home}/bin`} && env -u CARBON_HOME -u JAVACMD -u JVM_MEM_OPTS JAVA_HOME=${javaHome} JAVA_OPTS=${opts} setsid ./wso2server.sh ${args} start </dev/null >${out} 2>&1`
}

/** The virtual machines that run from this home, whether a link was followed or not. More than one is possible on 1.x. */
export async function serversOf(on: Pick<On, 'must'>, home: string): Promise<readonly Process[]> {
  const real = (await on.must(sh.read`readlink -f -- ${home} || printf '%s\n' ${home}`)).trim()
  const found = new Map<number, Process>()
  for (const path of new Set([home, real]))
    for (const process of await withArguments(on, [`-Dcarbon.home=${path}`, bootstrap]))
      found.set(process.pid, process)
  return [...found.values()]
}

/** The virtual machines of all homes on the machine, each with its home. */
export async function allServers(
  on: Pick<On, 'must'>,
): Promise<readonly (Process & { readonly home: string })[]> {
  const found = await withArguments(on, [bootstrap])
  return found.flatMap((process) => {
    const home = process.args.find((arg) => arg.startsWith('-Dcarbon.home='))?.slice('-Dcarbon.home='.length)
    return home === undefined ? [] : [{ ...process, home }]
  })
}

/** The class that every server's virtual machine runs. */
export const bootstrap = 'org.wso2.carbon.bootstrap.Bootstrap'

/** Flags that give a server its part, and that it must be started with again; no others are kept (some hold secrets). */
export function flagsIn(args: readonly string[]): readonly string[] {
  const kept = ['-Dprofile=', '-DworkerNode=', '-DportOffset=', '-DserverRoles=']
  // The script's own default comes first on the command line; the last one wins in the virtual machine.
  const last = new Map(
    args.flatMap((arg) => kept.filter((flag) => arg.startsWith(flag)).map((flag) => [flag, arg] as const)),
  )
  last.delete(last.get('-DworkerNode=') === '-DworkerNode=false' ? '-DworkerNode=' : '')
  return [...last.values()]
}

/**
 * Ends the virtual machines of a home and proves them gone: TERM, and KILL for those that do not end in time; those that come
 * meanwhile too. None found once is not gone, for what is forked during a look is not in it: two looks in a row must find none.
 */
export async function endServers(on: On, home: string, seconds = 180): Promise<number> {
  const told = new Set<string>()
  const nameOf = ({ pid, started }: Process) => `${pid} ${started}`
  const end = clock() + seconds
  let first: number | undefined
  let killed = false
  let none = 0
  const rest = pauses(on)
  for (;;) {
    const left = await serversOf(on, home)
    first ??= left.length
    if (left.length === 0 && none++ > 0) return first
    const fresh = left.filter((process) => !told.has(nameOf(process)))
    if (fresh.length > 0 && told.size > 0)
      on.say(`${home}: pid ${fresh[0]?.pid} was started while it was stopped, and is ended too`)
    for (const process of fresh) {
      told.add(nameOf(process))
      await signal(on, process, killed ? 'KILL' : 'TERM')
    }
    if (left.length === 0) continue
    none = 0
    if (clock() > end + 30)
      throw new TaskError(`${home} on ${on.name}: process ${left[0]?.pid} does not end`, [
        `${told.size} processes were told to end since the stop began`,
      ])
    if (clock() > end && !killed) {
      killed = true
      on.say(`${home}: still there after ${seconds} seconds, killed`)
      for (const process of left) await signal(on, process, 'KILL')
    }
    await rest()
  }
}

/** Where the log stood: its inode and size, so that only what comes after is this start's part, even if it is rotated. */
export type LogMark = { readonly inode: number; readonly offset: number }

const logs = (home: string) => `${home}/repository/logs`

/** Where the log stands now; zeros when there is none. */
export async function markLog(on: Pick<On, 'must'>, home: string): Promise<LogMark> {
  const said = await on.must(
    sh.read`stat -c '%i %s' -- ${`${logs(home)}/wso2carbon.log`} 2>/dev/null || echo '0 0'`,
  )
  const [inode, offset] = said.trim().split(' ').map(Number)
  return { inode: inode ?? 0, offset: offset ?? 0 }
}

// A pattern that no line has, for when nothing is to be left out: an empty one would leave out everything.
const nothing = '\u0001upgrade-fleet\u0001'

/** Where the newest start in the log begins. */
export async function markLastStart(on: Pick<On, 'must'>, home: string): Promise<LogMark> {
  const log = `${logs(home)}/wso2carbon.log`
  const said = await on.must(
    sh.read`[ -f ${log} ] || { echo '0 0'; exit 0; }
at=$(grep -abF 'Starting WSO2 Carbon...' ${log} | tail -n 1 | cut -d : -f 1)
printf '%s %s\n' "$(stat -c %i ${log})" "$(( at + 0 ))"`,
  )
  const [inode, offset] = said.trim().split(' ').map(Number)
  return { inode: inode ?? 0, offset: offset ?? 0 }
}

/** This start's lines that hold one of the texts and none of `without`, at most the first `max`; lines are cut at 1,000 characters. */
export async function logLines(
  on: Pick<On, 'must'>,
  home: string,
  { inode, offset }: LogMark,
  texts: readonly string[],
  max = 400,
  without: readonly string[] = [],
): Promise<readonly string[]> {
  const said = await on.must(
    sh.read`cd -- ${logs(home)} 2>/dev/null || exit 0
{ old=$(find . -maxdepth 1 -name 'wso2carbon*' -inum ${inode} | head -n 1)
  now=$(stat -c %i wso2carbon.log 2>/dev/null || :)
  if [ -n "$old" ]; then tail -c +${offset + 1} -- "$old"; fi
  if [ -n "$now" ] && { [ -z "$old" ] || [ "$now" != ${inode} ]; }; then cat wso2carbon.log; fi
} | grep -aF ${texts.flatMap((text) => ['-e', text])} | grep -avF -e ${nothing} ${without.flatMap((text) => ['-e', text])} | cut -c 1-1000 | head -n ${max}; :`,
  )
  return said.split('\n').filter((line) => line !== '')
}

/** Whether the machine has the home at all. */
export const homeExists = (on: On, home: string): Promise<boolean> =>
  holds(on, sh.read`test -f ${`${home}/bin/wso2server.sh`}`)
