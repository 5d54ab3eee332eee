import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { Answer, Runner } from '../../src/connect/runner.ts'
import { sendAll } from '../../src/connect/send.ts'
import { opened } from '../../src/connect/sources.ts'

test('an upload of which nothing more comes is broken off; one that moves is not, however slowly', async () => {
  const script = (moves: boolean): Runner => ({
    host: 'slow',
    script: (_text, options) =>
      new Promise((resolve) => {
        const input = new PassThrough().resume()
        options?.feed?.(input)
        void options?.stdout?.(Buffer.from('ready 0 x\n'))
        let bytes = 0
        const timer = setInterval(() => {
          bytes += 1
          void options?.stdout?.(Buffer.from(`at ${moves ? bytes : 1}\n`))
          if (bytes === 20) end({ kind: 'exit', code: 0 })
        }, 40)
        const end = (how: Answer['end']) => {
          clearInterval(timer)
          resolve({ end: how, stdout: Buffer.alloc(0), stderr: '' })
        }
        options?.signal?.addEventListener('abort', () => end({ kind: 'cancelled' }))
      }),
  })
  const source = await opened({ bytes: Buffer.from('x'.repeat(100)) }, () => '')
  const moving = await sendAll(script(true), '', source, 'd', {}, 0.3)
  expect(moving).toMatchObject({ answer: { end: { kind: 'exit' } }, failed: undefined })
  expect(moving.answer.stdout.toString()).toBe('')
  expect(await sendAll(script(false), '', source, 'd', {}, 0.3)).toMatchObject({
    answer: { end: { kind: 'cancelled' } },
    failed: 'not a byte more has come for 0.3 seconds',
  })
})

test('a machine that answers an upload with no end of output fills no memory here', async () => {
  const runner: Runner = {
    host: 'evil',
    script: async (_text, options) => {
      for (let sent = 0; sent < 200; sent += 1) await options?.stdout?.(Buffer.alloc(64 * 1024, 'x'))
      return { end: { kind: 'exit', code: 1 }, stdout: Buffer.alloc(0), stderr: '' }
    },
  }
  const source = await opened({ bytes: Buffer.from('x') }, () => '')
  const { answer } = await sendAll(runner, '', source, undefined, {})
  expect(answer.stdout.length).toBeLessThan(200 * 1024)
})
