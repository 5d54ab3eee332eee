import { expect, test } from 'vitest'
import type { ExecResult } from '../../src/model/connection.ts'
import { ConnectionError } from '../../src/model/errors.ts'
import { distribute, type Target } from '../../src/modules/distribute.ts'

const sha256 = 'a'.repeat(64)

/** A host of a group that answers each pull with an exit code and each put with an error or none. */
function target(name: string, code: number, full = false): Target {
  const answer: ExecResult = { kind: 'exit', code, stdout: '', stderr: '', truncated: false }
  return {
    machine: {
      endpoint: { name, kind: 'fake', address: name, port: 22 },
      exec: async () => answer,
      workdir: async () => '/work',
      put: async () => {
        if (full) throw new ConnectionError(name, 'io', `${name}: No space left`)
        return { size: 1, sha256 }
      },
    },
    path: '/pack',
    group: 'dc1',
  }
}

test('a group goes on when the one host that serves gives wrong bytes, and the one that asked it has no room', async () => {
  const ends = await distribute(
    { file: '/pack', sha256 },
    [target('first', 0), target('full', 13, true), target('last', 0)],
    { perHost: 1 },
  )
  expect(ends).toEqual([
    { host: 'first', from: undefined },
    { host: 'full', error: expect.objectContaining({ fault: 'io' }) },
    { host: 'last', from: undefined },
  ])
})
