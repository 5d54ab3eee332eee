import stripAnsi from 'strip-ansi'
import { width } from '../width.ts'

/** The last lines of a terminal, drawn over and over, with text that stays going above them. */
export interface Region {
  /** Writes `kept` for good, and `lines` under it in place of those of before. */
  draw(kept: readonly string[], lines: readonly string[]): void
  /** Takes the lines away and shows the cursor again. */
  close(): void
}

/** A region at the cursor. Each drawing is one write; nothing is written when nothing differs. */
export function openRegion(out: (text: string) => void, columns: () => number): Region {
  let shown: readonly string[] = []
  let hidden = false

  // A terminal made narrower has wrapped what was drawn.
  const height = () => {
    const most = Math.max(1, columns())
    return shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(width(stripAnsi(line)) / most)), 0)
  }
  const home = () => (shown.length === 0 ? '' : `\u001b[${height()}A\r`)

  return {
    draw(kept, lines) {
      if (kept.length === 0 && lines.length === shown.length && lines.every((line, at) => line === shown[at]))
        return
      const text = [...kept, ...lines].map((line) => `${line}\u001b[K\n`).join('')
      out(`${hidden ? '' : '\u001b[?25l'}${home()}${text}\u001b[J`)
      shown = lines
      hidden = true
    },
    close() {
      if (!hidden) return
      out(`${home()}\u001b[J\u001b[?25h`)
      shown = []
      hidden = false
    },
  }
}
