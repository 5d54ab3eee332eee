import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import {
  done,
  errorOf,
  lengthCoded,
  lengthCodedText,
  PacketReader,
  packet,
  textUntilNul,
} from './mysql-packets.ts'
import type { Rows, Target } from './session.ts'

/** One session with a MySQL or MariaDB server, spoken to in its own protocol: one query at a time. */
export class MySqlSession {
  readonly #socket: Socket
  readonly #packets: PacketReader
  #last: Promise<unknown> = Promise.resolve()

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#packets = new PacketReader(socket)
  }

  /** Connects and logs in; throws what the server, or the system, says. */
  static async open(target: Target): Promise<MySqlSession> {
    const socket = connect({ host: target.host, port: target.port, localAddress: target.from })
    const session = new MySqlSession(socket)
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
    this.#socket.end(packet(0, Buffer.from([1])))
  }

  async #login(target: Target): Promise<void> {
    const hello = await this.#packets.next()
    const refused = errorOf(hello)
    if (refused !== undefined) throw refused
    const [, afterVersion] = textUntilNul(hello, 1)
    const scramble = Buffer.concat([
      hello.subarray(afterVersion + 4, afterVersion + 12),
      hello.subarray(afterVersion + 31, afterVersion + 43),
    ])
    const head = Buffer.alloc(32)
    head.writeUInt32LE(capabilities, 0)
    head.writeUInt32LE(1 << 24, 4)
    head[8] = 45
    const token = nativePassword(target.password, scramble)
    const body = Buffer.concat([
      head,
      Buffer.from(`${target.user}\0`),
      Buffer.from([token.length]),
      token,
      Buffer.from(`${target.schema}\0mysql_native_password\0`),
    ])
    this.#socket.write(packet(1, body))
    const answer = await this.#packets.next()
    const failed = errorOf(answer)
    if (failed !== undefined) throw failed
    if (answer[0] !== 0)
      throw new Error('The server asks for a way to log in that the stand-in does not know.')
  }

  async #query(sql: string): Promise<Rows> {
    this.#socket.write(packet(0, Buffer.concat([Buffer.from([3]), Buffer.from(sql)])))
    let rows: (string | null)[][] = []
    for (;;) {
      const first = await this.#packets.next()
      const failed = errorOf(first)
      if (failed !== undefined) throw failed
      if (first[0] === 0) {
        const [, afterRows] = lengthCoded(first, 1)
        const [, afterId] = lengthCoded(first, afterRows)
        if ((first.readUInt16LE(afterId) & moreResults) === 0) return rows
        continue
      }
      const [columns] = lengthCoded(first, 0)
      for (let at = 0; at <= columns; at += 1) await this.#packets.next()
      const [found, status] = await this.#rows(columns)
      rows = found
      if ((status & moreResults) === 0) return rows
    }
  }

  async #rows(columns: number): Promise<[(string | null)[][], number]> {
    const rows: (string | null)[][] = []
    for (;;) {
      const next = await this.#packets.next()
      const failed = errorOf(next)
      if (failed !== undefined) throw failed
      if (done(next)) return [rows, next.readUInt16LE(3)]
      const row: (string | null)[] = []
      for (let at = 0, column = 0; column < columns; column += 1) {
        const [text, after] = lengthCodedText(next, at)
        row.push(text)
        at = after
      }
      rows.push(row)
    }
  }
}

/** LONG_PASSWORD, CONNECT_WITH_DB, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, MULTI_RESULTS, PLUGIN_AUTH. */
const capabilities = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x20000 | 0x80000

/** SERVER_MORE_RESULTS_EXISTS. */
const moreResults = 8

function nativePassword(password: string, scramble: Buffer): Buffer {
  if (password === '') return Buffer.alloc(0)
  const sha1 = (...parts: Uint8Array[]) => createHash('sha1').update(Buffer.concat(parts)).digest()
  const once = sha1(Buffer.from(password))
  const mask = sha1(scramble, sha1(once))
  return Buffer.from(once.map((byte, at) => byte ^ (mask[at] ?? 0)))
}
