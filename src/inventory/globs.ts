/** A glob as Python's `fnmatch` reads it: `*`, `?`, `[seq]`, `[!seq]`; the whole name, case-sensitive. */
export function globRegExp(glob: string): RegExp {
  let source = ''
  for (let at = 0; at < glob.length; at++) {
    const char = glob.charAt(at)
    const end = char === '[' ? classEnd(glob, at) : -1
    if (char === '*') source += '.*'
    else if (char === '?') source += '.'
    else if (end > 0) {
      source += characterClass(glob.slice(at + 1, end))
      at = end
    } else source += char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  }
  return new RegExp(`^${source}$`, 's')
}

// The `]` that ends the class; one that stands first is a member of it.
function classEnd(glob: string, from: number): number {
  const first = glob.charAt(from + 1) === '!' ? from + 2 : from + 1
  return glob.indexOf(']', glob.charAt(first) === ']' ? first + 1 : first)
}

function characterClass(members: string): string {
  const negated = members.startsWith('!')
  const escaped = (negated ? members.slice(1) : members).replace(/[\\[\]^]/g, '\\$&')
  // Python drops a range that goes down; nothing matches an empty class.
  const ranges = escaped.replace(/([^\\])-([^\\])/gs, (text, a: string, b: string) => (a > b ? '' : text))
  if (ranges === '') return negated ? '.' : '(?!)'
  return `[${negated ? '^' : ''}${ranges}]`
}
