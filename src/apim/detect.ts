import { type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { holds, readText } from '../modules/target.ts'
import { takenOver } from './carried-settings.ts'
import type { TomlVars } from './custom.ts'
import { answers } from './health.ts'
import { type LogLevels, loggingOf } from './logging.ts'
import { confTexts } from './preflight/datasources.ts'
import { versioningSwitches } from './preflight/settings.ts'
import { disagree, signsOf } from './preflight/signs.ts'
import { allServers, homeExists, type Server, serversOf } from './server.ts'
import { keepingIn, type TokenKeeping, tokenFiles } from './tokens.ts'

/**
 * What stands on a machine: the home that the inventory names, what runs, and whether the target serves already. It only looks:
 * what is wrong is told by preflight, with all the rest.
 */
export const look = observe(
  'apim.look',
  async (on, { home, target }: { home?: string | undefined; target: Server }) => {
    const version = home === undefined ? undefined : await agreedVersion(on, home)
    const atTarget =
      (await homeExists(on, target.home)) &&
      (await agreedVersion(on, target.home)) === target.version &&
      (await serversOf(on, target.home)).length === 1 &&
      (await answers(on, target)) === undefined
    const running = (await allServers(on)).map(({ home: each }) => each)
    const versioning = home === undefined ? undefined : await versioningOf(on, home)
    const carried = home === undefined ? {} : await carriedFrom(on, home, target.address)
    const tokens = home === undefined ? undefined : await tokensOf(on, home)
    const levels = home === undefined ? {} : await levelsOf(on, home)
    return { version, atTarget, running, versioning, carried, tokens, levels }
  },
)

async function agreedVersion(on: On, home: string): Promise<string | undefined> {
  const found = await signsOf(on, home)
  return disagree(home, found).length === 0 ? found.text : undefined
}

// A file that cannot be read is told by preflight.
async function carriedFrom(on: On, home: string, address: string): Promise<TomlVars> {
  try {
    return takenOver(await confTexts(on, home, ['carbon.xml', 'tomcat/catalina-server.xml']), address)
  } catch (error) {
    if (error instanceof TaskError) return {}
    throw error
  }
}

async function levelsOf(on: On, home: string): Promise<LogLevels> {
  try {
    return (await loggingOf(on, home)).levels
  } catch (error) {
    if (error instanceof TaskError) return {}
    throw error
  }
}

async function tokensOf(on: On, home: string): Promise<TokenKeeping | undefined> {
  try {
    return keepingIn(await confTexts(on, home, tokenFiles))
  } catch (error) {
    if (error instanceof TaskError) return undefined
    throw error
  }
}

// Any switch that is on means that versions were written; a file that cannot be read is told by preflight.
async function versioningOf(on: On, home: string): Promise<boolean | undefined> {
  const path = `${home}/repository/conf/registry.xml`
  if (!(await holds(on, sh.read`test -f ${path}`))) return true
  try {
    return Object.values(versioningSwitches(await readText(on, path))).some((is) => is)
  } catch (error) {
    if (error instanceof TaskError) return undefined
    throw error
  }
}
