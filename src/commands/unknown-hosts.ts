import { knownFiles } from '../connect/known-files.ts'
import { isBehind, isKnownHost } from '../connect/scan-keys.ts'
import { endpointOf } from '../inventory/endpoint.ts'
import { quote } from '../model/command.ts'
import type { Endpoint } from '../model/connection.ts'
import { ConnectionError, InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { allMachines } from '../plan/machines.ts'
import type { Limit } from '../plan/schedule.ts'
import type { RunFlags } from './flags.ts'
import { isUnknown, scanAll } from './hostkeys.ts'
import type { Prepared } from './prepare.ts'
import { sshController } from './world.ts'

/**
 * Refuses a fleet in which hosts are of which no host key is known, with all of them and the keys that they show in one
 * message, before anything is begun; with `limit`, for what is done for these machines alone. Known hosts are not asked;
 * who does not answer is left to the run.
 */
export async function refuseUnknownHosts(
  io: Io,
  { schedule, inventory }: Pick<Prepared, 'schedule' | 'inventory'>,
  flags: Pick<RunFlags, 'forks' | 'hostKeyChecking' | 'inventory'>,
  limit?: Limit,
): Promise<void> {
  if (flags.hostKeyChecking === 'accept-new') return
  const hosts = new Map(inventory.hosts.map((host) => [host.name, host]))
  const files = knownFiles()
  const controller = sshController(io)
  const strangers: Endpoint[] = []
  for (const { name } of allMachines(schedule, limit)) {
    const host = hosts.get(name)
    const endpoint = host && endpointOf(inventory, host, controller)
    // Who is behind another machine is asked by the run itself.
    if (endpoint === undefined || isBehind(endpoint)) continue
    // A file that cannot be read is told of by each host's own connection.
    const known = await isKnownHost(endpoint, io.home, files).catch(() => true)
    if (!known) strangers.push(endpoint)
  }
  const shown = (await scanAll(io, strangers, flags.forks)).flatMap((one) =>
    one instanceof ConnectionError || !isUnknown(one) ? [] : [one],
  )
  if (shown.length === 0) return
  const names = shown.map(({ endpoint }) => endpoint.name).join(',')
  const sources = flags.inventory.map((source) => ` -i ${quote(source)}`).join('')
  throw new InputError(
    [
      'The host keys of these hosts are not known; nothing was done:',
      ...shown.flatMap(({ endpoint, host, keys }) =>
        keys.map((key) => `  ${endpoint.name} ${host} ${key.type} ${key.fingerprint}`),
      ),
    ],
    `Compare them with the machines' own (there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then type: upgrade-fleet hostkeys trust ${quote(names)}${sources}`,
  )
}
