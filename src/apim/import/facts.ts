import { type Place, placeText } from '../../model/errors.ts'
import { type Inventory, type InventoryHost, placeOfVar } from '../../model/inventory.ts'
import type { Json } from '../../model/json.ts'

/** An inventory of WSO2's own Ansible roles, and how the value of a host's variable is found, references followed. */
export interface AnsibleSource {
  readonly inventory: Inventory
  /** Undefined where it is not said, or refers to what cannot be known. */
  value(host: InventoryHost, name: string): Json | undefined
}

/** A variable to write: its value (without one it is left to be filled in) and why it is so. */
export interface Said {
  readonly name: string
  readonly value?: Json
  readonly why: string
}

/** What can go wrong with an upgrade of what the inventory says. */
export type RiskKind =
  | 'embedded-h2'
  | 'plain-secret'
  | 'no-backup'
  | 'same-address'
  | 'several-roles'
  | 'all-in-one'
  | 'is-as-km'
  | 'version'
  | 'database'
  | 'active-active'
  | 'ports'
  | 'supervised'
  | 'left-out'

/** One risk: where it stands, what it is, and what to do about it. */
export interface Risk {
  readonly kind: RiskKind
  readonly place: Place | undefined
  readonly text: string
  readonly next: string
}

/** What a project is written from. */
export interface ProjectFacts {
  /** What all hosts share of how they are reached and where things are. */
  readonly shared: readonly Said[]
  readonly hosts: readonly { readonly name: string; readonly why: string; readonly vars: readonly Said[] }[]
  /** The fleet's groups with their hosts. */
  readonly groups: readonly {
    readonly name: string
    readonly hosts: readonly string[]
    readonly why: string
  }[]
  /** What is said of the whole site. */
  readonly site: readonly Said[]
}

/** Where a variable of a host is said, with its name: what stands in comments. */
export function origin({ inventory }: AnsibleSource, host: InventoryHost, name: string): string {
  return `${placeText(placeOfVar(inventory, host, [name]).place)} ${name}`
}

/** The place of a host's variable. */
export const placeOf = ({ inventory }: AnsibleSource, host: InventoryHost, name: string): Place =>
  placeOfVar(inventory, host, [name]).place

/** The place of a host itself. */
export const placeOfHost = ({ inventory }: AnsibleSource, host: InventoryHost): Place =>
  placeOfVar(inventory, host, []).place

/** A value as a text that is not empty, numbers too. */
export function textOf(value: Json | undefined): string | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined
}

/** The first host that says a variable. */
export function firstWith(hosts: readonly InventoryHost[], name: string): InventoryHost | undefined {
  return hosts.find(({ vars }) => vars[name] !== undefined)
}
