import { type Document, type LineCounter, parseDocument } from 'yaml'

/** A YAML document, or undefined where it is nested so deeply that the parser gives up. */
export function parseYaml(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    // Keys that stand twice are found by the reader: the parser's own search takes quadratic time.
    return parseDocument(text, { schema: 'failsafe', lineCounter, prettyErrors: false, uniqueKeys: false })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Where brackets or dashes open more than `deepest` levels: about there, since quotes are not looked at. */
export function placeOfDepth(
  text: string,
  deepest: number,
): { readonly line: number; readonly column: number } {
  let depth = 0
  for (const [index, line] of text.split('\n').entries()) {
    const dashes = /^\s*(?:- ?)*/.exec(line)?.[0] ?? ''
    if (dashes.length > 2 * deepest) return { line: index + 1, column: 2 * deepest + 1 }
    for (let at = 0; at < line.length; at++) {
      const char = line.charAt(at)
      if (char === '[' || char === '{') depth++
      else if (char === ']' || char === '}') depth--
      if (depth > deepest) return { line: index + 1, column: at + 1 }
    }
  }
  return { line: 1, column: 1 }
}

/** Whether a text is JSON, whose numbers are not YAML's. */
export function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
