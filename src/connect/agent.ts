import { connect } from 'node:net'
import type { BaseAgent, ParsedKey } from 'ssh2'
import { parsed, unusable } from './key-file.ts'
import { keyType } from './known-hosts.ts'

type Ssh2 = typeof import('ssh2')

/** A key that an agent holds. */
export interface AgentKey {
  readonly type: string
  readonly blob: Buffer
  readonly comment: string
}

const [failure, request, answer] = [5, 11, 12]
const atMost = 1024 * 1024

/** Asks an agent what it holds, the keys that ssh2 cannot use too. Rejects with why it does not answer; `seconds` is its deadline. */
export function agentKeys(socket: string, seconds = 5): Promise<readonly AgentKey[]> {
  return new Promise((resolve, reject) => {
    const sock = connect(socket)
    const fail = (why: string) => end(() => reject(new Error(why)))
    const timer = setTimeout(() => fail(`no answer within ${seconds} seconds`), seconds * 1000)
    const end = (tell: () => void) => {
      clearTimeout(timer)
      sock.destroy()
      tell()
    }
    let got = Buffer.alloc(0)
    sock.on('error', (error) => fail(error.message))
    sock.on('close', () => fail('it hung up'))
    sock.once('connect', () => sock.write(Buffer.from([0, 0, 0, 1, request])))
    sock.on('data', (bytes) => {
      got = Buffer.concat([got, bytes])
      const length = got.length < 4 ? 0 : got.readUInt32BE(0)
      if (length > atMost) return fail('its answer is too long')
      if (length === 0 || got.length < 4 + length) return
      if (got[4] === failure) return fail('it refuses to say what it holds')
      if (got[4] !== answer) return fail('its answer is not understood')
      end(() => resolve(keysOf(got.subarray(5, 4 + length))))
    })
  })
}

function keysOf(bytes: Buffer): readonly AgentKey[] {
  const keys: AgentKey[] = []
  let at = 4
  const next = (): Buffer => {
    const start = at + 4
    at = start + (start <= bytes.length ? bytes.readUInt32BE(at) : 0)
    return bytes.subarray(start, at)
  }
  const count = bytes.length < 4 ? 0 : bytes.readUInt32BE(0)
  while (keys.length < count && at + 4 <= bytes.length) {
    const blob = next()
    keys.push({ type: keyType(blob), blob, comment: next().toString() })
  }
  return keys
}

/** A key of an agent that ssh2 can offer. */
export interface Held {
  readonly key: ParsedKey
  readonly comment: string
}

/** What an agent holds: what can be offered, what cannot and why, and for messages why there is nothing. */
export async function heldBy(
  ssh2: Ssh2,
  socket: string,
): Promise<{ readonly usable: readonly Held[]; readonly others: readonly string[]; readonly none: string }> {
  if (socket === '') return { usable: [], others: [], none: '' }
  let keys: readonly AgentKey[]
  try {
    keys = await agentKeys(socket)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { usable: [], others: [], none: `: the agent at ${socket} does not answer: ${why}` }
  }
  const usable = keys.flatMap(({ blob, comment }) => {
    const key = parsed(ssh2, blob)
    return key === undefined ? [] : [{ key, comment }]
  })
  const others = keys.flatMap(({ type, comment }) => {
    const why = unusable(type)
    return why === undefined ? [] : [`${comment}: ${why}`]
  })
  const none = keys.length === 0 ? `: the agent at ${socket} is empty, or locked (ssh-add -l)` : ''
  return { usable, others, none }
}

/** An agent that offers one of its keys and no other. */
export function onlyThis(ssh2: Ssh2, socket: string, key: ParsedKey): BaseAgent {
  const agent = ssh2.createAgent(socket)
  agent.getIdentities = (callback) => callback(undefined, [key])
  return agent
}
