import type { Socket } from 'node:net'

/** What the database server answered to a statement or a log-in that it refused. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Cuts a socket's bytes into the protocol's packets. */
export class PacketReader {
  #bytes: Buffer = Buffer.alloc(0)
  #packets: Buffer[] = []
  #waiting: { resolve: (packet: Buffer) => void; reject: (error: Error) => void } | undefined
  #end: Error | undefined
  readonly #head: number

  readonly #cut: (bytes: Buffer) => number | undefined

  /** `cut` says how many bytes the first packet has, its head too, once it is whole; by default one of MySQL, whose head is left out. */
  constructor(socket: Socket, cut?: (bytes: Buffer) => number | undefined) {
    this.#cut = cut ?? mysqlPacket
    this.#head = cut === undefined ? 4 : 0
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', (error) => this.#stop(error))
    socket.on('close', () => this.#stop(new Error('Communications link failure')))
  }

  /** The next packet's body; throws when the connection is gone. */
  next(): Promise<Buffer> {
    const ready = this.#packets.shift()
    if (ready !== undefined) return Promise.resolve(ready)
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    for (let size = this.#cut(this.#bytes); size !== undefined; size = this.#cut(this.#bytes)) {
      this.#packets.push(this.#bytes.subarray(this.#head, size))
      this.#bytes = this.#bytes.subarray(size)
    }
    const waiting = this.#waiting
    if (waiting === undefined || this.#packets.length === 0) return
    this.#waiting = undefined
    const first = this.#packets.shift()
    if (first !== undefined) waiting.resolve(first)
  }

  #stop(error: Error): void {
    this.#end ??= error
    this.#waiting?.reject(this.#end)
    this.#waiting = undefined
  }
}

function mysqlPacket(bytes: Buffer): number | undefined {
  return bytes.length < 4 || bytes.length < 4 + bytes.readUIntLE(0, 3)
    ? undefined
    : 4 + bytes.readUIntLE(0, 3)
}

/** A packet with its header. */
export function packet(sequence: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(body.length, 0, 3)
  head[3] = sequence
  return Buffer.concat([head, body])
}

/** The error that a packet is, if it is one. */
export function errorOf(body: Buffer): DatabaseError | undefined {
  if (body[0] !== 0xff) return undefined
  const text = body.subarray(3).toString()
  return new DatabaseError(body.readUInt16LE(1), text.startsWith('#') ? text.slice(6) : text)
}

/** Whether a packet ends a list of rows. */
export function done(body: Buffer): boolean {
  return body[0] === 0xfe && body.length < 9
}

/** Text up to the next NUL, and where reading goes on. */
export function textUntilNul(body: Buffer, from: number): [string, number] {
  const end = body.indexOf(0, from)
  return [body.subarray(from, end).toString(), end + 1]
}

/** A length-coded number, and where reading goes on. */
export function lengthCoded(body: Buffer, from: number): [number, number] {
  const first = body[from] ?? 0
  if (first < 0xfb) return [first, from + 1]
  const size = first === 0xfc ? 2 : first === 0xfd ? 3 : 6
  return [body.readUIntLE(from + 1, size), from + (first === 0xfe ? 9 : size + 1)]
}

/** A length-coded text or NULL, and where reading goes on. */
export function lengthCodedText(body: Buffer, from: number): [string | null, number] {
  if (body[from] === 0xfb) return [null, from + 1]
  const [size, at] = lengthCoded(body, from)
  return [body.subarray(at, at + size).toString(), at + size]
}
