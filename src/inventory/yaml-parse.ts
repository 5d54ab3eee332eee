import { type Document, LineCounter, parseDocument } from 'yaml'

const beginning = 65_536
/** Brackets in quotes and comments count too, so that this is far more than any text has. */
const mostBrackets = 1000

/** A YAML document, or undefined where it is nested so deeply that the parser gives up. Of long noise only the beginning is parsed. */
export function parseYaml(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  // The parser takes quadratic time for these two.
  if (bracketDepth(text) > mostBrackets || /^[ \t]*(?:- ){200}/m.test(text)) return undefined
  if (text.length > 2 * beginning && !isJson(text)) {
    const begun = parsed(text.slice(0, beginning), new LineCounter())
    const early = begun?.errors.some((error) => error.pos[0] < beginning / 2) ?? true
    if (early) return parsed(text.slice(0, beginning), lineCounter)
  }
  return parsed(text, lineCounter)
}

function parsed(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    // Keys that stand twice are found by the reader: the parser's own search takes quadratic time.
    const document = parseDocument(text, {
      schema: 'failsafe',
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false,
    })
    return document.errors.some(({ message }) => message.includes('call stack')) ? undefined : document
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function bracketDepth(text: string): number {
  let depth = 0
  let most = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 91 || code === 123) most = Math.max(most, ++depth)
    else if (code === 93 || code === 125) depth = Math.max(0, depth - 1)
  }
  return most
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
