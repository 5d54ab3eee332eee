import { type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { readXml } from '../modules/edit/xml.ts'
import { ask, holds, linesOf, readText } from '../modules/target.ts'
import { answers } from './health.ts'
import { allServers, homeExists, type Server, serversOf } from './server.ts'

/** Kernel by version: the name of a plugin jar, which no operator edits (the packs' own contents). */
const kernels: Readonly<Record<string, string>> = {
  '1.8.0': '4.2.0',
  '1.9.0': '4.2.0',
  '1.9.1': '4.2.0',
  '2.0.0': '4.4.7',
  '2.6.0': '4.4.35',
  '3.0.0': '4.5.1',
}

/** What a home says of itself: its version file and its plugins, which must agree; `carbon.xml` may lie and only is told. */
export async function versionAt(on: On, home: string): Promise<string> {
  const text = await readText(on, `${home}/bin/version.txt`)
  const version = text.match(/^WSO2 API Manager v(\d+\.\d+\.\d+)\s*$/)?.[1]
  if (version === undefined)
    throw new TaskError(`${home}/bin/version.txt on ${on.name} names no version`, [text.slice(0, 200)])
  const kernel = kernels[version]
  const jar = `${home}/repository/components/plugins/org.wso2.carbon.core_${kernel}`
  if (kernel !== undefined && !(await holds(on, sh.read`ls -d -- ${jar}*.jar >/dev/null 2>&1`)))
    throw new TaskError(
      `${home} on ${on.name} says ${version}, but has not the plugins of its kernel ${kernel}`,
      linesOf(
        (await ask(on, sh.read`ls ${home}/repository/components/plugins/ | grep '^org\.wso2\.carbon\.core_'`))
          .stdout,
      ),
    )
  return version
}

/** What stands on a machine: the home that the inventory names, what runs, and whether the target serves already. */
export const look = observe(
  'apim.look',
  async (on, { home, expect, target }: { home?: string | undefined; expect: string; target: Server }) => {
    const version = home === undefined ? undefined : await versionAt(on, home)
    if (version !== undefined && version !== expect)
      throw new TaskError(
        `${home} on ${on.name} is ${version}, but the inventory says apim_version ${expect}`,
      )
    const atTarget =
      (await homeExists(on, target.home)) &&
      (await versionAt(on, target.home)) === target.version &&
      (await serversOf(on, target.home)).length === 1 &&
      (await answers(on, target)) === undefined
    const running = (await allServers(on)).map(({ home: each }) => each)
    const versioning = home === undefined ? undefined : await versioningOf(on, home)
    return { version, atTarget, running, versioning }
  },
)

// All four switches are on in every pack up to 2.6.0; an element that is missing means that too.
async function versioningOf(on: On, home: string): Promise<boolean> {
  const path = `${home}/repository/conf/registry.xml`
  if (!(await holds(on, sh.read`test -f ${path}`))) return true
  const text = await readText(on, path)
  return ['Properties', 'Comments', 'Tags', 'Ratings'].some(
    (what) => readXml(text, `staticConfiguration/versioning${what}`)?.trim() !== 'false',
  )
}

/** Finds what is missing on a machine before anything is changed: programs, the JDK, room, rights, leftovers, supervisors. */
export const ready = observe(
  'apim.ready',
  async (on, { base, backups, javaHome, needs, gib, fresh }: Needs): Promise<{ java: string }> => {
    const missing = linesOf(
      (
        await ask(
          on,
          sh.read`for t in ${needs}; do for n in $(printf '%s' "$t" | tr '|' ' '); do command -v "$n" >/dev/null && continue 2; done; printf '%s\n' "$t"; done; :`,
        )
      ).stdout,
    ).map((tool) => `${on.name} has no ${tool.replaceAll('|', ' or ')}`)
    const java = await ask(on, sh.read`${javaHome}/bin/java -version 2>&1`)
    const version = java.stdout.match(/version "([^"]+)"/)?.[1] ?? ''
    const problems = [
      ...missing,
      ...(/^1\.8\./.test(version)
        ? []
        : [
            `${javaHome} on ${on.name} is Java ${version || 'unknown'}; all versions from 2.0.0 to 3.0.0 want Java 8`,
          ]),
      ...(await room(on, base, gib)),
      ...(await room(on, backups, 1)),
      ...(await leftovers(on, fresh)),
    ]
    if (problems.length > 0) throw new TaskError(`${on.name} is not ready`, problems)
    return { java: version }
  },
)

type Needs = {
  readonly base: string
  readonly backups: string
  readonly javaHome: string
  /** Programs; alternatives between bars. */
  readonly needs: readonly string[]
  readonly gib: number
  /** Homes that must not be there yet. */
  readonly fresh: readonly string[]
}

async function room(on: On, base: string, gib: number): Promise<readonly string[]> {
  const up = sh.read`d=${base}; while [ ! -d "$d" ]; do d=$(dirname -- "$d"); done`
  const { stdout } = await ask(
    on,
    sh.read`${up}; df -Pk -- "$d" | awk 'NR == 2 { print $4 }'; [ -w "$d" ] && echo writable`,
  )
  const [free, writable] = linesOf(stdout)
  return [
    ...(Number(free) < gib * 1024 * 1024
      ? [`${base} on ${on.name} has ${Math.floor(Number(free) / 1024)} MiB free, ${gib * 1024} are wanted`]
      : []),
    ...(writable === 'writable' ? [] : [`${base} on ${on.name} cannot be written by this user`]),
  ]
}

async function leftovers(on: On, homes: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    homes.map(async (home) =>
      (await holds(on, sh.read`[ -e ${home} ]`))
        ? [`${home} is on ${on.name} already: an upgrade makes it anew, so move it away`]
        : [],
    ),
  )
  return found.flat()
}
