import { isTelling } from './telling.ts'

/** What a change would make of one file (or of whatever `path` names): its text before, empty where there is none, and after. Secrets stand as `***`. */
export interface Diff {
  readonly path: string
  readonly before: string
  readonly after: string
}

const around = 3
/** Cells of the table of common lines; beyond it a block is shown as replaced whole. */
const mostCells = 4_000_000

type Line = { readonly sign: ' ' | '-' | '+'; readonly text: string }

/**
 * A change as the lines of a unified diff, none where nothing differs. What may be a secret is hidden: values of keys with
 * telling names, and the old lines where a secret is put in, since what stood there was one.
 */
export function unifiedDiff({ path, before, after }: Diff): readonly string[] {
  if (before === after) return []
  const lines = compare(linesOf(before), linesOf(after))
  const hunks = hunksOf(lines)
  return [`--- ${path}`, `+++ ${path}`, ...hunks.flatMap((hunk) => hunkLines(lines, hunk))]
}

function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  const rest = Math.min(before.length, after.length) - start
  while (end < rest && before.at(-1 - end) === after.at(-1 - end)) end++
  const middle = (list: readonly string[]) => list.slice(start, list.length - end)
  const same = (list: readonly string[]) => list.map((text): Line => ({ sign: ' ', text }))
  return [
    ...same(before.slice(0, start)),
    ...compareMiddle(middle(before), middle(after)),
    ...same(before.slice(before.length - end)),
  ]
}

function compareMiddle(before: readonly string[], after: readonly string[]): readonly Line[] {
  const width = after.length + 1
  const replaced: readonly Line[] = [
    ...before.map((text): Line => ({ sign: '-', text })),
    ...after.map((text): Line => ({ sign: '+', text })),
  ]
  if ((before.length + 1) * width > mostCells) return replaced
  // How many lines the rests from here on have in common.
  const common = new Uint32Array((before.length + 1) * width)
  const at = (a: number, b: number) => common[a * width + b] ?? 0
  for (let a = before.length - 1; a >= 0; a--)
    for (let b = after.length - 1; b >= 0; b--)
      common[a * width + b] =
        before[a] === after[b] ? at(a + 1, b + 1) + 1 : Math.max(at(a + 1, b), at(a, b + 1))
  const lines: Line[] = []
  let [a, b] = [0, 0]
  while (a < before.length || b < after.length) {
    const [old, now] = [before[a], after[b]]
    if (old !== undefined && old === now) {
      lines.push({ sign: ' ', text: old })
      a++
      b++
    } else if (old !== undefined && (now === undefined || at(a + 1, b) >= at(a, b + 1))) {
      lines.push({ sign: '-', text: old })
      a++
    } else {
      lines.push({ sign: '+', text: now ?? '' })
      b++
    }
  }
  return lines
}

type Hunk = { readonly from: number; readonly to: number }

/** Changed lines with what stands around them; what is nearer together is one. */
function hunksOf(lines: readonly Line[]): readonly Hunk[] {
  const hunks: Hunk[] = []
  for (const [at, { sign }] of lines.entries()) {
    if (sign === ' ') continue
    const hunk = { from: Math.max(0, at - around), to: Math.min(lines.length, at + around + 1) }
    const last = hunks.at(-1)
    if (last !== undefined && hunk.from <= last.to) hunks.splice(-1, 1, { from: last.from, to: hunk.to })
    else hunks.push(hunk)
  }
  return hunks
}

function hunkLines(lines: readonly Line[], { from, to }: Hunk): readonly string[] {
  const count = (list: readonly Line[], without: Line['sign']) =>
    list.filter(({ sign }) => sign !== without).length
  const [ahead, shown] = [lines.slice(0, from), lines.slice(from, to)]
  const range = (without: Line['sign']) => {
    const [first, size] = [count(ahead, without), count(shown, without)]
    return `${size === 0 ? first : first + 1},${size}`
  }
  return [`@@ -${range('+')} +${range('-')} @@`, ...hidden(shown)]
}

/** Where a secret comes in, what goes in the same breath was one. */
function hidden(lines: readonly Line[]): readonly string[] {
  const shown: string[] = []
  for (let at = 0; at < lines.length; ) {
    const next = lines.findIndex(({ sign }, place) => place > at && sign === ' ')
    const block = lines.slice(at, lines[at]?.sign === ' ' ? at + 1 : next < 0 ? lines.length : next)
    const secret = block.some(({ sign, text }) => sign === '+' && text.includes('***'))
    for (const { sign, text } of block)
      shown.push(
        secret && sign === '-' ? '-*** (hidden: a secret is put in here)' : `${sign}${hideValue(text)}`,
      )
    at += block.length
  }
  return shown
}

/** `password = x`, `<Property name="Password">x</Property>`, `-Dpassword=x`: all that follows on the sign behind a telling name goes. */
function hideValue(text: string): string {
  for (const { 0: word, index } of text.matchAll(/[\w.-]+/g)) {
    if (!word.split(/[.-]/).some(isTelling)) continue
    // The first will do: what has no sign behind it has none behind a later word either.
    const [sign] = /^[^=:>]*[=:>]\s*(?=\S)/.exec(text.slice(index + word.length)) ?? []
    return sign === undefined ? text : `${text.slice(0, index + word.length)}${sign}***`
  }
  return text
}

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
