import { TaskError } from '../../model/errors.ts'

/** What stands from offset `from` to `to` of a text becomes `text`. Offsets count UTF-16 units, as strings do. */
export type Splice = { readonly from: number; readonly to: number; readonly text: string }

/** The text with the splices made; all else of it stays. They must not overlap; two at one offset stay in their order. */
export function spliced(source: string, splices: readonly Splice[]): string {
  let at = 0
  const parts: string[] = []
  for (const { from, to, text } of splices.toSorted((a, b) => a.from - b.from)) {
    if (from < at) throw new RangeError('two splices overlap')
    parts.push(source.slice(at, from), text)
    at = to
  }
  return parts.join('') + source.slice(at)
}

/** The line of an offset, counted from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** `file:line:column` of an offset, both counted from 1. */
export function placeOf(file: string, text: string, offset: number): string {
  return `${file}:${lineOf(text, offset)}:${offset - text.lastIndexOf('\n', offset - 1)}`
}

/** The end that the lines of a text have: that of its first one. */
export const eolOf = (text: string): '\r\n' | '\n' => (/\r\n|\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n')

/** Where the line of an offset begins. */
export const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1

/** Where the line of an offset ends, behind its line end. */
export function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset)
  return at < 0 ? text.length : at + 1
}

/** Lines of a list of offsets, as words: `line 3`, `lines 3, 9`. */
export function linesText(text: string, offsets: readonly number[]): string {
  const lines = [...new Set(offsets.map((offset) => lineOf(text, offset)))]
  return `${lines.length === 1 ? 'line' : 'lines'} ${lines.join(', ')}`
}

/** A refusal: what is wrong, and what to do about it. Never quotes the file, which may hold passwords. */
export const refused = (what: string, next: string): TaskError => new TaskError(what, [next])

/** One range of a text with the blank line it leaves: whole lines where nothing else is on them, else the range alone. */
export function wholeLines(
  source: string,
  from: number,
  to: number,
): { readonly from: number; readonly to: number } {
  const start = lineStart(source, from)
  const end = lineEnd(source, to)
  const alone = source.slice(start, from).replace('\uFEFF', '') + source.slice(to, end)
  if (alone.trim() !== '') return { from, to }
  return { from: start === 0 && source.startsWith('\uFEFF') ? 1 : start, to: end }
}
