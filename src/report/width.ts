import { createRequire } from 'node:module'

type Measure = typeof import('string-width')['default']

let measure: Measure | undefined

/** Whether a text is printable ASCII alone: a column a character. */
export const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)

/**
 * How many columns a text takes in a terminal; it holds no escape codes. What is not ASCII is measured by string-width, which is
 * loaded when it is first needed: it builds its tables of Unicode at once, a tenth of the start of a command.
 */
export function width(text: string): number {
  if (isPlain(text)) return text.length
  measure ??= (createRequire(import.meta.url)('string-width') as { readonly default: Measure }).default
  return measure(text)
}
