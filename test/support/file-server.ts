import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A web server with ranges and validators, which breaks off, lies or leads elsewhere where it is told to. */
export interface FileServer {
  readonly url: string
  /** Content by path; with what is different from a good server. */
  readonly files: Map<string, Served>
  /** What was asked: method, path, and the range, if there was one. */
  readonly asked: string[]
  readonly headers: IncomingMessage['headers'][]
  stop(): Promise<void>
}

export interface Served {
  readonly content: Buffer
  readonly etag?: string
  /** Breaks off after that many bytes of each answer, so many times. */
  cutAfter?: number
  cuts?: number
  readonly noRanges?: boolean
  readonly noLength?: boolean
  readonly location?: string
  /** Only answered with this header. */
  readonly authorization?: string
}

/** Starts one on a loopback address. */
export async function startFileServer(
  address: string,
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<FileServer> {
  const files = new Map<string, Served>()
  const asked: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '/'
    const { range } = request.headers
    asked.push([request.method, path, range ?? ''].join(' ').trim())
    headers.push(request.headers)
    const file = files.get(path)
    if (file === undefined) return void response.writeHead(404).end()
    if (file.location !== undefined) return void response.writeHead(302, { location: file.location }).end()
    if (file.authorization !== undefined && request.headers.authorization !== file.authorization)
      return void response.writeHead(401).end()
    const { content, etag } = file
    const condition = request.headers['if-range']
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    const partial = from > 0 && file.noRanges !== true && (condition === undefined || condition === etag)
    if (partial && from >= content.length) return void response.writeHead(416).end()
    const bytes = partial ? content.subarray(from) : content
    response.writeHead(partial ? 206 : 200, {
      ...(etag !== undefined && { etag }),
      ...(file.noLength !== true && { 'content-length': bytes.length }),
      ...(partial && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
    })
    if (file.cutAfter !== undefined && (file.cuts ?? 1) > 0 && bytes.length > file.cutAfter) {
      file.cuts = (file.cuts ?? 1) - 1
      response.write(bytes.subarray(0, file.cutAfter), () => response.destroy())
    } else response.end(bytes)
  }
  const server = tls === undefined ? createServer(answer) : createSecure(tls, answer)
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${address}:${port}`,
    files,
    asked,
    headers,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
