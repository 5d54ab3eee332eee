import { expect, test } from 'vitest'
import { keepBastions } from '../../src/connect/bastions.ts'
import { Tried } from '../../src/connect/wire.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { ConnectionError } from '../../src/model/errors.ts'

const endpoint = (name: string): Endpoint => ({ name, kind: 'fake', address: name, port: 22 })

test.each([
  ['host-key', 'host-key', false, 1],
  ['auth', 'auth', false, 1],
  // Its own tries are used up, so whoever is behind it does not try again.
  ['unreachable', 'unreachable', true, 1],
  // It died at this very moment.
  ['lost', 'unreachable', false, 2],
] as const)(
  'a bastion that fails with %s is said to be in the way, and tried anew',
  async (fault, expected, tried, each) => {
    let tries = 0
    const bastions = keepBastions(async (jump) => {
      tries += 1
      throw new ConnectionError(jump.name, fault, 'no')
    })
    for (const _try of [1, 2]) {
      const error = await bastions.dial(endpoint('a'), endpoint('b')).catch((cause: unknown) => cause)
      expect(error).toMatchObject({ host: 'a', fault: expected, message: 'a: no way through b: no' })
      expect(error instanceof Tried).toBe(tried)
    }
    expect(tries).toBe(2 * each)
  },
)
