import { type Document, LineCounter, parseDocument } from 'yaml'
import { deepest, type TooMuch, tooMuch } from './too-much.ts'

const beginning = 65_536

/** A YAML document, or why it is not parsed: it is more than any inventory. Of long noise only the beginning is parsed. */
export function parseYaml(text: string, lineCounter: LineCounter): Document.Parsed | TooMuch {
  const much = tooMuch(text)
  if (much !== undefined) return much
  if (text.length > 2 * beginning && !isJson(text)) {
    const begun = parsed(text.slice(0, beginning), new LineCounter())
    const early = 'message' in begun || begun.errors.some((error) => error.pos[0] < beginning / 2)
    if (early) return parsed(text.slice(0, beginning), lineCounter)
  }
  return parsed(text, lineCounter)
}

function parsed(text: string, lineCounter: LineCounter): Document.Parsed | TooMuch {
  const deep: TooMuch = { line: 1, column: 1, message: `expected at most ${deepest} levels, got more` }
  try {
    // Keys that stand twice are found by the reader: the parser's own search takes quadratic time.
    const document = parseDocument(text, {
      schema: 'failsafe',
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false,
    })
    return document.errors.some(({ message }) => message.includes('call stack')) ? deep : document
  } catch (error) {
    if (error instanceof RangeError) return deep
    throw error
  }
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
