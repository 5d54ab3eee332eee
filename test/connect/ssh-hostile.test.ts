import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ssh2, { type AuthContext, type Connection as Client, type Server } from 'ssh2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { keepRefusals } from '../../src/connect/refusals.ts'
import { sshLink } from '../../src/connect/ssh-link.ts'
import { secret } from '../../src/model/secret.ts'
import { fastDirectory } from '../support/fast-directory.ts'

// Servers that do not keep to the protocol: ssh2's own Server, with some of its words replaced.
const word = 'canary-4711'
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
})
let directory: string
let server: Server
let clients: Client[] = []
let address = ''
let count = 0
beforeEach(() => {
  directory = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-hostile-'))
  count += 1
  address = `127.109.1.${count}`
})
afterEach(async () => {
  for (const client of clients) client.end()
  clients = []
  await new Promise<void>((resolve) => void server.close(() => resolve()))
  rmSync(directory, { recursive: true })
})

interface Protocol {
  channelOpenConfirm(recipient: number, sender: number, window: number, piece: number): void
  channelData(id: number, data: Buffer): void
  disconnect(reason: number): void
}
const protocolOf = (client: Client) => Reflect.get(client, '_protocol') as Protocol

/** Listens; `meet` is handed each client, and how it logs in. */
async function listen(meet: (client: Client) => void, login = (context: AuthContext) => context.accept()) {
  server = new ssh2.Server({ hostKeys: [privateKey] }, (client) => {
    clients.push(client)
    client.on('error', () => undefined)
    client.on('authentication', (context) => {
      if (context.method === 'none') context.reject(['password'])
      else login(context)
    })
    meet(client)
  })
  await new Promise<void>((resolve) => server.listen(2222, address, resolve))
  const key = ssh2.utils.parseKey(privateKey)
  if (key instanceof Error) throw key
  writeFileSync(
    join(directory, 'known'),
    `[${address}]:2222 ssh-rsa ${key.getPublicSSH().toString('base64')}\n`,
  )
}
const open = (more: Partial<ConnectContext> = {}) =>
  sshLink(
    ssh2,
    {
      name: 'gw',
      kind: 'ssh',
      address,
      port: 2222,
      password: secret('env:PW'),
      knownHostsFiles: [join(directory, 'known')],
    },
    'root',
    { secrets: () => word, home: directory, ...more },
  )
test('a server that falls silent after a password is not sent it again, nor is its twin', async () => {
  const passwords: string[] = []
  await listen(
    () => undefined,
    (context) => void (context.method === 'password' && passwords.push(context.password)),
  )
  const refusals = keepRefusals()
  const more = { refusals, connectTimeout: 0.5 }
  await expect(open(more)).rejects.toMatchObject({ fault: 'unreachable' })
  await expect(open(more)).rejects.toMatchObject({
    fault: 'auth',
    message: expect.stringMatching(
      /the password env:PW is not tried: gw did not answer it[\s\S]*-T SECONDS[\s\S]*Try it by hand/,
    ),
  })
  expect(passwords).toEqual([word])
})

const runs = (client: Client, run: (protocol: Protocol, id: number) => void) =>
  client.on('session', (accept) =>
    accept().on('exec', (agree) => {
      const channel = agree()
      run(protocolOf(client), (Reflect.get(channel, 'outgoing') as { id: number }).id)
    }),
  )

test('a server that takes pieces of no bytes is none: else ssh2 would send them without end', async () => {
  await listen((client) => {
    const protocol = protocolOf(client)
    const confirm = protocol.channelOpenConfirm.bind(protocol)
    protocol.channelOpenConfirm = (to, from, window) => confirm(to, from, window, 0)
    runs(client, () => undefined)
  })
  const link = await open()
  await expect(link.open('cat')).rejects.toThrow('pieces of 0 bytes')
  link.close()
})

test('output beyond what was granted ends the connection: it would be kept in memory', async () => {
  let sent = 0
  await listen((client) =>
    runs(client, (protocol, id) => {
      for (; sent < 512; sent += 1) protocol.channelData(id, Buffer.alloc(30_001))
    }),
  )
  const link = await open()
  const channel = await link.open('yes')
  expect(await link.gone).toContain('sends more than it may')
  expect(channel.output.readableLength).toBeLessThan(4 * 1024 * 1024)
  link.close()
})
