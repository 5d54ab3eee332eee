/** What was inserted into a text to make the other one; undefined when that is not all that was done. */
export function inserted(before: string, after: string): string | undefined {
  const added = after.length - before.length
  if (added < 0) return undefined
  let at = 0
  while (at < before.length && before[at] === after[at]) at++
  for (let from = at; from >= 0; from--) {
    if (before.slice(0, from) + after.slice(from, from + added) + before.slice(from) === after)
      return after.slice(from, from + added)
    if (at - from > added) return undefined
  }
  return undefined
}
