import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { allMachines } from '../plan/machines.ts'
import type { Limit } from '../plan/schedule.ts'
import type { LoginFlags, RunFlags } from './flags.ts'
import type { Prepared } from './prepare.ts'
import { findStrangers, hindered, strangersText } from './strangers.ts'
import { worldOf } from './world.ts'

/**
 * Refuses a fleet in which hosts, or machines that they are behind, are of which no host key is known, with all of them and
 * the keys that they show in one message, before anything is begun; with `limit`, for what is done for these machines alone.
 * Known hosts are not asked; who does not answer is left to the run.
 */
export async function refuseUnknownHosts(
  io: Io,
  { schedule, inventory }: Pick<Prepared, 'schedule' | 'inventory'>,
  flags: LoginFlags & Pick<RunFlags, 'forks' | 'inventory'>,
  limit?: Limit,
): Promise<void> {
  if (flags.hostKeyChecking === 'accept-new') return
  const hosts = new Map(inventory.hosts.map((host) => [host.name, host]))
  // What is done otherwise than the files say is told by the run itself.
  const world = worldOf({ ...io, err: () => undefined }, inventory, true, flags)
  try {
    const endpoints = allMachines(schedule, limit).flatMap(({ name }) => {
      const host = hosts.get(name)
      return host === undefined ? [] : [world.endpoint(host)]
    })
    const strangers = await findStrangers(io, world, endpoints, flags.forks)
    if (strangers.shown.length === 0) return
    const { lines, next } = strangersText(strangers, hindered(endpoints, strangers), flags.inventory)
    throw new InputError(['The host keys of these hosts are not known; nothing was done:', ...lines], next)
  } finally {
    await world.close()
  }
}
