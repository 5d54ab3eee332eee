import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { channelsOver } from '../../src/connect/channels.ts'
import { framed, numbers, type Reader, reader, string } from '../../src/connect/packets.ts'

type Said = { readonly type: number; readonly id: number; readonly from: Reader }

/** The other side: what it was told, and the words that it answers with. */
function peer(seconds?: number) {
  const said: Said[] = []
  const channels = channelsOver((message, done) => {
    const from = reader(message, 2)
    const type = message[1] ?? 0
    said.push({ type, id: type === 90 ? -1 : from.number(), from })
    done?.()
  }, seconds)
  const tell = (type: number, ...parts: readonly Buffer[]) =>
    channels.take(Buffer.concat([Buffer.from([0, type]), ...parts]))
  const last = (type: number) => said.findLast((one) => one.type === type)
  const counted = (type: number) => said.filter((one) => one.type === type).length
  return { channels, said, tell, last, counted }
}
type Peer = ReturnType<typeof peer>

/** A session whose command runs, with so much that may be sent. */
async function session({ channels, tell }: Peer, granted = 1000, largest = 400) {
  const opening = channels.open('the command')
  tell(91, numbers(0, 7, granted, largest))
  await Promise.resolve()
  await Promise.resolve()
  tell(99, numbers(0))
  return opening
}
const bytesOf = (said: readonly Said[]) =>
  said.flatMap(({ type, from }) => (type === 94 ? [from.string().length] : []))

describe('channels', () => {
  test('a command is asked for, and its output, errors and exit come back', async () => {
    const other = peer()
    const channel = await session(other)
    const asked = other.last(98)?.from
    expect([asked?.string().toString(), asked?.byte(), asked?.string().toString()]).toEqual([
      'exec',
      1,
      'the command',
    ])
    const out: Buffer[] = []
    const errors: Buffer[] = []
    channel.output.on('data', (chunk: Buffer) => out.push(chunk))
    channel.errors.on('data', (chunk: Buffer) => errors.push(chunk))
    other.tell(94, numbers(0), string('out'))
    other.tell(95, numbers(0, 1), string('err'))
    other.tell(96, numbers(0))
    other.tell(98, numbers(0), string('exit-status'), Buffer.from([0]), numbers(255))
    other.tell(97, numbers(0))
    expect(await channel.ended).toEqual({ code: 255 })
    expect([Buffer.concat(out).toString(), Buffer.concat(errors).toString()]).toEqual(['out', 'err'])
    expect(other.counted(97)).toBe(1)
  })
  test('a signal is a signal', async () => {
    const other = peer()
    const channel = await session(other)
    channel.output.resume()
    channel.errors.resume()
    other.tell(98, numbers(0), string('exit-signal'), Buffer.from([0]), string('KILL'), Buffer.from([0]))
    other.tell(97, numbers(0))
    expect(await channel.ended).toEqual({ signal: 'KILL' })
  })
  test('a loss is no end', async () => {
    const other = peer()
    const channel = await session(other)
    other.channels.lose('gone')
    expect(await channel.ended).toEqual({})
    await expect(other.channels.open('x')).rejects.toThrow('gone')
  })
  test('no more is sent than was granted, in pieces that the other side takes', async () => {
    const other = peer()
    const channel = await session(other)
    let written = false
    channel.input.write(Buffer.alloc(1500), () => {
      written = true
    })
    expect(bytesOf(other.said)).toEqual([400, 400, 200])
    expect(written).toBe(false)
    other.said.length = 0
    other.tell(93, numbers(0, 5000))
    expect(bytesOf(other.said)).toEqual([400, 100])
    await Promise.resolve()
    channel.input.end()
    await new Promise((resolve) => channel.input.once('finish', resolve))
    expect(written).toBe(true)
    expect(other.counted(96)).toBe(1)
  })
  test('what was read is granted anew, what waits for its reader is not', async () => {
    const other = peer()
    const channel = await session(other)
    channel.errors.resume()
    const chunk = Buffer.alloc(32 * 1024)
    for (let count = 0; count < 40; count++) other.tell(94, numbers(0), string(chunk))
    const granted = () =>
      other.said.filter(({ type }) => type === 93).reduce((sum, { from }) => sum + from.number(), 0)
    expect(granted()).toBe(0)
    channel.output.resume()
    await new Promise((resolve) => setImmediate(resolve))
    expect(granted()).toBeGreaterThan(1024 * 1024)
  })
  test('a server that asks whether we are there is answered', async () => {
    const other = peer()
    await session(other)
    other.tell(98, numbers(0), string('keepalive@openssh.com'), Buffer.from([1]))
    expect(other.last(100)?.id).toBe(7)
  })
  test('no channel left, a command that is refused, an answer that does not come', async () => {
    const other = peer()
    const refused = other.channels.open('x')
    other.tell(92, numbers(0, 2), string('open failed'), string(''))
    await expect(refused).rejects.toThrow('channel open failure: open failed')
    const bad = other.channels.open('x')
    other.tell(91, numbers(1, 7, 1000, 400))
    await Promise.resolve()
    await Promise.resolve()
    other.tell(100, numbers(1))
    await expect(bad).rejects.toThrow('refused the command')
    expect(other.counted(97)).toBe(1)
    const silent = peer(0.01)
    const waiting = silent.channels.open('x')
    await expect(waiting).rejects.toThrow('no answer within 0.01 seconds')
    silent.tell(91, numbers(0, 7, 1000, 400))
    expect(silent.counted(97)).toBe(1)
  })
  test('what is about no channel of ours is passed over, what makes no sense is not', async () => {
    const other = peer()
    other.tell(94, numbers(99), string('x'))
    await session(other)
    expect(() => other.tell(94, numbers(0, 100))).toThrow(RangeError)
    expect(() => other.tell(1, numbers(0))).toThrow('No message of type 1')
  })
})

test('messages are cut apart wherever the stream is', async () => {
  const stream = new PassThrough()
  const got: string[] = []
  framed(stream, (message) => got.push(message.toString()))
  const bytes = Buffer.concat(['one', '', 'three'].map((text) => string(text)))
  for (const byte of bytes) stream.write(Buffer.from([byte]))
  await new Promise((resolve) => setImmediate(resolve))
  expect(got).toEqual(['one', '', 'three'])
  const over = new Promise((resolve) => stream.once('error', resolve))
  stream.write(numbers(2 ** 31))
  expect(String(await over)).toContain('cannot be')
})
