import { expect, test } from 'vitest'
import type { Runner } from '../../src/connect/runner.ts'
import { sendAll } from '../../src/connect/send.ts'
import { opened } from '../../src/connect/sources.ts'

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
