import { volatile } from '../../src/apim/volatile.ts'

/** The files of the old homes of a fleet that a server does not write while it runs; `trees` as a lab's `trees()` gives them. */
export function stableHomes(
  trees: ReadonlyMap<string, string>,
  version: string,
): ReadonlyMap<string, string> {
  const patterns = volatile.map(
    (glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`),
  )
  const home = `/wso2am-${version}/`
  return new Map(
    [...trees].filter(([name]) => {
      const at = name.indexOf(home)
      if (at < 0 || !/^[^:]+:wso2(\/[a-z0-9-]+)?$/.test(name.slice(0, at))) return false
      const path = name.slice(at + home.length)
      return !patterns.some((pattern) => pattern.test(path))
    }),
  )
}
