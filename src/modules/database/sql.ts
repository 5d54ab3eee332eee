import { TaskError } from '../../model/errors.ts'
import type { FullEngine } from './types.ts'

/** A value that may stand in SQL, or a name. */
export type SqlValue = string | number | boolean | null | { readonly identifier: string }

/** A statement for any engine: its text, and between the parts values that are quoted as the engine wants when it is asked. */
export type Sql = { readonly parts: readonly string[]; readonly values: readonly SqlValue[] }

/** ``sql`SELECT ID FROM ${identifier('AM_API')} WHERE NAME = ${name}` ``: every value is quoted, whatever it holds. */
export function sql(strings: TemplateStringsArray, ...values: SqlValue[]): Sql {
  return { parts: strings.raw, values }
}

/** The name of a table, column or schema for {@link sql}. */
export const identifier = (name: string): SqlValue => ({ identifier: name })

/** A list of literals, as stands behind `IN`. Never empty. */
export function list(engine: Pick<FullEngine, 'literal'>, values: readonly string[]): string {
  return `(${(values.length === 0 ? [''] : values).map((value) => engine.literal(value)).join(', ')})`
}

/** The text of a statement for an engine. Refuses numbers that are none, and NUL, which no client takes. */
export function sqlText(engine: FullEngine, { parts, values }: Sql): string {
  return parts
    .map((part, at) => part + (at < values.length ? written(engine, values[at] ?? null) : ''))
    .join('')
}

function written(engine: FullEngine, value: SqlValue): string {
  if (value === null) return 'NULL'
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE'
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TaskError(`${value} is no number that SQL knows`)
    return String(value)
  }
  return typeof value === 'string' ? engine.literal(value) : engine.identifier(value.identifier)
}

/** Refuses what can stand in no literal and no name. */
export function noNul(text: string): string {
  if (text.includes('\0')) throw new TaskError('a NUL byte cannot stand in SQL')
  return text
}
