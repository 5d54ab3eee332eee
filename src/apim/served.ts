import { type On, observe } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { fetchFrom } from '../modules/http.ts'
import { ask, clock, linesOf, pauses } from '../modules/target.ts'
import { portAt } from './ports.ts'
import type { Server } from './server.ts'

const sideBySide = 8

/**
 * The paths at which APIs are called, from the opening tags of their synapse files. 1.8.0 kept the version beside the
 * context (`version-type="url"`), later releases in it (the vendor's synapse templates): the path is the same.
 */
export function pathsIn(tags: readonly string[]): readonly string[] {
  const paths = tags.flatMap((tag) => {
    const attribute = (name: string) => tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1]
    const context = attribute('context')?.replace(/\/$/, '')
    const version = attribute('version')
    if (!context?.startsWith('/')) return []
    return [version !== undefined && attribute('version-type') === 'url' ? `${context}/${version}` : context]
  })
  return [...new Set(paths)].sort()
}

/** The APIs that a gateway serves now: those of its files, the tenants' too, that it answers for. Without a token it says 401, for an API that it does not know 404. */
export const served = observe('apim.served', async (on, { server }: { server: Server }) => {
  const { stdout } = await ask(
    on,
    sh.read`cd -- ${server.home}/repository && for d in deployment/server tenants/*; do
[ ! -d "$d/synapse-configs/default/api" ] || find "$d/synapse-configs/default/api" -name '*.xml' ! -name '_*_.xml' -exec grep -ahoE '<api [^>]*>' {} +
done; :`,
  )
  const paths = pathsIn(linesOf(stdout))
  const wrong = await refused(on, server, paths)
  return { paths: paths.filter((path) => !wrong.has(path)) }
})

/** A gate: holds when a gateway answers for every API that it served before. A server deploys them after it has started, so it gets some time. */
export const stillServed = observe(
  'apim.stillServed',
  async (on, { server, paths }: { server: Server; paths: readonly string[] }) => {
    const end = clock() + server.wait.answer
    const rest = pauses(on)
    for (;;) {
      const wrong = await refused(on, server, paths)
      if (wrong.size === 0) return { apis: paths.length }
      if (clock() > end)
        throw new TaskError(
          `${server.role} ${server.version} on ${on.name} does not serve ${wrong.size} of ${paths.length} APIs that were served before`,
          [...wrong].slice(0, 10).map(([path, said]) => `${path}: ${said}`),
        )
      await rest()
    }
  },
)

async function refused(
  on: On,
  server: Server,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const wrong = new Map<string, string>()
  const left = [...paths]
  const work = async () => {
    for (let path = left.shift(); path !== undefined; path = left.shift()) {
      const answer = await fetchFrom(on, {
        address: server.address,
        port: portAt(server, 'gatewayHttp'),
        path,
      }).catch((error: unknown) => {
        if (error instanceof TaskError) return error.message
        throw error
      })
      if (typeof answer === 'string') wrong.set(path, answer)
      else if (answer.status === 404 || answer.status >= 500) wrong.set(path, `it answered ${answer.status}`)
    }
  }
  await Promise.all(Array.from({ length: sideBySide }, work))
  return wrong
}
