import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Open } from './databases.ts'
import { type Server, saidVersion } from './server.ts'
import { isSecretOf } from './tokens.ts'

/** Sends a whole answer. */
export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  head = {},
): void {
  response.writeHead(status, { 'Content-Type': type, Server: 'WSO2 Carbon Server', ...head })
  response.end(body)
}

/** `/services/Version`: the name and version that `carbon.xml` gives, or nothing good where the server is unhealthy. */
export function answerVersion(server: Server, response: ServerResponse): void {
  const body = `<ns:getVersionResponse xmlns:ns="http://version.services.core.carbon.wso2.org"><return>${saidVersion(server)}</return></ns:getVersionResponse>`
  if (server.faulty('started-but-unhealthy')) answer(response, 500, 'text/plain', 'Internal Server Error')
  else answer(response, 200, 'application/xml;charset=UTF-8', body)
}

/** A token request: the key and its secret are looked up in the database, and a token is made up. */
export async function answerToken(
  request: IncomingMessage,
  response: ServerResponse,
  server: Server,
  databases: Open,
): Promise<void> {
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')
  const [key = '', secret = ''] = Buffer.from(basic?.[1] ?? '', 'base64')
    .toString()
    .split(':')
  const refuse = (status: number, error: string) =>
    answer(
      response,
      status,
      'application/json',
      JSON.stringify({ error, error_description: 'Client Authentication failed.' }),
    )
  if (basic === null || databases.am === undefined)
    return refuse(basic === null ? 400 : 401, 'invalid_client')
  try {
    if (!(await isSecretOf(server, databases, key, secret))) return refuse(401, 'invalid_client')
  } catch {
    return answer(response, 500, 'application/json', JSON.stringify({ error: 'server_error' }))
  }
  const token = {
    access_token: `lab-${Date.now().toString(36)}`,
    scope: 'default',
    token_type: 'Bearer',
    expires_in: 3600,
  }
  answer(response, 200, 'application/json', JSON.stringify(token))
}

/** Text as a literal of MySQL. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
