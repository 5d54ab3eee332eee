import { type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { readXml } from '../modules/edit/xml.ts'
import { holds, readText } from '../modules/target.ts'
import { answers } from './health.ts'
import { versionAt } from './preflight/signs.ts'
import { allServers, homeExists, type Server, serversOf } from './server.ts'

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
