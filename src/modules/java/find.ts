import type { On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { ask } from '../target.ts'
import { type JavaVersion, versionOf } from './version.ts'

/** A Java of the machine that was started and said its version. */
export type Java = JavaVersion & {
  /** Its home, links followed. */
  readonly home: string
  /** Whether it has a compiler: a JDK, not a JRE. */
  readonly jdk: boolean
  /** Where it was found first: `given`, `JAVA_HOME`, `PATH` or a directory. */
  readonly found: string
}

/** What was looked at: the Javas that told their version, and what looked like one and did not. */
export type Looked = {
  readonly javas: readonly Java[]
  readonly broken: readonly { readonly home: string; readonly said: string }[]
}

/** Directories that have Javas in them, in the order in which they count. */
const places = ['/usr/lib/jvm', '/usr/java', '/opt/java', '/opt/ibm', '/opt', '/usr/local'] as const

/** Starts each Java that is there, once, in one round trip: those given, else JAVA_HOME's, that of PATH, and what stands in the usual directories. */
export async function findJavas(on: On, given?: readonly string[]): Promise<Looked> {
  // Each `java -version` reads nothing of ours, and options of the environment would load agents and print lines.
  const head = sh.read`unset JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS IBM_JAVA_OPTIONS OPENJ9_JAVA_OPTIONS
seen=:
one() { h=$(cd -P -- "$1" 2>/dev/null && pwd) || { [ "$2" != given ] || printf '\001%s\t%s\t%s\n%s\n' "$1" "$2" n 'there is no such directory'; return 0; }
if [ ! -x "$h/bin/java" ]; then [ "$2" != given ] || printf '\001%s\t%s\t%s\n%s\n' "$1" "$2" n 'it has no bin/java'; return 0; fi
case "$seen" in *":$h:"*) return 0;; esac
seen="$seen$h:"; c=n; [ ! -x "$h/bin/javac" ] || c=y
printf '\001%s\t%s\t%s\n' "$h" "$2" "$c"; "$h/bin/java" -version 2>&1 </dev/null | head -n 20; }
`
  const looks =
    given !== undefined
      ? given.reduce(
          (all, path) => sh.read`${all}one ${path} given
`,
          head,
        )
      : sh.read`${head}[ -z "$JAVA_HOME" ] || one "$JAVA_HOME" JAVA_HOME
j=$(command -v java 2>/dev/null) && j=$(readlink -f -- "$j" 2>/dev/null) && { j=$(dirname -- "$(dirname -- "$j")")
if [ "$(basename -- "$j")" = jre ] && [ -x "$(dirname -- "$j")/bin/java" ]; then j=$(dirname -- "$j"); fi; one "$j" PATH; }
for d in ${places}; do for h in "$d"/*; do [ ! -x "$h/bin/java" ] || one "$h" "$d"; done; done
:`
  const { stdout } = await ask(on, looks)
  const all = stdout
    .split('\u0001')
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      const [home = '', found = '', compiler = ''] = part.slice(0, end).split('\t')
      const said = part.slice(end + 1)
      return { home, found, jdk: compiler === 'y', said, version: versionOf(said) }
    })
  return {
    javas: all.flatMap(({ home, found, jdk, version }) =>
      version === undefined ? [] : [{ home, found, jdk, ...version }],
    ),
    broken: all.flatMap(({ home, said, version }) =>
      version === undefined ? [{ home, said: said.trim().split('\n')[0]?.slice(0, 200) ?? '' }] : [],
    ),
  }
}
