import type { Action } from '../../model/action.ts'
import { TaskError } from '../../model/errors.ts'
import { isSecret, type Secret, shownText, type Text } from '../../model/secret.ts'
import { type After, type RewriteInput, type Rewritten, rewriting } from './rewrite.ts'

type Where = {
  /** A JavaScript regular expression: behind the last line that it matches; `EOF` (default) is the end of the file. */
  readonly insertAfter?: string | undefined
  /** Before the last line that it matches; `BOF` is the beginning of the file. */
  readonly insertBefore?: string | undefined
  /** Whether a file that is missing is made. */
  readonly create?: boolean | undefined
}

type LineInput = RewriteInput &
  Where &
  (
    | {
        readonly state?: 'present' | undefined
        readonly line: Text
        /** The last line that it matches is replaced; without it, a line is put in unless it is there. */
        readonly regexp?: string | undefined
        /** The first line that it matches is replaced, not the last. */
        readonly firstMatch?: boolean | undefined
      }
    | { readonly state: 'absent'; readonly regexp: string }
    | { readonly state: 'absent'; readonly line: string; readonly regexp?: undefined }
  )

/** One line with its end. */
type Line = { readonly text: string; readonly end: string }

/** Lines with their ends, as they are; the last may have none. */
const linesOf = (text: string): readonly Line[] =>
  [...text.matchAll(/([^\n]*?)(\r?\n|$)/g)]
    .map(([, line = '', end = '']) => ({ text: line, end }))
    .filter(({ text, end }) => text !== '' || end !== '')

/** The end that lines of a text have. */
const endOf = (lines: readonly Line[]): string => lines.find(({ end }) => end !== '')?.end ?? '\n'

/**
 * A line that is in a file, or is not. With `regexp` it takes the place of the last line that matches. Where nothing matches
 * it is put where `insertAfter` or `insertBefore` says. All other bytes, line ends too, stay as they are.
 *
 * @example
 * file.lineInFile({ path: '/srv/app/app.conf', regexp: '^port =', line: 'port = 9090' })
 */
export const lineInFile: (input: LineInput) => Action<Rewritten> = rewriting(
  'file.lineInFile',
  ({ exists, text }, input: LineInput): After => {
    mustExist(exists, input)
    const lines = linesOf(text)
    const pattern = input.regexp === undefined ? undefined : regular(input.regexp)
    if (input.state === 'absent') {
      const gone = (line: string) => (pattern ? pattern.test(line) : 'line' in input && line === input.line)
      return joined(lines.filter((line) => !gone(line.text)))
    }
    const { line, firstMatch = false } = input
    if (shownText(line).includes('\n')) throw new TaskError('a line has no end in it: use blockInFile')
    if (typeof line !== 'string' && line.some(isSecret) && pattern === undefined)
      throw new TaskError('a line with a secret needs `regexp`, by which it is found again')
    const matches = (one: Line) => pattern?.test(one.text) === true
    if (pattern?.test(shownText(line)) === false && lines.filter(matches).length > 1)
      throw new TaskError(
        `/${input.regexp}/ matches several lines, and not the one to be put in, so the next would follow: let it match that too`,
      )
    const at = firstMatch ? lines.findIndex(matches) : lines.findLastIndex(matches)
    if (at >= 0)
      return [joined(lines.slice(0, at)), ...partsOf(line), lines[at]?.end ?? '', joined(lines.slice(at + 1))]
    if (typeof line === 'string' && lines.some((one) => one.text === line)) return text
    return inserted(lines, place(lines, input), partsOf(line))
  },
)

type BlockInput = RewriteInput &
  Where & {
    readonly state?: 'present' | 'absent' | undefined
    /** The lines between the marks; an empty block is none. */
    readonly block?: Text | undefined
    /** The lines around it, `{mark}` being BEGIN and END; default `# {mark} MANAGED BY upgrade-fleet`. */
    readonly marker?: string | undefined
  }

/**
 * Lines between two marks in a file, or none. Where no mark is there, they are put where `insertAfter` or `insertBefore` says.
 *
 * @example
 * file.blockInFile({ path: '/srv/app/app.conf', block: 'host = gw1\nzone = a' })
 */
export const blockInFile: (input: BlockInput) => Action<Rewritten> = rewriting(
  'file.blockInFile',
  ({ exists, text }, input: BlockInput): After => {
    mustExist(exists, input)
    const { marker = '# {mark} MANAGED BY upgrade-fleet', block = '', state = 'present' } = input
    if (!marker.includes('{mark}') || marker.includes('\n'))
      throw new TaskError('`marker` is one line with {mark} in it')
    const [begin, end] = ['BEGIN', 'END'].map((mark) => marker.replace('{mark}', mark))
    if (linesOf(shownText(block)).some((line) => line.text === begin || line.text === end))
      throw new TaskError(
        `a line of the block is one of its own marks (${begin}, ${end}): take another \`marker\``,
      )
    const lines = linesOf(text)
    const found = (mark: string | undefined) => lines.flatMap((line, at) => (line.text === mark ? [at] : []))
    const [begins, ends] = [found(begin), found(end)]
    const [first, last] = [begins[0], ends[0]]
    if (begins.length > 1 || ends.length > 1 || begins.length !== ends.length || (first ?? 0) > (last ?? 0))
      throw new TaskError(`its marks (${begin}) are not one pair: a person must look`)
    const gone = state === 'absent' || shownText(block) === ''
    const eol = endOf(lines)
    const parts = gone ? [] : [`${begin}${eol}`, ...withEnd(block, eol), `${end}`]
    if (first !== undefined && last !== undefined) {
      const after = joined(lines.slice(last + 1))
      return [joined(lines.slice(0, first)), ...parts, gone ? '' : (lines[last]?.end ?? ''), after]
    }
    return gone ? text : inserted(lines, place(lines, input), parts)
  },
)

