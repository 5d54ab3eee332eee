import type { z } from 'zod'

interface Definition {
  readonly type: string
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly catchall?: unknown
  readonly in?: z.ZodType
  readonly innerType?: z.ZodType
  readonly left?: z.ZodType
  readonly right?: z.ZodType
}

/** The keys that a schema of a map names, or undefined when it takes any (a record, a union, a loose object). */
export function keysOf(schema: z.ZodType): readonly string[] | undefined {
  const definition = schema._zod.def as unknown as Definition
  if (definition.type === 'object' && definition.shape !== undefined) return Object.keys(definition.shape)
  if (definition.type === 'pipe' && definition.in !== undefined) return keysOf(definition.in)
  if (definition.innerType !== undefined) return keysOf(definition.innerType)
  if (definition.left === undefined || definition.right === undefined) return undefined
  const [left, right] = [keysOf(definition.left), keysOf(definition.right)]
  return left && right && [...new Set([...left, ...right])]
}

/** The schema of one of {@link keysOf}, or undefined where it has none of its own. */
export function schemaOfKey(schema: z.ZodType, key: string): z.ZodType | undefined {
  const { type, shape, in: first, innerType, left, right } = schema._zod.def as unknown as Definition
  if (type === 'object') return shape?.[key]
  if (type === 'pipe' && first !== undefined) return schemaOfKey(first, key)
  if (innerType !== undefined) return schemaOfKey(innerType, key)
  return (left && schemaOfKey(left, key)) ?? (right && schemaOfKey(right, key))
}
