/** Parts joined by a separator, in lines of at most so many columns; a part that is longer stands in a line of its own. */
export function wrapped(parts: readonly string[], separator: string, columns: number): readonly string[] {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    const longer = `${last}${separator}${part}`
    if (last !== undefined && longer.length <= columns) lines[lines.length - 1] = longer
    else {
      if (last !== undefined) lines[lines.length - 1] = `${last}${separator.trimEnd()}`
      lines.push(part)
    }
  }
  return lines
}
