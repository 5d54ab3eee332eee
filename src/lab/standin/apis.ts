import { namesIn, readText } from './home.ts'
import { atLeast, type Server } from './server.ts'
import { artifactRoots } from './synapse.ts'

/** An API that lies in a home's artefact trees. */
export interface Deployed {
  readonly path: string
  readonly context: string
  /** A handler that this release has no class for: the API is not served. */
  readonly missing: string | undefined
  /** Whether it still throttles as 1.x did, which 3.0.0 fails on when it is called. */
  readonly oldThrottling: boolean
}

/** The published APIs of a home at this moment, the super tenant's and the tenants'. */
export function publishedApis(server: Server): readonly Deployed[] {
  return artifactRoots(server.home)
    .map((root) => `${root}/synapse-configs/default/api`)
    .flatMap((directory) => namesIn(server.home, directory).map((name) => `${directory}/${name}`))
    .filter((path) => path.endsWith('.xml') && !/\/_\w+_\.xml$/.test(path))
    .flatMap((path) => {
      const xml = readText(server.home, path) ?? ''
      const context = contextOf(/<api\s[^>]*>/.exec(xml)?.[0] ?? '')
      if (context === undefined) return []
      const old = /class="(org\.wso2\.carbon\.apimgt\.usage\.publisher\.APIMgtResponseHandler)"/.exec(
        xml,
      )?.[1]
      return [
        {
          path,
          context,
          missing: atLeast(server, '2.6.0') ? old : undefined,
          oldThrottling: atLeast(server, '3.0.0') && xml.includes('throttling.APIThrottleHandler"'),
        },
      ]
    })
}

// Before 1.9 the version stood beside the context, and in the address behind it.
function contextOf(tag: string): string | undefined {
  const of = (name: string) => new RegExp(`\\s${name}="([^"]+)"`).exec(tag)?.[1]
  const context = of('context')
  return context !== undefined && of('version-type') === 'url' ? `${context}/${of('version')}` : context
}

/** Says which APIs cannot be deployed since a handler's class is not there. */
export function complainAboutHandlers(server: Server): void {
  for (const { path, missing } of publishedApis(server)) {
    if (missing === undefined) continue
    const file = `${server.home}/${path}`
    server.log(
      'ERROR',
      'org.apache.synapse.deployers.APIDeployer',
      `API deployment from the file : ${file} : Failed.`,
      [
        `org.apache.synapse.SynapseException: Error initializing API handler: ${missing}`,
        `Caused by: java.lang.ClassNotFoundException: ${missing} cannot be found`,
      ],
    )
  }
}
