import { expect, test } from 'vitest'
import { keepBastions } from '../../src/connect/bastions.ts'
import { fakeMachine } from '../../src/connect/fake.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { ConnectionError } from '../../src/model/errors.ts'

const endpoint = (name: string): Endpoint => ({ name, kind: 'fake', address: name, port: 22 })

test('at most 8 handshakes go through one bastion at a time, another has its own 8', async () => {
  const bastions = keepBastions(async (jump) => fakeMachine().connect(jump))
  const running = new Map<string, number>()
  const most = new Map<string, number>()
  const handshake = (name: string) => async () => {
    running.set(name, (running.get(name) ?? 0) + 1)
    most.set(name, Math.max(most.get(name) ?? 0, running.get(name) ?? 0))
    await new Promise(setImmediate)
    running.set(name, (running.get(name) ?? 0) - 1)
  }
  const names = Array.from({ length: 40 }, (_, at) => `bastion ${at % 2}`)
  await Promise.all(names.map((name) => bastions.turn(endpoint(name), handshake(name))))
  expect([...most.values()]).toEqual([8, 8])
  await bastions.close()
})

test.each([
  ['host-key', 'host-key'],
  ['auth', 'auth'],
  ['unreachable', 'unreachable'],
  ['lost', 'unreachable'],
] as const)(
  'a bastion that fails with %s is said to be in the way, and tried anew',
  async (fault, expected) => {
    let tries = 0
    const bastions = keepBastions(async (jump) => {
      tries += 1
      throw new ConnectionError(jump.name, fault, 'no')
    })
    for (const _try of [1, 2])
      await expect(bastions.dial(endpoint('a'), endpoint('b'))).rejects.toMatchObject({
        host: 'a',
        fault: expected,
        message: 'a: no way through b: no',
      })
    expect(tries).toBe(2)
  },
)
