import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { gather } from '../../src/connect/gather.ts'

function counted() {
  const left: string[] = []
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => {
      left.push(String(chunk))
      done()
    },
    writev: (chunks, done) => {
      left.push(chunks.map(({ chunk }) => String(chunk)).join(''))
      done()
    },
  })
  gather(stream)
  return { left, stream }
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what is written in one go leaves in one write, in its order', async () => {
  const { left, stream } = counted()
  for (const piece of ['a', 'b', 'c']) stream.write(piece)
  expect(left).toEqual([])
  await turn()
  stream.write('d')
  await turn()
  stream.write('e')
  stream.write('f')
  await turn()
  expect(left).toEqual(['abc', 'd', 'ef'])
})

test('the end comes behind what was written, and says so to whoever waits', async () => {
  const { left, stream } = counted()
  const done = new Promise<void>((resolve) => stream.write('a', () => resolve()))
  stream.end('b')
  await done
  await turn()
  expect(left.join('')).toBe('ab')
})
