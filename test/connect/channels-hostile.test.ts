import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Channel } from '../../src/connect/channel.ts'
import { channelsOver } from '../../src/connect/channels.ts'
import { framed, numbers, string } from '../../src/connect/packets.ts'

/** A client, and a server that may say anything. */
function hostile() {
  let sent = 0
  const channels = channelsOver((message, done) => {
    sent += message.length
    if (sent > 64 * 1024 * 1024) throw new Error('it sends without end')
    done?.()
  }, 30)
  const tell = (type: number, ...parts: readonly Buffer[]) =>
    channels.take(Buffer.concat([Buffer.from([0, type]), ...parts]))
  return { channels, tell, sent: () => sent }
}
async function session({ channels, tell }: ReturnType<typeof hostile>): Promise<Channel> {
  const opening = channels.open('x')
  tell(91, numbers(0, 7, 1000, 400))
  await Promise.resolve()
  await Promise.resolve()
  tell(99, numbers(0))
  return opening
}

test.each([0, 1, 255])('a server that takes pieces of %i bytes is none', async (largest) => {
  const other = hostile()
  const opening = other.channels.open('x').catch(() => undefined)
  expect(() => other.tell(91, numbers(0, 7, 1_000_000, largest))).toThrow(RangeError)
  other.channels.lose('gone')
  await opening
})

test.each([
  ['output', (id: number) => numbers(id), 94],
  ['errors', (id: number) => numbers(id, 1), 95],
] as const)('%s beyond what was granted is not kept', async (_name, head, type) => {
  const other = hostile()
  await session(other)
  const chunk = string(Buffer.alloc(32 * 1024))
  const flood = () => {
    for (let count = 0; count < 1000; count += 1) other.tell(type, head(0), chunk)
  }
  expect(flood).toThrow(/more than it may/)
})

test('an end that is said a thousand times is waited for once', async () => {
  const other = hostile()
  const channel = await session(other)
  const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length
  const before = timers()
  for (let count = 0; count < 1000; count += 1)
    other.tell(98, numbers(0), string('exit-status'), Buffer.from([0]), numbers(1))
  expect(timers() - before).toBeLessThan(5)
  channel.destroy()
  other.channels.lose('gone')
  expect(await channel.ended).toEqual({ code: 1 })
})

const word = fc.nat(40)
const large = fc.oneof(word, fc.constantFrom(0, 0xffffffff, 0x7fffffff, 32_768))
const part = fc.oneof(
  fc.array(large, { maxLength: 4 }).map((values) => numbers(...values)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ maxLength: 20 }).map((text) => string(text)),
  fc.constantFrom('exit-status', 'exit-signal', 'keepalive@openssh.com').map((text) => string(text)),
)
const message = fc
  .tuple(
    fc.oneof(fc.integer({ min: 88, max: 101 }), fc.nat(255)),
    fc.nat(2),
    fc.array(part, { maxLength: 4 }),
  )
  .map(([type, id, parts]) => Buffer.concat([Buffer.from([0, type]), numbers(id), ...parts]))

const scrap = fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes))

test('whatever a server says, it is taken or refused: no crash, no hang, no flood of ours', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(message, scrap)), async (messages) => {
      const other = hostile()
      const settled = [other.channels.open('one'), other.channels.dial('a', 1)].map((one) =>
        one.then(
          (it) => 'ended' in it && it.input.on('error', () => undefined).write(Buffer.alloc(4096)),
          () => undefined,
        ),
      )
      for (const one of messages) {
        try {
          other.channels.take(one)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
          break
        }
        await Promise.resolve()
      }
      other.channels.lose('gone')
      await Promise.all(settled)
      await expect(other.channels.open('x')).rejects.toThrow('gone')
      expect(other.sent()).toBeLessThan(1024 * 1024)
    }),
  ))

test('any bytes, cut anywhere, are messages or the end of the stream', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 30 })),
      fc.array(fc.nat(30)),
      async (pieces, cuts) => {
        const stream = new PassThrough()
        const errors: Error[] = []
        stream.on('error', (error) => errors.push(error))
        let got = 0
        framed(stream, (one) => {
          got += one.length
        })
        let left = Buffer.concat(pieces)
        for (const cut of cuts) {
          stream.write(left.subarray(0, cut))
          left = left.subarray(cut)
        }
        await new Promise((resolve) => setImmediate(resolve))
        expect(errors.every((error) => error instanceof RangeError)).toBe(true)
        expect(got).toBeLessThanOrEqual(30 * pieces.length)
      },
    ),
  ))