type ReplaceInput = RewriteInput & {
  /** A JavaScript regular expression, its flags being `gm`. */
  readonly regexp: string
  /** What stands in the place of each match; `$1` is the first group. */
  readonly replace: Text
  /** How often it must match: no more, no less; default 1. */
  readonly count?: number | undefined
}

/**
 * All matches of a regular expression replaced, of which there must be exactly `count`. It is already so where there is none
 * and the replacement stands there that often (one that is empty cannot be seen: none to remove is enough); anything else is
 * refused.
 *
 * @example
 * file.replace({ path: '/srv/app/app.conf', regexp: '8080', replace: '8081' })
 */
export const replace: (input: ReplaceInput) => Action<Rewritten> = rewriting(
  'file.replace',
  ({ exists, text }, { regexp, replace: by, count = 1 }: ReplaceInput): After => {
    mustExist(exists, {})
    const pattern = regular(regexp, 'gm')
    const matches = [...text.matchAll(pattern)]
    const parts = partsOf(by)
    const isSo = shownText(by) === '' || occurs(text, parts) === count
    if (matches.length === 0 && count > 0 && isSo) return text
    if (matches.length !== count)
      throw new TaskError(`/${regexp}/ matches ${times(matches.length)}, and ${times(count)} was demanded`)
    let at = 0
    const after: (string | Secret)[] = []
    for (const match of matches) {
      after.push(
        text.slice(at, match.index),
        ...parts.map((part) => (isSecret(part) ? part : grouped(part, match))),
      )
      at = match.index + match[0].length
    }
    after.push(text.slice(at))
    const once = shownText(after)
    const again = once.replace(pattern, (...groups) => {
      const found = groups.slice(
        0,
        groups.findIndex((group) => typeof group === 'number'),
      )
      return shownText(parts.map((part) => (isSecret(part) ? part : grouped(part, found as string[]))))
    })
    if (again !== once)
      throw new TaskError(
        `/${regexp}/ would change its own result once more: let it match what stands there before alone`,
      )
    return after
  },
)

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

/** `$1`, `$2`, ... and `$$` in a replacement. */
const grouped = (text: string, match: readonly (string | undefined)[]): string =>
  text.replace(/\$(\d|\$)/g, (_all, what: string) => (what === '$' ? '$' : (match[Number(what)] ?? '')))

/** How often a replacement stands in a text already, whatever its groups and secrets are. */
function occurs(text: string, parts: readonly (string | Secret)[]): number {
  const literal = (part: string) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  const pieceOf = (piece: string) =>
    /^\$\d$/.test(piece) ? '[^\\n]*?' : literal(piece === '$$' ? '$' : piece)
  const source = parts
    .map((part) =>
      isSecret(part)
        ? '[^\\n]*?'
        : part
            .split(/(\$\d|\$\$)/)
            .map(pieceOf)
            .join(''),
    )
    .join('')
  return [...text.matchAll(new RegExp(source, 'g'))].length
}

function mustExist(exists: boolean, { create = false }: { readonly create?: boolean | undefined }): void {
  if (!exists && !create) throw new TaskError('there is no such file')
}

function regular(source: string, flags = ''): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (error) {
    throw new TypeError(error instanceof Error ? error.message : String(error))
  }
}

/** The number of lines before which something new goes. */
function place(lines: readonly Line[], { insertAfter, insertBefore }: Where): number {
  if (insertBefore === 'BOF') return 0
  const given = insertBefore ?? insertAfter
  if (given === undefined || given === 'EOF') return lines.length
  const pattern = regular(given)
  const at = lines.findLastIndex((line) => pattern.test(line.text))
  if (at < 0) return lines.length
  return insertBefore === undefined ? at + 1 : at
}

/** Something new before a line, with the end that lines have here. */
function inserted(lines: readonly Line[], at: number, parts: readonly (string | Secret)[]): After {
  const eol = endOf(lines)
  const before = joined(lines.slice(0, at))
  const open = at > 0 && lines[at - 1]?.end === ''
  return [before, open ? eol : '', ...parts, eol, joined(lines.slice(at))]
}

const joined = (lines: readonly Line[]): string => lines.map(({ text, end }) => text + end).join('')
const partsOf = (text: Text): readonly (string | Secret)[] => (typeof text === 'string' ? [text] : text)

/** A block whose lines end as those around it, the last too. */
function withEnd(block: Text, eol: string): readonly (string | Secret)[] {
  const parts = partsOf(block).map((part) => (isSecret(part) ? part : part.replace(/\r?\n/g, eol)))
  const last = parts.at(-1)
  return typeof last === 'string' && last.endsWith(eol) ? parts : [...parts, eol]
}
