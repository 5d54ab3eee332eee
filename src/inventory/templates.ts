import type { InventoryHost } from '../model/inventory.ts'
import type { Json } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import { isSecret } from '../model/secret.ts'
import { type Finding, pathText } from './issues.ts'
import { shown } from './located.ts'
import { unsafeText } from './unsafe.ts'

type Vars = Readonly<Record<string, Json>>
type Path = readonly (string | number)[]

/** Variables with `{{ ... }}` replaced, and what is wrong with those that could not be. */
export interface Resolved {
  readonly vars: Vars
  readonly wrong: readonly Finding[]
}

const forms = "{{ name }}, {{ a.b }} or {{ a['b'] }}"

/**
 * The variables of these names with each `{{ name }}`, `{{ a.b }}` and `{{ a['b'] }}` replaced by what the same variables say:
 * whole where it is all of a text, else as text. What was put in is never looked at again, so that no value becomes a
 * template, and neither does what was said with `!unsafe`. Filters, expressions and lookups are refused, and so are variables that need themselves. Other names stay.
 */
export function resolveVars(vars: Vars, names: Iterable<string>, magic: Vars = {}): Resolved {
  const wrong: Finding[] = []
  const known = new Map<string, Json>()
  const open: string[] = []
  const fail = (path: Path, message: string): undefined => {
    wrong.push({ path, message })
  }

  const value = (raw: Json, path: Path): Json | undefined => {
    if (typeof raw === 'string') return isTemplate(raw) ? text(raw, path) : raw
    if (typeof raw !== 'object' || raw === null || isSecret(raw)) return raw
    const plain = unsafeText(raw)
    if (plain !== undefined) return plain
    if (Array.isArray(raw)) return raw.map((item: Json, at) => value(item, [...path, at]) ?? null)
    return Object.fromEntries(
      Object.entries(raw).map(([key, item]) => [key, value(item, [...path, key]) ?? null]),
    )
  }

  // One text, once: another that needs it gets the same answer.
  const text = (raw: string, path: Path): Json | undefined => {
    const key = pathText(path)
    const before = known.get(key)
    if (before !== undefined) return before
    if (open.includes(key))
      return fail(path, `needs itself: ${[...open.slice(open.indexOf(key)), key].join(' -> ')}`)
    open.push(key)
    const made = replaced(raw, path)
    open.pop()
    if (made !== undefined) known.set(key, made)
    return made
  }

  const replaced = (raw: string, path: Path): Json | undefined => {
    const odd = /\{%|\{#/.exec(raw)?.[0]
    if (odd !== undefined) return fail(path, `expected nothing of Jinja but ${forms}, got ${odd}`)
    const parts = raw.split(/(\{\{.*?\}\})/s)
    if (parts.length === 3 && parts[0] === '' && parts[2] === '') return reference(parts[1] ?? '', path)
    let made = ''
    for (const part of parts) {
      if (!/^\{\{.*\}\}$/s.test(part)) {
        if (part.includes('{{')) return fail(path, `expected }} behind {{, got ${shown(part)}`)
        made += part
        continue
      }
      const found = reference(part, path)
      if (found === undefined) return undefined
      if (typeof found === 'object' && found !== null)
        return fail(path, `expected ${part} to be a text or a number, got ${shown(found)}`)
      made += typeof found === 'boolean' ? (found ? 'True' : 'False') : String(found ?? '')
    }
    return made
  }

  const reference = (part: string, path: Path): Json | undefined => {
    const steps = referencePath(part.slice(2, -2).trim())
    if (steps === undefined) return fail(path, `expected nothing of Jinja but ${forms}, got ${part}`)
    const [name = '', ...rest] = steps
    const owner = Object.hasOwn(vars, name) ? vars : magic
    if (!Object.hasOwn(owner, name)) {
      const near = didYouMean(String(name), [...Object.keys(vars), ...Object.keys(magic)])
      return fail(path, `expected a variable of this host in ${part}, got none of that name${near}`)
    }
    if (owner === magic) return rest.length === 0 ? magic[name] : fail(path, `${part}: ${name} has no parts`)
    let at: Path = [name]
    let found: Json | undefined = vars[name]
    for (const step of rest) {
      if (typeof found === 'string' && isTemplate(found)) found = text(found, at)
      if (found === undefined) return undefined
      const has =
        typeof found === 'object' &&
        found !== null &&
        Object.hasOwn(found, step) &&
        Array.isArray(found) === (typeof step === 'number')
      if (!has)
        return fail(path, `expected ${pathText(at)} of ${part} to have ${JSON.stringify(step)}, it has not`)
      found = (found as Readonly<Record<string | number, Json>>)[step]
      at = [...at, step]
    }
    return found === undefined ? undefined : value(found, at)
  }

  const templated = [...names].filter((name) => Object.hasOwn(vars, name) && holdsTemplate(vars[name]))
  // Most hosts have none, and there may be ten thousand.
  if (templated.length === 0) return { vars, wrong }
  const made = new Map(Object.entries(vars))
  for (const name of templated) {
    const raw = vars[name]
    if (raw === undefined) continue
    const found = value(raw, [name])
    if (found !== undefined) made.set(name, found)
  }
  return { vars: Object.fromEntries(made), wrong: unique(wrong) }
}

/** What Ansible says of a host without being told: of it, these may be used in `{{ ... }}`. */
export function magicVars({ name, groups }: Pick<InventoryHost, 'name' | 'groups'>): Vars {
  const address = /^[\d.]+$|:/.test(name)
  return {
    inventory_hostname: name,
    inventory_hostname_short: address ? name : (name.split('.')[0] ?? name),
    group_names: groups.length > 0 ? groups.toSorted() : ['ungrouped'],
  }
}

const isTemplate = (text: string): boolean => text.includes('{') && /\{\{|\{%|\{#/.test(text)

const holdsTemplate = (value: Json | undefined): boolean => {
  if (typeof value === 'string') return isTemplate(value)
  if (typeof value !== 'object' || value === null) return false
  if (unsafeText(value) !== undefined) return true
  return Array.isArray(value) ? value.some(holdsTemplate) : Object.values(value).some(holdsTemplate)
}

/** `a.b['c'][0]` as its steps, or undefined when it is anything else. */
export function referencePath(text: string): readonly (string | number)[] | undefined {
  const [first] = /^[A-Za-z_]\w*/.exec(text) ?? []
  if (first === undefined) return undefined
  const steps: (string | number)[] = [first]
  const step = /\.([A-Za-z_]\w*)|\[\s*(?:'([^'\\]*)'|"([^"\\]*)"|(\d+))\s*\]/y
  step.lastIndex = first.length
  while (step.lastIndex < text.length) {
    const found = step.exec(text)
    if (found === null) return undefined
    const [, dotted, single, double, index] = found
    steps.push(dotted ?? single ?? double ?? Number(index))
  }
  return steps
}

function unique(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((one) => [`${pathText(one.path)}\n${one.message}`, one])).values()]
}
