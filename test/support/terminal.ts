/** A terminal in memory that knows what our tree writes, and throws at any other control character. */
export interface Terminal {
  write(text: string): void
  /** All lines ever on it, scrolled out ones too, without empty ones at the end. */
  lines(): readonly string[]
  readonly cursorShown: boolean
  /** How often something was written. */
  readonly writes: number
  /** The highest that the cursor was ever sent up at once. */
  readonly highest: number
}

/** A terminal of this size; it wraps and scrolls as real ones do. */
export function fakeTerminal(columns: number, rows: number): Terminal {
  const lines: string[] = ['']
  let [row, column, cursorShown, writes, highest] = [0, 0, true, 0, 0]

  const put = (mark: string) => {
    if (column === columns) newline()
    const line = (lines[row] ?? '').padEnd(column)
    lines[row] = line.slice(0, column) + mark + line.slice(column + 1)
    column += 1
  }
  const newline = () => {
    row += 1
    column = 0
    if (row === lines.length) lines.push('')
  }
  const obey = (count: number, kind: string, code: string) => {
    if (kind === 'A') {
      highest = Math.max(highest, count)
      const top = Math.max(0, lines.length - rows)
      if (row - count < top) throw new Error(`${count} lines up leaves the terminal`)
      row -= count
    } else if (kind === 'K') lines[row] = (lines[row] ?? '').slice(0, column)
    else if (kind === 'J') {
      lines.length = row + 1
      lines[row] = (lines[row] ?? '').slice(0, column)
    } else if (code === '?25l') cursorShown = false
    else if (code === '?25h') cursorShown = true
    else if (kind !== 'm') throw new Error(`unknown code ${JSON.stringify(code)}`)
  }

  return {
    write(text) {
      writes += 1
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals obey
      for (const [part, code, count, kind] of text.matchAll(/\u001b\[(([?\d;]*)([A-Za-z]))|[\s\S]/gu)) {
        if (code !== undefined) obey(Number(count) || 1, kind ?? '', code)
        else if (part === '\n') newline()
        else if (part === '\r') column = 0
        else if (part < ' ' || (part >= '\u007f' && part < '\u00a0'))
          throw new Error(`control character ${JSON.stringify(part)}`)
        else put(part)
      }
    },
    lines: () => lines.join('\n').trimEnd().split('\n'),
    get cursorShown() {
      return cursorShown
    },
    get writes() {
      return writes
    },
    get highest() {
      return highest
    },
  }
}
