import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { answer, answerToken, answerVersion } from './answers.ts'
import { type Deployed, publishedApis } from './apis.ts'
import type { Open } from './databases.ts'
import { atLeast, plays, type Server, silent } from './server.ts'
import { isActive } from './tokens.ts'

/** What a gateway answers: deployed APIs, `/token`, the version, and a fault for all else. */
export function gateway(server: Server, databases: Open): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    if (silent(server)) return
    if (path === '/services/Version') return answerVersion(server, response)
    if (server.faulty('started-but-unhealthy'))
      return answer(response, 500, 'text/plain', 'Internal Server Error')
    if (path === '/token' && request.method === 'POST')
      return void answerToken(request, response, server, databases)
    if (path === '/' && atLeast(server, '3.0.0'))
      return answer(response, 200, 'text/html', '<h1>Welcome to APIM</h1>')
    const api = plays(server, 'gateway-manager', 'gateway-worker')
      ? publishedApis(server).find(({ context }) => path === context || path.startsWith(`${context}/`))
      : undefined
    if (api === undefined || api.missing !== undefined) return notFound(server, path, response)
    void callApi(server, request, response, databases, api)
  }
}

async function callApi(
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
  databases: Open,
  api: Deployed,
): Promise<void> {
  if (api.oldThrottling) {
    const cast =
      'java.lang.ClassCastException: java.lang.String cannot be cast to org.wso2.carbon.apimgt.impl.dto.VerbInfoDTO'
    server.log('ERROR', 'org.apache.synapse.rest.API', `Error while handling ${api.context}`, [cast])
    return answer(response, 500, 'application/json', '{"fault":{"code":900900}}')
  }
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (bearer !== undefined && databases.am !== undefined && !bearer.startsWith('lab-')) {
    const found = await isActive(server, databases, bearer).catch(() => undefined)
    if (found === undefined) return answer(response, 500, 'application/json', '{"fault":{"code":900900}}')
    if (!found)
      return answer(
        response,
        401,
        'application/json',
        '{"fault":{"code":900901,"message":"Invalid Credentials"}}',
      )
  }
  answer(response, 200, 'application/json', JSON.stringify({ api: api.context, backend: 'lab' }))
}

function notFound(server: Server, path: string, response: ServerResponse): void {
  const what = atLeast(server, '2.6.0')
    ? 'The requested resource is not available.'
    : `The requested resource (${path}) is not available.`
  const line = `STATUS = Message dispatched to the main sequence. Invalid URL., RESOURCE = ${path}`
  server.log('INFO', 'org.apache.synapse.mediators.builtin.LogMediator', line)
  const body = `<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code><am:type>Status report</am:type><am:message>Not Found</am:message><am:description>${what}</am:description></am:fault>`
  answer(response, 404, 'application/xml; charset=UTF-8', body)
}
