import { volatile } from '../../src/apim/volatile.ts'

type Dumps = Readonly<Record<string, string>>

/** The files of one release's homes that a server does not write while it runs. */
export function stableHomes(
  trees: ReadonlyMap<string, string>,
  version: string,
): ReadonlyMap<string, string> {
  const patterns = volatile.map(
    (glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`),
  )
  // A machine may have several homes of a release, each under a directory of its own.
  const home = new RegExp(`:wso2[^/]*/wso2am-${version.replaceAll('.', '\\.')}/`)
  return new Map(
    [...trees].filter(([name]) => {
      const found = home.exec(name)
      const path = name.slice((found?.index ?? 0) + (found?.[0].length ?? 0))
      return found !== null && !patterns.some((pattern) => pattern.test(path))
    }),
  )
}

/** Two runs differ in when a row came to be, and in the random ids that the clients give. */
export const timeless = (dumps: Dumps): Dumps =>
  each(dumps, (text) =>
    text
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?/g, 'TIME')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID'),
  )

/** Dumps in which the events that are off are on. */
export const eventsOn = (dumps: Dumps): Dumps =>
  each(dumps, (text) => text.replace(/( ON COMPLETION NOT PRESERVE) DISABLE /g, '$1 ENABLE '))

function each(dumps: Dumps, change: (text: string) => string): Dumps {
  return Object.fromEntries(Object.entries(dumps).map(([name, text]) => [name, change(text)]))
}
