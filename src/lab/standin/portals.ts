import type { RequestListener } from 'node:http'
import { answer, answerToken, answerVersion } from './answers.ts'
import type { Open } from './databases.ts'
import { namesIn } from './home.ts'
import { atLeast, plays, type Server, silent } from './server.ts'

/** What is behind 9443 and 9763: the version, the portals of the profile whose applications are there, tokens, REST. */
export function portals(server: Server, databases: Open): RequestListener {
  const pages = pagesOf(server)
  const rest = restOf(server)
  return (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    if (silent(server)) return
    if (path === '/services/Version') return answerVersion(server, response)
    if (server.faulty('started-but-unhealthy'))
      return answer(response, 500, 'text/plain', 'Internal Server Error')
    if (path === '/oauth2/token' && plays(server, 'api-key-manager')) {
      return void answerToken(request, response, server, databases)
    }
    if (rest.some((root) => path.startsWith(root))) {
      return answer(
        response,
        401,
        'application/json',
        '{"code":401,"message":"","description":"Unauthenticated request"}',
      )
    }
    const page = pages.find((root) => path === root || path.startsWith(`${root}/`))
    if (page !== undefined) return answer(response, 200, 'text/html', `<title>${page.slice(1)}</title>`)
    answer(response, 404, 'text/html', '<h1>404 Not Found</h1>')
  }
}

function pagesOf(server: Server): readonly string[] {
  const deployed = namesIn(server.home, 'repository/deployment/server/jaggeryapps')
  const mine = [
    ...(plays(server, 'api-publisher') ? ['publisher', 'admin', 'workflow-admin', 'admin-dashboard'] : []),
    ...(plays(server, 'api-store', 'api-devportal') ? ['store', 'devportal'] : []),
  ]
  const console = plays(
    server,
    'api-publisher',
    'api-store',
    'api-devportal',
    'api-key-manager',
    'gateway-manager',
  )
  return [
    ...mine.filter((name) => deployed.includes(name)).map((name) => `/${name}`),
    ...(console ? ['/carbon'] : []),
  ]
}

function restOf(server: Server): readonly string[] {
  if (!atLeast(server, '2.0.0')) return []
  const wars = namesIn(server.home, 'repository/deployment/server/webapps').filter((name) =>
    name.startsWith('api#am#'),
  )
  return wars
    .filter((name) => !name.includes('store') || plays(server, 'api-store', 'api-devportal'))
    .filter((name) => !/publisher|admin/.test(name) || plays(server, 'api-publisher'))
    .map((name) => `/${name.replace('.war', '').replaceAll('#', '/')}`)
}
