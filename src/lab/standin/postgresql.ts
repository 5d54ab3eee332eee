import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { DatabaseError, PacketReader } from './mysql-packets.ts'
import type { Rows, Target } from './session.ts'

/** One session with a PostgreSQL server, spoken to in its own protocol (version 3): one query at a time. */
export class PostgreSqlSession {
  readonly #socket: Socket
  readonly #messages: PacketReader
  #last: Promise<unknown> = Promise.resolve()

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#messages = new PacketReader(socket, cut)
  }

  /** Connects and logs in; throws what the server, or the system, says. */
  static async open(target: Target): Promise<PostgreSqlSession> {
    const socket = connect({ host: target.host, port: target.port, localAddress: target.from })
    const session = new PostgreSqlSession(socket)
    try {
      await session.#login(target)
    } catch (error) {
      socket.destroy()
      throw error
    }
    return session
  }

  /** Whether the session was lost. */
  get closed(): boolean {
    return this.#socket.destroyed
  }

  /** Runs one statement; the rows of its last result. */
  query(sql: string): Promise<Rows> {
    const run = this.#last.then(() => this.#query(sql))
    this.#last = run.catch(() => undefined)
    return run
  }

  /** Says good-bye. */
  close(): void {
    this.#socket.end(message('X', Buffer.alloc(0)))
  }

  async #login({ user, schema, password }: Target): Promise<void> {
    const pairs = ['user', user, 'database', schema, 'client_encoding', 'UTF8', '']
    const body = Buffer.from(pairs.map((text) => `${text}\0`).join(''))
    const head = Buffer.alloc(8)
    head.writeInt32BE(body.length + 8, 0)
    head.writeInt32BE(3 << 16, 4)
    this.#socket.write(Buffer.concat([head, body]))
    for (;;) {
      const [kind, answer] = await this.#next()
      if (kind === 'Z') return
      if (kind !== 'R') continue
      const how = answer.readInt32BE(0)
      if (how === sasl) await this.#scram(password)
      else if (how !== 0 && how !== saslEnd)
        throw new Error('The server asks for a way to log in that the stand-in does not know.')
    }
  }

  /** SCRAM-SHA-256 (RFC 5802 and 7677), without channel binding. The server's own proof is not asked for: it is the lab's. */
  async #scram(password: string): Promise<void> {
    const first = `n=,r=${randomBytes(18).toString('base64')}`
    const size = Buffer.alloc(4)
    size.writeInt32BE(`n,,${first}`.length)
    this.#socket.write(
      message('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), size, Buffer.from(`n,,${first}`)])),
    )
    const [, challenge] = await this.#next()
    const said = challenge.subarray(4).toString()
    const {
      r: nonce = '',
      s: salt = '',
      i: rounds = '',
    } = Object.fromEntries(said.split(',').map((part) => [part.slice(0, 1), part.slice(2)])) as Partial<
      Record<string, string>
    >
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), 32, 'sha256')
    const last = `c=biws,r=${nonce}`
    const key = createHmac('sha256', salted).update('Client Key').digest()
    const stored = createHash('sha256').update(key).digest()
    const signature = createHmac('sha256', stored).update(`${first},${said},${last}`).digest()
    const proof = Buffer.from(key.map((byte, at) => byte ^ (signature[at] ?? 0))).toString('base64')
    this.#socket.write(message('p', Buffer.from(`${last},p=${proof}`)))
  }

  async #query(sql: string): Promise<Rows> {
    this.#socket.write(message('Q', Buffer.from(`${sql}\0`)))
    let rows: (string | null)[][] = []
    let wrong: unknown
    for (;;) {
      const [kind, body] = await this.#next().catch((error: unknown) => {
        if (!(error instanceof DatabaseError)) throw error
        wrong = error
        return ['E', Buffer.alloc(0)] as const
      })
      if (kind === 'Z' && wrong !== undefined) throw wrong
      if (kind === 'Z') return rows
      if (kind === 'T') rows = []
      if (kind === 'D') rows.push(rowOf(body))
    }
  }

  /** The next message, its kind first; throws what the server complains of. */
  async #next(): Promise<readonly [string, Buffer]> {
    const whole = await this.#messages.next()
    const [kind, body] = [whole.subarray(0, 1).toString(), whole.subarray(5)]
    if (kind === 'E') throw new DatabaseError(0, complaint(body))
    return [kind, body]
  }
}

/** AuthenticationSASL, and AuthenticationSASLFinal. */
const [sasl, saslEnd] = [10, 12]

function cut(bytes: Buffer): number | undefined {
  return bytes.length < 5 || bytes.length < 1 + bytes.readInt32BE(1) ? undefined : 1 + bytes.readInt32BE(1)
}

function message(kind: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.write(kind, 0)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** What the driver makes of an error: its severity and its text. */
function complaint(body: Buffer): string {
  const fields = new Map(
    body
      .toString()
      .split('\0')
      .map((field) => [field.slice(0, 1), field.slice(1)] as const),
  )
  return `${fields.get('S')}: ${fields.get('M')}`
}

function rowOf(body: Buffer): (string | null)[] {
  let at = 2
  return Array.from({ length: body.readInt16BE(0) }, () => {
    const size = body.readInt32BE(at)
    at += 4
    if (size < 0) return null
    at += size
    return body.subarray(at - size, at).toString()
  })
}
