import { connect, type Socket } from 'node:net'
import { type Channels, channelsOver } from './channels.ts'
import { framed, numbers, reader, type Send } from './packets.ts'

/** An `ssh` that has logged in and lends its connection to others. */
export interface Master {
  readonly channels: Channels
  /** Settles when it is gone. */
  readonly gone: Promise<void>
  /** Its process, for tests and messages. */
  readonly pid: number
  /** Tells it to end at once, whatever still goes through it. */
  end(): void
}

// OpenSSH's PROTOCOL.mux, version 4.
const version = 4
const asked = { hello: 1, alive: 0x10000004, terminate: 0x10000005, proxy: 0x1000000f }
const said = { alive: 0x80000005, proxy: 0x8000000f }

/**
 * Joins a master by its control socket. Its proxy mode hands channels on as they are, so that an exit is exact, and a
 * signal a signal; a client process for each channel would turn both into numbers. Rejects when it is none, or too old.
 * `seconds` for each answer.
 */
export async function joinMaster(path: string, seconds = 30): Promise<Master> {
  let channels: Channels | undefined
  const control = await callMaster(path, asked.alive, said.alive, () => undefined, seconds)
  const proxy = await callMaster(
    path,
    asked.proxy,
    said.proxy,
    (message) => channels?.take(message),
    seconds,
  ).catch((error: unknown) => {
    control.socket.destroy()
    throw error
  })
  channels = channelsOver(proxy.send, seconds)
  const gone = new Promise<void>((resolve) => void proxy.socket.once('close', () => resolve()))
  void gone.then(() => control.socket.destroy())
  return {
    channels,
    gone,
    pid: control.answer.number(),
    end: () => {
      control.send(numbers(asked.terminate, 1))
      setTimeout(() => proxy.socket.destroy(), 2000).unref()
    },
  }
}

interface Call {
  readonly socket: Socket
  readonly send: Send
  /** What stands behind the answer's type and number. */
  readonly answer: ReturnType<typeof reader>
}

/** Says hello and asks one thing; what comes after its answer goes to `next`. */
function callMaster(
  path: string,
  question: number,
  right: number,
  next: (message: Buffer) => void,
  seconds: number,
): Promise<Call> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const fail = (why: string) => {
      clearTimeout(timer)
      socket.destroy()
      reject(new Error(`the ssh process that was started does not lend its connection: ${why}`))
    }
    const timer = setTimeout(() => fail(`no answer within ${seconds} seconds`), seconds * 1000)
    socket.on('error', (error) => fail(error.message))
    socket.once('close', () => fail('it hung up'))
    let heard = 0
    const send = framed(socket, (message) => {
      heard += 1
      if (heard > 2) return next(message)
      const from = reader(message)
      const type = from.number()
      if (heard === 1) {
        const spoken = from.number()
        if (type !== asked.hello || spoken !== version) fail(`it speaks version ${spoken}, not ${version}`)
        return
      }
      if (type !== right || from.number() !== 0)
        return fail('it does not know how; OpenSSH can since version 7.4')
      clearTimeout(timer)
      resolve({ socket, send, answer: from })
    })
    send(numbers(asked.hello, version))
    send(numbers(question, 0))
  })
}
