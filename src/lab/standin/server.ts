import { lookup } from 'node:dns/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { element, readText, versionOf } from './home.ts'
import { type Log, openLog } from './log.ts'
import { faulty, readSettings } from './settings.ts'

/** What the program's entry hands over: the process and its surroundings. */
export interface Machine {
  readonly args: readonly string[]
  /** What JAVA_TOOL_OPTIONS has. */
  readonly options?: string
  readonly program: string
  readonly pid: number
  readonly host: string
  say(line: string): void
  exit(code: number): never
  /** Starts the same program once more, with more arguments, on its own. */
  again(more: readonly string[]): void
  kill(): void
  onTerm(handler: () => void): void
}

/** A server of one home in one process. */
export interface Server {
  readonly machine: Machine
  readonly home: string
  readonly version: string
  readonly java: string
  readonly address: string
  readonly props: ReadonlyMap<string, string>
  readonly profile: string
  readonly log: Log
  /** Whether a fault of the lab is on for this host at this moment. */
  faulty(fault: string): boolean
  /** Waits as long as that many seconds of a real server are in the lab. */
  wait(seconds: number): Promise<void>
}

/** Reads the command line and the home that it names. */
export async function makeServer(machine: Machine): Promise<Server> {
  const props = properties(machine.args)
  const home = props.get('carbon.home') ?? ''
  const java = dirname(dirname(dirname(machine.program)))
  const version = versionOf(home)
  const on = (fault: string) => faulty(readSettings(java), machine.host, fault)
  return {
    machine,
    home,
    version,
    java,
    address: (await lookup(machine.host, 4)).address,
    props,
    profile: props.get('profile') ?? 'default',
    log: openLog(home, version, machine.say, on),
    faulty: on,
    wait: (seconds) => pause(seconds * 1000 * readSettings(java).pace),
  }
}

/** System properties as the real one takes them: the last one wins, and one without a value is `true`. */
export function properties(args: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    args
      .map((arg) => /^-D([^=]+)(?:=(.*))?$/s.exec(arg))
      .filter((match) => match !== null)
      .map((match) => [match[1] ?? '', match[2] ?? 'true'] as const),
  )
}

/** The name and version that the server gives itself: what `carbon.xml` says, true or not. */
export function saidVersion(server: Server): string {
  const xml = readText(server.home, 'repository/conf/carbon.xml') ?? ''
  const version = element(xml, 'Version') ?? server.version
  const wrong = server.version === '1.9.1' ? '2.0.0' : '1.9.1'
  return `${element(xml, 'Name') ?? 'WSO2 API Manager'}-${server.faulty('wrong-version-in-answer') ? wrong : version}`
}

/** How much is added to every port. */
export function portOffset(server: Pick<Server, 'home' | 'props'>): number {
  const xml = readText(server.home, 'repository/conf/carbon.xml') ?? ''
  return Number(server.props.get('portOffset') ?? element(xml, 'Offset') ?? 0) || 0
}

/** Whether this server has a part in a deployment: it runs that profile or all of them. */
export function plays(server: Server, ...profiles: readonly string[]): boolean {
  return server.profile === 'default' || profiles.includes(server.profile)
}

/** Whether the home has a folder for the profile that it was started with. */
export function knowsProfile(server: Server): boolean {
  return existsSync(join(server.home, 'repository/components', server.profile))
}

/** Whether the release is that one or newer. */
export function atLeast(server: Server, version: string): boolean {
  return server.version.localeCompare(version, 'en', { numeric: true }) >= 0
}

/** Whether a request gets no answer at all: the ports are open, and nobody is behind them. */
export function silent(server: Server): boolean {
  return server.faulty('oom-after-start') || server.faulty('answers-time-out')
}
