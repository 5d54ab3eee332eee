import { InputError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import { portsOf } from './ports.ts'
import { type RoleGroups, roleOf } from './roles.ts'
import { type Node, type OldNode, runsNow } from './schemas.ts'

/** The fleet, as far as it says which names are one machine. */
type Fleet = RoleGroups & { readonly all: readonly Host<Node>[] }

const machineOf = ({ name, vars }: Host<Node>): string => vars.upgrade_fleet_same_machine ?? name

/** The other names of a host's machine: each has a home of its own there. */
export function beside({ all }: Pick<Fleet, 'all'>, host: Host<Node>): readonly Host<Node>[] {
  return all.filter((other) => other.name !== host.name && machineOf(other) === machineOf(host))
}

/** The homes that serve now under the other names of a host's machine. */
export const homesBeside = (fleet: Pick<Fleet, 'all'>, host: Host<Node>): readonly string[] =>
  beside(fleet, host)
    .filter(runsNow)
    .map(({ vars }: Host<OldNode>) => vars.apim_home)

/** Where a host's backups go: of a machine with several names, each has a directory of its own, since each has a manifest. */
export function backupsOf(
  site: Pick<Fleet, 'all'> & { readonly vars: { readonly backups: string } },
  host: Host<Node>,
): string {
  const { backups } = site.vars
  return beside(site, host).length === 0 ? backups : `${backups}/${host.name}`
}

/**
 * Throws {@link InputError} with all places at which homes of one machine would be in each other's way: one directory for the new
 * homes, one home, one port.
 */
export function refuseClashes(site: Fleet, versions: readonly string[]): void {
  const problems = site.all.flatMap((host, at) =>
    site.all
      .slice(at + 1)
      .filter((other) => machineOf(other) === machineOf(host))
      .flatMap((other) => clashes(site, host, other, versions)),
  )
  if (problems.length > 0)
    throw new InputError(
      problems,
      'Give each name of the machine an apim_base, an apim_home and an apim_port_offset of its own.',
    )
}

function clashes(
  site: Fleet,
  one: Host<Node>,
  two: Host<Node>,
  versions: readonly string[],
): readonly string[] {
  const both = `${one.name} and ${two.name} are one machine`
  const ports = ({ vars }: Host<Node>, role: ReturnType<typeof roleOf>) =>
    role === undefined ? [] : versions.flatMap((version) => portsOf(role, version, vars.apim_port_offset))
  const taken = new Set(ports(two, roleOf(site, two)))
  const shared = [...new Set(ports(one, roleOf(site, one)))].filter((port) => taken.has(port))
  return [
    ...(one.vars.apim_base === two.vars.apim_base
      ? [`${both}, and both would make their new homes in ${one.vars.apim_base} (apim_base).`]
      : []),
    ...(runsNow(one) && one.vars.apim_home === two.vars.apim_home
      ? [`${both}, and both name ${one.vars.apim_home} as their home (apim_home).`]
      : []),
    ...(shared.length > 0
      ? [
          `${both}, and the new servers of both would listen on ${shared.slice(0, 4).join(', ')}${shared.length > 4 ? ' and more' : ''}.`,
        ]
      : []),
  ]
}
