import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startProxy, type TcpProxy } from './proxy.ts'
import { until } from './until.ts'

const address = '127.105.9.1'
let proxy: TcpProxy
let stop: () => Promise<void>
const clients: Socket[] = []

/** An echo behind a proxy. */
beforeEach(async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.105.9.2', resolve))
  proxy = await startProxy(address, { address: '127.105.9.2', port: (server.address() as AddressInfo).port })
  stop = async () => {
    for (const client of clients.splice(0)) client.destroy()
    await proxy.stop()
    await new Promise((resolve) => server.close(resolve))
  }
})
afterEach(() => stop())

async function call(): Promise<{ socket: Socket; heard: () => string; error: () => string | undefined }> {
  const socket = connect(proxy.port, address)
  clients.push(socket)
  let heard = ''
  let error: string | undefined
  socket.on('data', (chunk) => {
    heard += chunk
  })
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    error = cause.code
  })
  await once(socket, 'connect')
  return { socket, heard: () => heard, error: () => error }
}

test('it passes bytes and ends on, and counts them', async () => {
  const { socket, heard } = await call()
  const text = 'abc'.repeat(100_000)
  socket.end(text)
  await once(socket, 'close')
  expect(heard() === text).toBe(true)
  expect(proxy.bytes).toEqual({ up: text.length, down: text.length })
  expect(proxy.connections()).toBe(1)
  await until(() => proxy.open() === 0, 'the end')
})
test('what is stalled goes on, what a black hole swallowed is lost', async () => {
  const { socket, heard } = await call()
  proxy.stall()
  socket.write('held ')
  const second = await call()
  second.socket.write('x')
  expect(heard()).toBe('')
  proxy.pass()
  await until(() => heard() === 'held ' && second.heard() === 'x', 'what was held')
  proxy.blackHole()
  const before = proxy.bytes.up
  socket.write('swallowed ')
  await new Promise<void>((resolve) => socket.write('', () => resolve()))
  const third = await call()
  expect(proxy.connections()).toBe(3)
  expect(third.heard()).toBe('')
  expect(proxy.bytes.up).toBe(before)
})
test('a slow one is slow, and can be let go', async () => {
  const { socket, heard } = await call()
  proxy.throttle(100)
  const text = 'y'.repeat(10_000)
  socket.write(text)
  await until(() => heard().length > 0, 'the first byte')
  expect(heard().length).toBeLessThan(1000)
  proxy.pass()
  await until(() => heard() === text, 'the rest')
})
test('a late one brings all in order', async () => {
  const { socket, heard } = await call()
  proxy.delay(30)
  for (const word of ['one ', 'two ', 'three']) socket.write(word)
  await until(() => heard() === 'one two three', 'the words')
})
test('it breaks with a reset or an end', async () => {
  const one = await call()
  one.socket.write('a')
  await until(() => one.heard() === 'a', 'an answer')
  proxy.break('reset')
  await until(() => one.error() === 'ECONNRESET', 'the reset')
  const two = await call()
  two.socket.write('b')
  await until(() => two.heard() === 'b', 'an answer')
  proxy.break('end')
  await once(two.socket, 'close')
  expect(two.error()).toBeUndefined()
})
test.each([0, 1, 5])('it cuts after byte %i', async (count) => {
  proxy.cutAfter('down', count, 'end')
  const { socket, heard } = await call()
  socket.write('0123456789')
  await once(socket, 'close')
  expect(heard()).toBe('0123456789'.slice(0, count))
})
test('it refuses new ones, and takes them again', async () => {
  const { socket, heard } = await call()
  await proxy.refuse()
  await expect(call()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  socket.write('on')
  await until(() => heard() === 'on', 'an answer')
  await proxy.accept()
  await call()
})
