import type { Host } from '../model/host.ts'
import { type From, type Play, play } from '../model/play.ts'
import * as database from '../modules/database/index.ts'
import { after } from './fence.ts'
import type { DatabaseVars } from './schemas.ts'

/** The play that turned off what the databases' servers run by the clock. */
export type SchedulesOff = Play<{ readonly paused: database.Paused }>

/** What the databases' servers would run by the clock, off once the servers are down; undone, it is on again. */
export function schedulesOff(
  databases: readonly Host<DatabaseVars>[],
  down: (from: From) => unknown,
): SchedulesOff {
  return play('schedules off', databases).task('paused', ({ host, from }) =>
    after(down(from), database.pause({ db: host.vars })),
  )
}

/** What ran by the clock before runs again. */
export function schedulesOn(databases: readonly Host<DatabaseVars>[], off: SchedulesOff) {
  return play('schedules on again', databases).task('on', ({ host, from }) =>
    database.unpause({ db: host.vars, paused: from(off, host).paused.paused }),
  )
}
