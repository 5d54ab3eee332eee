/** Where a text is more than we read, and what was expected. */
export interface TooMuch {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Levels of lists, maps and groups in one another: a hundred times what people write, and what no walk runs out of stack with. */
export const deepest = 100
/** What an inventory of 100,000 hosts with some variables each has. */
const mostLines = 1_000_000
const mostParts = 2_000_000
/** Brackets of quotes, comments and block texts are counted too, so that this is far more than any text has. */
const mostBrackets = 1000
/** The same for levels that lines are set in by. */
const mostBlocks = 2 * deepest

/**
 * Whether a YAML or JSON text is more than any inventory, found without parsing it: the parser takes time for each line and part,
 * and quadratic time for levels. Strict about what costs; what is a level in truth is judged when the text was parsed.
 */
export function tooMuch(text: string): TooMuch | undefined {
  const levels = `expected at most ${deepest} levels, got more`
  let parts = 0
  let brackets = 0
  let overBrackets: TooMuch | undefined
  let overBlocks: TooMuch | undefined
  const blocks: number[] = []
  let line = 0
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    if (++line > mostLines)
      return { line, column: 1, message: `expected at most ${mostLines} lines, got more` }
    const place = (at: number) => ({ line, column: at - start + 1 })
    for (const at of opens(text, start, end)) {
      while ((blocks.at(-1) ?? -1) >= at - start) blocks.pop()
      blocks.push(at - start)
      if (blocks.length <= deepest) overBlocks = undefined
      else overBlocks ??= { ...place(at), message: levels }
      if (blocks.length > mostBlocks) return overBlocks
    }
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at)
      if (code === 44 || code === 58) parts++
      else if (code === 91 || code === 123) {
        parts++
        if (++brackets > deepest) overBrackets ??= { ...place(at), message: levels }
        if (brackets > mostBrackets) return overBrackets
      } else if (code === 93 || code === 125) {
        brackets = Math.max(0, brackets - 1)
        if (brackets <= deepest) overBrackets = undefined
      }
      if (parts > mostParts)
        return { ...place(at), message: `expected at most ${mostParts} values, got more` }
    }
    start = end + 1
  }
  return undefined
}

/** Where a line begins something: its first sign, and what stands behind each `- ` and `? ` before it. */
function* opens(text: string, start: number, end: number): Generator<number> {
  const blank = (at: number) => text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9
  let at = start
  while (at < end && blank(at)) at++
  while (at < end) {
    yield at
    const code = text.charCodeAt(at)
    if ((code !== 45 && code !== 63) || !blank(at + 1)) return
    at++
    while (at < end && blank(at)) at++
  }
}
