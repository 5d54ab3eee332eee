import { homedir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConnectContext } from '../../src/connect/context.ts'
import { openSsh } from '../../src/connect/ssh.ts'
import { sh } from '../../src/model/command.ts'
import { ConnectionError } from '../../src/model/errors.ts'
import { type Cut, type Direction, proxied } from '../support/proxy.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const tries = 2
const context: ConnectContext = {
  secrets: () => '',
  home: homedir(),
  retry: { tries: 1, base: 1 },
  attempts: { tries, base: 1 },
}
let sshd: Sshd
let address = 0
beforeAll(async () => {
  sshd = await startSshd('127.105.3.1', ['MaxStartups 200', 'SetEnv HOME=/tmp'])
})
afterAll(() => sshd.stop())

interface Outcome {
  readonly offset: number
  readonly kind: string
  /** Connections that were made for the login, and those of them that got to the login. */
  readonly calls: number
  readonly logins: number
}

/** Connects through a proxy that cuts each connection at one byte, and asks for something. */
async function tryAt(direction: Direction, offset: number, how: Cut, seconds: number): Promise<Outcome> {
  address += 1
  const { proxy, endpoint } = await proxied(sshd, `127.105.${32 + (address >> 8)}.${address & 255}`)
  proxy.cutAfter(direction, offset, how)
  try {
    const connection = await openSsh(endpoint, {
      ...context,
      connectTimeout: seconds,
      patience: seconds,
      watchdog: seconds,
    })
    const calls = proxy.connections()
    const end = await connection.exec(sh`exit 3`, { timeout: 60 }).then(
      (result) => result.kind,
      (error: unknown) => (error instanceof ConnectionError ? error.fault : `defect: ${error}`),
    )
    await connection.close()
    return { offset, kind: `connected, ${end}`, calls, logins: 1 }
  } catch (error) {
    const calls = proxy.connections()
    if (!(error instanceof ConnectionError)) return { offset, kind: `defect: ${error}`, calls, logins: 0 }
    return { offset, kind: error.fault, calls, logins: /broke off in the login/.test(error.message) ? 1 : 0 }
  } finally {
    await proxy.stop()
  }
}

async function sweep(direction: Direction, how: Cut, step: number, seconds: number, atOnce: number) {
  const before = sshd.log().length
  const offsets = Array.from({ length: Math.ceil(4000 / step) }, (_, at) => at * step)
  const outcomes: Outcome[] = []
  const next = offsets[Symbol.iterator]()
  const worker = async () => {
    for (const offset of next) outcomes.push(await tryAt(direction, offset, how, seconds))
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  outcomes.sort((a, b) => a.offset - b.offset)
  return { outcomes, log: sshd.log().slice(before) }
}

test.each([
  ['down', 'reset'],
  ['down', 'end'],
  ['up', 'reset'],
  ['up', 'end'],
] as const)(
  'a handshake cut %s at any byte with a %s ends clearly, and only before the login is there another',
  async (direction, how) => {
    const { outcomes, log } = await sweep(direction, how, 40, 20, 4)
    const kinds = new Set(outcomes.map(({ kind }) => kind))
    for (const kind of kinds)
      expect(['unreachable', 'connected, exit', 'connected, lost', 'connected, unreachable']).toContain(kind)
    // The sweep went over all of it: from the first byte to where even the command is through.
    expect(outcomes[0]?.kind).toBe('unreachable')
    expect(outcomes.at(-1)?.kind).toBe('connected, exit')
    for (const one of outcomes) {
      if (one.kind === 'unreachable') expect(one).toMatchObject({ calls: one.logins === 1 ? 1 : tries })
    }
    // One login for each connection, and none that failed.
    const ports = [...log.matchAll(/Accepted publickey for \S+ from \S+ port (\d+)/g)].map(([, port]) => port)
    expect(ports.length).toBe(new Set(ports).size)
    expect(log).not.toMatch(/Failed|maximum authentication attempts/)
  },
)

test.each(['down', 'up'] as const)(
  'a handshake that goes silent %s at any byte ends at its deadline',
  async (direction) => {
    const { outcomes } = await sweep(direction, 'hole', 200, 3, 20)
    for (const { kind } of outcomes)
      expect(['unreachable', 'connected, exit', 'connected, lost', 'connected, unreachable']).toContain(kind)
    expect(outcomes[0]).toMatchObject({ kind: 'unreachable', calls: 1 })
    expect(outcomes.at(-1)?.kind).toBe('connected, exit')
  },
)
