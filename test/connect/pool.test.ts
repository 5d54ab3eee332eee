import { expect, test } from 'vitest'
import { fakeMachine } from '../../src/connect/fake.ts'
import { connectionPool } from '../../src/connect/pool.ts'
import { sh } from '../../src/model/command.ts'
import type { Endpoint } from '../../src/model/connection.ts'
import { ConnectionError } from '../../src/model/errors.ts'

const endpoint = (name: string): Endpoint => ({ name, kind: 'fake', address: name, port: 22 })

test('one connection for each machine, some opened at a time, all of them closed', async () => {
  let opening = 0
  let most = 0
  let opened = 0
  const pool = connectionPool(async (wanted) => {
    opening += 1
    opened += 1
    most = Math.max(most, opening)
    await new Promise(setImmediate)
    opening -= 1
    return fakeMachine().connect(wanted)
  }, 3)
  const names = Array.from({ length: 20 }, (_, at) => `host ${at % 10}`)
  const connections = await Promise.all(names.map((name) => pool.get(endpoint(name))))
  expect({ opened, most, shared: connections[0] === connections[10] }).toEqual({
    opened: 10,
    most: 3,
    shared: true,
  })
  const late = pool.get(endpoint('late'))
  await pool.close()
  for (const connection of [...connections, await late.catch(() => undefined)])
    if (connection !== undefined)
      await expect(connection.exec(sh`true`)).rejects.toMatchObject({ fault: 'unreachable' })
  await expect(pool.get(endpoint('later'))).rejects.toMatchObject({ fault: 'unreachable' })
})
test('one that could not be opened is tried anew by the next', async () => {
  let tries = 0
  const pool = connectionPool(async (wanted) => {
    tries += 1
    if (tries === 1) throw new ConnectionError(wanted.name, 'unreachable', 'away')
    return fakeMachine().connect(wanted)
  })
  await expect(pool.get(endpoint('a'))).rejects.toMatchObject({ fault: 'unreachable' })
  expect((await pool.get(endpoint('a'))).endpoint.name).toBe('a')
  await pool.close()
})
