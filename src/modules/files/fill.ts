import { isSecret, type Secret, type Text } from '../../model/secret.ts'

/** Values for the names of a template. */
export type TemplateValues = Readonly<Record<string, string | number | boolean | Secret>>

type Trim<S extends string> = S extends ` ${infer Rest}` | `${infer Rest} ` ? Trim<Rest> : S
type Names<T extends string> = T extends `${string}{{${infer Name}}}${infer Rest}`
  ? Trim<Name> | Names<Rest>
  : never
/** A value for each name that stands in a template, if the compiler knows its text. */
type ValuesOf<T extends string> = string extends T
  ? TemplateValues
  : { readonly [Name in Names<T>]: TemplateValues[string] }

/**
 * A template that stands in the playbook, filled: `fill('listen {{ port }};', { port: 80 })`. A name without a value is a
 * mistake that the compiler finds. Secrets stay secrets: the result has parts.
 */
export const fill = <const T extends string>(template: T, values: ValuesOf<T>): Text =>
  fillTemplate(template, values as TemplateValues)

/**
 * Puts a value into each `{{ name }}` of a text, in one pass. Throws a {@link TypeError} that names all names without a value,
 * all values without a name, and what is in double braces and is no name.
 */
export function fillTemplate(template: string, values: TemplateValues): Text {
  const parts: (string | Secret)[] = []
  const used = new Set<string>()
  const wrong: string[] = []
  let at = 0
  for (const { 0: whole, 1: inner = '', index } of template.matchAll(/\{\{([^{}]*)\}\}/g)) {
    const name = inner.trim()
    const line = template.slice(0, index).split('\n').length
    if (!/^[A-Za-z_]\w*$/.test(name)) wrong.push(`line ${line}: ${whole} is no name`)
    else if (!Object.hasOwn(values, name)) wrong.push(`line ${line}: nothing is given for {{ ${name} }}`)
    used.add(name)
    const value = Object.hasOwn(values, name) ? values[name] : ''
    parts.push(template.slice(at, index), isSecret(value) ? value : String(value))
    at = index + whole.length
  }
  for (const name of Object.keys(values))
    if (!used.has(name)) wrong.push(`"${name}" is given, and stands nowhere in the template`)
  if (wrong.length > 0) throw new TypeError(wrong.join('; '))
  parts.push(template.slice(at))
  return parts.some(isSecret) ? parts.filter((part) => part !== '') : parts.join('')
}
