import { lineEnd, lineStart, type Splice } from './splice.ts'

/** An entry between brackets, and the comma behind it, if there is one. */
export interface Item {
  readonly from: number
  readonly to: number
  readonly comma?: number | undefined
}

/** What takes one of some entries between brackets away, with a comma, and with its line where it has one of its own. */
export function withoutItem(source: string, items: readonly Item[], index: number): readonly Splice[] {
  const [item, before, next] = [items[index], items[index - 1], items[index + 1]]
  if (item === undefined) return []
  const end = item.comma === undefined ? item.to : item.comma + 1
  const comma =
    next === undefined && item.comma === undefined && before?.comma !== undefined ? before.comma : undefined
  const cut = comma === undefined ? [] : [{ from: comma, to: comma + 1, text: '' }]
  const [start, stop] = [lineStart(source, item.from), lineEnd(source, end)]
  const alone =
    source.slice(start, item.from).trim() === '' && /^\s*(?:#[^\n]*\s*)?$/.test(source.slice(end, stop))
  if (alone && start > 0) return [...cut, { from: start, to: stop, text: '' }]
  if (next !== undefined)
    return [{ from: item.from, to: sameLine(source, end, next.from) ? next.from : end, text: '' }]
  if (before === undefined) return [{ from: item.from, to: end, text: '' }]
  if (item.comma !== undefined && before.comma !== undefined)
    return [{ from: before.comma + 1, to: end, text: '' }]
  return comma !== undefined && sameLine(source, comma, item.from)
    ? [{ from: comma, to: end, text: '' }]
    : [...cut, { from: item.from, to: end, text: '' }]
}

const sameLine = (source: string, from: number, to: number): boolean => !source.slice(from, to).includes('\n')
