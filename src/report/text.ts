import stripAnsi from 'strip-ansi'
import type { TaskId } from '../model/action.ts'
import { durationText } from '../model/duration.ts'
import { sanitize } from '../model/sanitize.ts'
import { isPlain, width } from './width.ts'

/** Remote text as it may be shown: colours gone, all other control characters visible, newlines kept. */
export function clean(text: string): string {
  return sanitize(stripAnsi(text.replaceAll('\r\n', '\n'))).replaceAll('\t', '    ')
}

/** Remote text on one line: further lines are joined by a space. */
export function oneLine(text: string): string {
  return clean(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')
}

/** A task's three names. Only the task's own may have slashes in it (an item is often a path). */
export function taskNames(task: TaskId): {
  readonly play: string
  readonly host: string
  readonly task: string
} {
  const [play = '', host = '', ...rest] = task.split('/')
  return { play: oneLine(play), host: oneLine(host), task: oneLine(rest.join('/')) }
}

/** `play > host > task`. */
export function taskPath(task: TaskId): string {
  return Object.values(taskNames(task)).join(' > ')
}

/** A length of time as a person says it. */
export const duration = durationText

/** How much of something: bytes in MiB and the like, other units as they are. */
export function amount(count: number, unit: string): string {
  if (unit !== 'bytes') return `${count} ${oneLine(unit)}`
  const scales = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(scales.length - 1, count < 1 ? 0 : Math.floor(Math.log2(count) / 10))
  const scaled = count / 1024 ** power
  return `${power === 0 || scaled >= 99.5 ? scaled.toFixed(0) : scaled.toPrecision(2)} ${scales[power]}`
}

/** `1 host`, `2 hosts`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** A list of names that does not grow without end: `a, b, c and 12 more`. */
export function names(list: readonly string[], most = 6): string {
  const shown = list.slice(0, most).map(oneLine).join(', ')
  return list.length > most ? `${shown} and ${list.length - most} more` : shown
}

// Made when it is needed: that takes 9 ms.
let graphemes: Intl.Segmenter | undefined

/** The text cut to so many columns, an ellipsis at the end if something is missing. It holds no escape codes. */
export function cut(text: string, columns: number, ellipsis: string): string {
  if (columns <= 0) return ''
  if (width(text) <= columns) return text
  if (isPlain(text)) return text.slice(0, Math.max(0, columns - ellipsis.length)) + ellipsis
  let taken = ellipsis.length
  let kept = ''
  graphemes ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  for (const { segment } of graphemes.segment(text)) {
    taken += width(segment)
    if (taken > columns) break
    kept += segment
  }
  return kept + ellipsis
}

/** Local `HH:MM:SS` of an ISO time. */
export function localTime(at: string): string {
  const time = new Date(at)
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}
