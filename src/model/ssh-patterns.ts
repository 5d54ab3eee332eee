/** Whether a name matches a pattern of ssh_config: `*` and `?`, the whole name, letters as they are. */
export function matchesSshPattern(name: string, pattern: string): boolean {
  // Greedy with one way back, so that no pattern takes longer than its length times the name's.
  let at = 0
  let star = -1
  let from = 0
  let here = 0
  while (here < name.length) {
    if (pattern.charAt(at) === '*') {
      star = at++
      from = here
    } else if (at < pattern.length && (pattern.charAt(at) === '?' || pattern[at] === name[here])) {
      at += 1
      here += 1
    } else if (star >= 0) {
      at = star + 1
      from += 1
      here = from
    } else return false
  }
  while (pattern.charAt(at) === '*') at += 1
  return at === pattern.length
}

/** Whether a name matches a list with commas: one that is negated and matches decides against it. */
export function matchesSshList(name: string, list: string): boolean {
  let found = false
  for (const pattern of list.split(',')) {
    const negated = pattern.startsWith('!')
    if (!matchesSshPattern(name, negated ? pattern.slice(1) : pattern)) continue
    if (negated) return false
    found = true
  }
  return found
}
