import { endpointOf } from '../inventory/endpoint.ts'
import { type ExtraVars, namesOf, withExtraVars } from '../inventory/extra-vars.ts'
import { siteOf } from '../inventory/site.ts'
import { InputError } from '../model/errors.ts'
import type { Fleet, Site } from '../model/fleet.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Playbook } from '../model/playbook.ts'

/**
 * The site, and all that is wrong with what an inventory says, by the fleet of a playbook and for connections, and what Ansible only warns of. Of an
 * inventory that was only `partly read`, what is missing is not told: it may stand where nothing could be read.
 */
export function valueProblems(
  playbook: Pick<Playbook, 'fleet' | 'params'>,
  inventory: Inventory,
  extraVars: ExtraVars,
  read: 'whole' | 'partly read' = 'whole',
): { readonly problems: readonly string[]; readonly site: Site | undefined } {
  const { fleet, params } = playbook
  let site: Site | undefined
  const types = problemsOf(() => {
    site = siteOf(fleet, inventory, extraVars, namesOf(params))
  })
  const problems = [...inventory.warnings, ...types, ...endpoints(fleet, withExtraVars(inventory, extraVars))]
  return {
    problems: [...new Set(problems)].filter((problem) => read === 'whole' || !isOfAbsence(problem)),
    site,
  }
}

const isOfAbsence = (problem: string): boolean =>
  /, got (nothing|none|none of that name|no such group(; did you mean "[^"]*"\?)?)$/.test(problem)

// Before anything is connected to; of those hosts alone that the fleet has.
function endpoints(fleet: Fleet, inventory: Inventory): readonly string[] {
  const names = new Set(
    inventory.groups.filter(({ name }) => Object.hasOwn(fleet.groups, name)).flatMap(({ hosts }) => hosts),
  )
  return inventory.hosts
    .filter(({ name }) => names.has(name))
    .flatMap((host) => problemsOf(() => endpointOf(inventory, host)))
}

function problemsOf(look: () => unknown): readonly string[] {
  try {
    look()
    return []
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
}
