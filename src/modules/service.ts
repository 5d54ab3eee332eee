import { type Action, change, type On, observe } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { answerOf, commandOf, failure, type Line } from './command/line.ts'
import { endAll } from './processes.ts'
import {
  type Found,
  findService,
  type InitScript,
  type Service,
  type Supervisor,
  type Unit,
} from './service/find.ts'
import { ask, linesOf } from './target.ts'

export type { Found, Supervisor } from './service/find.ts'
export { type Held, hold, type Pointing, pointTo } from './service/hold.ts'
export { pointBack, release } from './service/release.ts'

/**
 * Who starts a service: units of systemd, scripts of init.d, lines of rc.local and cron; none of them where a person does. Reads.
 *
 * @example
 * service.find({ name: 'wso2am', path: '/opt/wso2/wso2am-3.0.0' })
 */
export const find = observe(
  'service.find',
  (on, service: Service): Promise<Found> => findService(on, service),
  {
    steady: ({ supervisors }) => supervisors,
  },
)

/** A service, and how it is stopped and started where neither systemd nor init.d does it. */
export type Managed = Service & {
  readonly otherwise?: { readonly start: Line; readonly stop: Line }
  /** Seconds to end in, and again to be killed; default 180. */
  readonly timeout?: number
}

/** Whether it ran before. */
export type Was = { readonly running: boolean }

/**
 * Stops a service through whoever supervises it, and proves it gone: by its unit, and by its processes where `args` names them. Undo starts it if it ran.
 *
 * @example
 * service.stop({ name: 'wso2am' })
 */
export const stop = change<Managed, Was, Was>('service.stop', {
  async check(on, service, was) {
    return runs(await findService(on, service)) ? undefined : (was ?? { running: false })
  },
  async remember(on, service) {
    return { running: runs(await findService(on, service)) }
  },
  async apply(on, service, was) {
    await turn(on, service, 'stop')
    return was
  },
  async undo(on, service, { running }) {
    if (running) await turn(on, service, 'start')
  },
})

/**
 * Starts a service through whoever supervises it, unless it runs. Undo stops it. Whether it is well is for `waitFor` to see.
 *
 * @example
 * service.start({
 *   name: 'wso2am',
 *   otherwise: { start: { argv: ['/opt/wso2/bin/start'] }, stop: { argv: ['/opt/wso2/bin/stop'] } },
 * })
 */
export const start = change<Managed, Was, Was>('service.start', {
  async check(on, service, was) {
    return runs(await findService(on, service)) ? (was ?? { running: true }) : undefined
  },
  async remember() {
    return { running: true }
  },
  async apply(on, service, was) {
    await turn(on, service, 'start')
    return was
  },
  async undo(on, service) {
    await turn(on, service, 'stop')
  },
})

/**
 * Restarts a service through whoever supervises it. Undo does it again: what is undone before it may be its configuration.
 *
 * @example
 * service.restart({ name: 'haproxy' })
 */
export const restart = (service: Managed): Action<void> => again(service)
const again = change<Managed, void>('service.restart', {
  async apply(on, service) {
    await turn(on, service, 'stop')
    await turn(on, service, 'start')
  },
  async undo(on, service) {
    await turn(on, service, 'stop')
    await turn(on, service, 'start')
  },
})

/** States of a unit in which it runs something, or is about to. */
export const up: readonly string[] = ['active', 'activating', 'reloading', 'deactivating']
const runs = ({ supervisors, running }: Found): boolean =>
  running.length > 0 || supervisors.some((one) => one.kind === 'systemd' && up.includes(one.active))

/** What can stop and start a service. */
export type Manager = Pick<Unit, 'kind' | 'unit'> | Pick<InitScript, 'kind' | 'script'>

/** The one that stops and starts it: systemd before init.d. Throws {@link TaskError} where two might. */
export function managerOf(
  on: Pick<On, 'name'>,
  supervisors: readonly Supervisor[],
): Unit | InitScript | undefined {
  const able = supervisors.filter((one): one is Unit | InitScript => one.kind !== 'line')
  if (able.length > 1)
    throw new TaskError(
      `Two start the same service on ${on.name}: say which by \`name\``,
      able.map((one) => (one.kind === 'systemd' ? one.unit : one.script)),
    )
  return able[0]
}

/** The command by which a unit or a script of init.d is stopped or started. */
export function turning(manager: Manager, to: 'start' | 'stop'): Command {
  return manager.kind === 'systemd'
    ? sh`systemctl ${to} -- ${manager.unit}`
    : sh`( exec ${manager.script} ${to} ) </dev/null`
}

async function turn(on: On, service: Managed, to: 'start' | 'stop'): Promise<void> {
  const { args, otherwise, timeout = 180 } = service
  const found = await findService(on, service)
  if (to === (runs(found) ? 'start' : 'stop')) return
  const manager = managerOf(on, found.supervisors)
  const command = manager && turning(manager, to)
  if (command === undefined && otherwise === undefined)
    throw new TaskError(
      `Neither systemd nor a script of init.d starts it on ${on.name}: say how in \`otherwise\``,
      found.supervisors.map((one) => (one.kind === 'line' ? `${one.file}: ${one.line}` : '')),
    )
  if (manager?.kind !== 'systemd' && args === undefined)
    throw new TaskError(
      `${on.name}: only its \`args\` can prove that it was ${to === 'stop' ? 'stopped' : 'started'}`,
    )
  const answer =
    command === undefined && otherwise !== undefined
      ? await answerOf(on, otherwise[to], commandOf(otherwise[to]), to)
      : await ask(on, command ?? sh`:`, { timeout: timeout * 2 })
  if (answer.code !== 0)
    throw failure(on, `the ${to} of ${service.name ?? service.path} exited ${answer.code}`, answer)
  // Scripts return before it has ended, and some say 0 when they did nothing.
  if (to === 'stop' && args !== undefined) await endAll(on, { args, timeout })
  const after = await findService(on, service)
  if (runs(after) === (to === 'start')) return
  const unit = after.supervisors.flatMap((one) =>
    one.kind === 'systemd' ? [`${one.unit}: ${one.active}`] : [],
  )
  throw new TaskError(
    to === 'start'
      ? `${service.name ?? service.path} on ${on.name} was started and does not run`
      : `${service.name ?? service.path} on ${on.name} was stopped and runs again: \`service.hold\` it first`,
    linesOf(unit.join('\n')),
  )
}
