import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import ssh2, { type ConnectConfig } from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { sshLink } from '../../src/connect/ssh-link.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'

// What ssh2 does when it should not, played by its own Client whose methods are replaced: one test for each pitfall.
const { Client } = ssh2
let directory: string
let server: Server
const sockets = new Set<Socket>()
let endpoint: Endpoint
const at = (name: string) => join(directory, name)
const keyOf = (name: string) =>
  Buffer.from(readFileSync(at(`${name}.pub`), 'utf8').split(' ')[1] ?? '', 'base64')
beforeAll(async () => {
  directory = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-link-'))
  for (const name of ['user', 'host', 'other'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)])
  writeFileSync(at('known'), `[127.105.9.30]:2222 ${readFileSync(at('host.pub'), 'utf8')}`)
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(2222, '127.105.9.30', resolve))
  endpoint = {
    name: 'host',
    kind: 'ssh',
    address: '127.105.9.30',
    port: 2222,
    privateKeyFile: at('user'),
    knownHostsFiles: [at('known')],
  }
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
  rmSync(directory, { recursive: true })
})

type Made = InstanceType<typeof Client>
/** What happens on connect(); by default the login succeeds at once. */
let onConnect: (client: Made, config: ConnectConfig) => void
let made: Made | undefined
beforeEach(() => {
  onConnect = (client) => setImmediate(() => client.emit('ready'))
  vi.spyOn(Client.prototype, 'connect').mockImplementation(function (this: Made, config: ConnectConfig) {
    made = this
    onConnect(this, config)
    return this
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  made?.emit('close')
})

const open = (more: Partial<ConnectContext> = {}) =>
  sshLink(ssh2, endpoint, 'root', { secrets: () => '', home: directory, ...more })
const unreachable = (message: RegExp) => ({ fault: 'unreachable', message: expect.stringMatching(message) })

describe('connecting', () => {
  test('connect() throws at once', async () => {
    onConnect = () => {
      throw new Error('no such cipher')
    }
    await expect(open()).rejects.toMatchObject(unreachable(/no such cipher/))
  })
  test.each([0, 1, 2])(
    'an end before the login with %i errors, and one after it, is one failure',
    async (errors) => {
      onConnect = (client) =>
        setImmediate(() => {
          for (let count = 0; count < errors; count += 1) client.emit('error', new Error(`trouble ${count}`))
          client.emit('close')
          setImmediate(() => client.emit('error', new Error('afterwards')))
        })
      const why = errors === 0 ? /the connection was closed/ : /trouble 0/
      await expect(open()).rejects.toMatchObject({ ...unreachable(why), early: true })
    },
  )
  test('an error that no end follows', async () => {
    onConnect = (client) => setImmediate(() => client.emit('error', new Error('bad packet')))
    await expect(open({ connectTimeout: 60 })).rejects.toMatchObject(unreachable(/bad packet/))
  })
  test('nothing at all', async () => {
    onConnect = () => undefined
    await expect(open({ connectTimeout: 0.2 })).rejects.toMatchObject({
      ...unreachable(/not logged in within 0.2 seconds/),
      early: false,
    })
  })
  test('weak algorithms and compression are not offered, and a known host is asked for its own type alone', async () => {
    let offered: ConnectConfig['algorithms']
    onConnect = (client, config) => {
      offered = config.algorithms
      setImmediate(() => client.emit('ready'))
    }
    await open()
    expect(JSON.stringify(offered)).not.toMatch(/sha1"|hmac-sha1|zlib|ssh-rsa|ssh-dss|-cbc|arcfour|md5/)
    expect(offered).toMatchObject({ compress: ['none'], serverHostKey: ['ssh-ed25519'] })
  })
})

describe('the host key', () => {
  /** What the verifier gives back, and what it decides, for each key that is shown in turn. */
  async function judged(keys: readonly Buffer[], more: Partial<ConnectContext> = {}) {
    const said: unknown[] = []
    onConnect = (client, config) => {
      const verify = config.hostVerifier as (key: Buffer, decide: (ok: boolean) => void) => unknown
      void (async () => {
        for (const key of keys) {
          await new Promise<void>((resolve) => {
            const back = verify(key, (ok) => {
              said.push(ok)
              resolve()
            })
            // Whatever is given back counts as a decision, and all but false as yes.
            if (back !== undefined) said.push({ back })
          })
        }
        client.emit('close')
      })()
    }
    const error = await open(more).catch((cause: unknown) => cause)
    return { said, error }
  }
  test('decides with exactly true or false, gives nothing back, and does so at every new exchange of keys', async () => {
    const { said, error } = await judged([
      keyOf('host'),
      keyOf('other'),
      keyOf('host'),
      Buffer.alloc(0),
      Buffer.from('x'),
    ])
    expect(said).toEqual([true, false, true, false, false])
    expect(error).toMatchObject({ fault: 'host-key' })
  })
  test('waits for a key to be stored, and refuses when it cannot be', async () => {
    const known = endpoint.knownHostsFiles
    try {
      endpoint = { ...endpoint, knownHostsFiles: [at('new')] }
      expect(
        (await judged([keyOf('other'), keyOf('other'), keyOf('host')], { hostKeyChecking: 'accept-new' }))
          .said,
      ).toEqual([true, true, false])
      endpoint = { ...endpoint, knownHostsFiles: [at('missing/directory/known')] }
      writeFileSync(at('missing'), 'a file is in the way')
      expect(
        (await judged([keyOf('other')], { hostKeyChecking: 'accept-new' })).said.filter(
          (one) => one !== false,
        ),
      ).toEqual([])
    } finally {
      endpoint = { ...endpoint, ...(known && { knownHostsFiles: known }) }
    }
  })
})

describe('a channel', () => {
  const channel = () =>
    Object.assign(new PassThrough(), { stderr: new PassThrough(), close: () => undefined })
  type Exec = (command: string, done: (error: Error | undefined, channel: unknown) => void) => Made
  const exec = (play: Exec) => vi.spyOn(Client.prototype, 'exec').mockImplementation(play as never)

  test('exec() throws at once', async () => {
    exec(() => {
      throw new Error('Not connected')
    })
    await expect((await open()).open('x')).rejects.toThrow('Not connected')
  })
  test('it never calls back, and the connection ends', async () => {
    exec(() => made as Made)
    const link = await open()
    const opening = link.open('x')
    made?.emit('close')
    await expect(opening).rejects.toThrow(/was lost/)
    expect([link.alive, await link.gone]).toEqual([false, 'The connection to host was lost.'])
  })
  test('it never calls back, and the connection lives: it is given up, and ended should it come after all', async () => {
    let late: ((error: undefined, channel: unknown) => void) | undefined
    exec((_command, done) => {
      late = done
      return made as Made
    })
    const link = await open({ patience: 0.1 })
    await expect(link.open('x')).rejects.toThrow('no answer within 0.1 seconds')
    const useless = channel()
    late?.(undefined, useless)
    expect([useless.destroyed, link.alive]).toEqual([true, true])
  })
  test('the other side has said its last word: nothing more is asked of it', async () => {
    const link = await open()
    made?.emit('end')
    expect(link.alive).toBe(false)
  })
  test.each([
    ['a number', [3], { code: 3 }],
    ['a signal', [null, 'SIGKILL'], { signal: 'KILL' }],
    ['neither', [undefined], {}],
    ['never', undefined, {}],
  ])('its exit comes with %s', async (_name, exit, ended) => {
    const one = channel()
    exec((_command, done) => {
      done(undefined, one)
      return made as Made
    })
    const opened = await (await open()).open('x')
    if (exit !== undefined) one.emit('exit', ...exit)
    one.emit('close')
    expect(await opened.ended).toEqual(ended)
  })
  test("its end never comes: what something left behind holds open is given up; errors are nobody else's", async () => {
    const one = channel()
    exec((_command, done) => {
      done(undefined, one)
      return made as Made
    })
    const opened = await (await open()).open('x')
    one.emit('error', new Error('EPIPE'))
    one.emit('exit', 0)
    expect(await opened.ended).toEqual({ code: 0 })
  })
})
