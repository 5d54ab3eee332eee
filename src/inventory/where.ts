import semver from 'semver'
import { InputError } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import { isSecret } from '../model/secret.ts'
import { pathText } from './issues.ts'
import { shown } from './located.ts'
import { parseWhere, type WhereNode } from './where-parse.ts'

/** A host as a condition asks it: its variables, and what else it may name. */
export interface WhereHost {
  readonly name: string
  readonly vars: Readonly<Record<string, unknown>>
}

/**
 * The hosts for which a condition such as `apim_version < "2.6.0" && zone == "a"` holds: `== != < <= > >=`, `in`, `&&`, `||`,
 * `!` and parentheses over variables. Two texts that look like versions are compared as such. A name alone asks whether a
 * host has it and it is not false. Throws an {@link InputError} with the column of what is wrong.
 */
export function hostsWhere<Host extends WhereHost>(text: string, hosts: readonly Host[]): readonly Host[] {
  const refuse: Refuse = refuseIn(text)
  const tree = parseWhere(text, refuse)
  const known = new Set(hosts.flatMap(({ vars }) => Object.keys(vars)))
  checkNames(tree, known, refuse)
  return hosts.filter((host) => holds(tree, host, refuse))
}

/** The variables that a condition names. Throws an {@link InputError} where it is none. */
export function namesInWhere(text: string): readonly string[] {
  const names = new Set<string>()
  const collect = (node: WhereNode): void => {
    if (node.kind === 'name') names.add(String(node.path[0]))
    for (const part of 'parts' in node ? node.parts : []) collect(part)
  }
  collect(parseWhere(text, refuseIn(text)))
  return [...names]
}

const refuseIn =
  (text: string): Refuse =>
  (at, message) => {
    throw new InputError(
      `--where:${at + 1} ${message}, in: ${text}`,
      `A condition is such as: --where 'apim_version < "2.6.0" && zone == "a"'; what hosts say: upgrade-fleet inventory --host NAME`,
    )
  }

type Refuse = (at: number, message: string) => never

/** A name that no host has is a mistake, wherever it stands. */
function checkNames(node: WhereNode, known: ReadonlySet<string>, refuse: Refuse): void {
  if (node.kind === 'name') {
    const name = String(node.path[0])
    if (!known.has(name))
      refuse(node.at, `expected a variable of these hosts, got "${name}"${didYouMean(name, known)}`)
  }
  for (const part of 'parts' in node ? node.parts : []) checkNames(part, known, refuse)
}

function holds(node: WhereNode, host: WhereHost, refuse: Refuse): boolean {
  const [left, right] = 'parts' in node ? node.parts : []
  if (node.kind === 'or' && left && right) return holds(left, host, refuse) || holds(right, host, refuse)
  if (node.kind === 'and' && left && right) return holds(left, host, refuse) && holds(right, host, refuse)
  if (node.kind === 'not' && left) return !holds(left, host, refuse)
  if (node.kind === 'name') {
    const value = lookUp(node, host)
    return value !== undefined && value !== null && value !== false
  }
  if (node.kind === 'compare' && left && right)
    return compared(node, asked(left, host, refuse), asked(right, host, refuse), host, refuse)
  const value = node.kind === 'value' ? node.value : null
  if (typeof value === 'boolean') return value
  return refuse(node.at, `expected a condition, got ${shown(value)}`)
}

function lookUp(node: Extract<WhereNode, { kind: 'name' }>, { vars }: WhereHost): unknown {
  let found: unknown = vars
  for (const step of node.path) {
    if (typeof found !== 'object' || found === null || isSecret(found)) return undefined
    if (!Object.hasOwn(found, step) || Array.isArray(found) !== (typeof step === 'number')) return undefined
    found = (found as Readonly<Record<string | number, unknown>>)[step]
  }
  return found
}

function asked(node: WhereNode, host: WhereHost, refuse: Refuse): unknown {
  if (node.kind === 'value') return node.value
  if (node.kind === 'list') return node.parts.map((part) => asked(part, host, refuse))
  if (node.kind !== 'name') return holds(node, host, refuse)
  const value = lookUp(node, host)
  const name = pathText(node.path)
  if (value === undefined)
    return refuse(node.at, `${host.name} has no ${name}; ask first whether it has one: ${name} && ...`)
  if (isSecret(value)) return refuse(node.at, `${name} of ${host.name} is a secret, which is not compared`)
  return value
}

function compared(
  node: Extract<WhereNode, { kind: 'compare' }>,
  left: unknown,
  right: unknown,
  host: WhereHost,
  refuse: Refuse,
): boolean {
  const bad = (what: string): never =>
    refuse(node.at, `${node.by}: expected ${what}, got ${shown(left)} and ${shown(right)} for ${host.name}`)
  if (node.by === 'in') {
    if (!Array.isArray(right)) return bad('a list on the right')
    return right.some((item: unknown) => equal(left, item))
  }
  if (node.by === '==' || node.by === '!=') {
    const unlike = left !== null && right !== null && typeof left !== typeof right
    if (unlike || (typeof left === 'object' && left !== null)) return bad('two values of one type')
    return equal(left, right) === (node.by === '==')
  }
  const order = ordered(left, right)
  if (order === undefined) return bad('two numbers, two versions, or two texts that are no versions')
  if (node.by === '<') return order < 0
  if (node.by === '<=') return order <= 0
  return node.by === '>' ? order > 0 : order >= 0
}

function equal(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string' && isVersion(left) && isVersion(right))
    return ordered(left, right) === 0
  return left === right
}

function ordered(left: unknown, right: unknown): number | undefined {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  if (typeof left !== 'string' || typeof right !== 'string' || isVersion(left) !== isVersion(right))
    return undefined
  if (!isVersion(left)) return left < right ? -1 : left > right ? 1 : 0
  const [a, b] = [versionOf(left), versionOf(right)]
  return semver.compare(a.version, b.version) || a.level - b.level
}

const version =
  /^(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/

const isVersion = (text: string): boolean =>
  version.test(text) && semver.valid(versionOf(text).version) !== null

// WSO2's update levels are a fourth number, which semver does not know.
function versionOf(text: string): { readonly version: string; readonly level: number } {
  const [, major = '0', minor = '0', patch = '0', level = '0', early = ''] = version.exec(text) ?? []
  return { version: `${Number(major)}.${Number(minor)}.${Number(patch)}${early}`, level: Number(level) }
}

/** A value that can stand in a condition. */
export type WhereValue = Extract<Json, null | boolean | number | string>
