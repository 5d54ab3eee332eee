import type { Place } from './errors.ts'
import type { Json } from './json.ts'

/** A host as the inventory's files say it: all its groups but `all` and `ungrouped`, and its merged vars. */
export interface InventoryHost {
  readonly name: string
  readonly groups: readonly string[]
  readonly vars: Readonly<Record<string, Json>>
}

/** A group with its hosts (descendants' too, in inventory order) and the vars set for the group itself. */
export interface InventoryGroup {
  readonly name: string
  readonly children: readonly string[]
  readonly hosts: readonly string[]
  readonly vars: Readonly<Record<string, Json>>
}

/** What the inventory's files say exists, as data; hosts and groups in the order of the files. It has no functions, so that a run can keep it. */
export interface Inventory {
  /** Files and directories it was read from, absolute. */
  readonly sources: readonly string[]
  readonly hosts: readonly InventoryHost[]
  readonly groups: readonly InventoryGroup[]
  /** Where each value was set: `host.var` (the winner), `group:var`, `host` or `group:`. */
  readonly places: Readonly<Record<string, Place>>
  /** What Ansible only warns of, with its place. */
  readonly warnings: readonly string[]
}
