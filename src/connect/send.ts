import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { PutOptions } from '../model/connection.ts'
import type { Answer, Runner } from './runner.ts'
import { type Identity, parseStat } from './session.ts'
import type { Opened } from './sources.ts'

/** What came of sending a file. */
export interface Sent {
  readonly answer: Answer
  /** The SHA-256 of the whole, when all of it was sent. */
  readonly sha256: string | undefined
  /** Why the sending was broken off on this side. */
  readonly failed: string | undefined
  /** How many bytes the machine had when it was ready, and who writes there; undefined when it never was. */
  readonly ready: Ready | undefined
}

interface Ready {
  readonly offset: number
  readonly writer: Identity | undefined
}

const progressMs = 250
const lookMs = 5000
/** What more the script says than this is no answer of ours. */
const longestAnswer = 64 * 1024

/** Seconds in which more of an upload must have come: a slow link only makes it longer, however slow it is. */
const mostStill = 600
/** What is longer on its way than a week is given up. */
const longest = 7 * 24 * 3600

/**
 * Streams what is missing of a file, and a line with the SHA-256 of the whole, into a script that says when it is ready and
 * how many bytes are there already. It is broken off when none has come for `still` seconds. Without a digest the bytes are hashed on their way, those that are there too.
 */
export async function sendAll(
  runner: Runner,
  text: string,
  source: Opened,
  digest: string | undefined,
  { signal, onProgress }: PutOptions,
  still = mostStill,
): Promise<Sent> {
  const { size } = source
  let input: Writable | undefined
  let sha256: string | undefined
  let failed: string | undefined
  let over = false
  let ready: Ready | undefined
  let stream: Readable | undefined
  const breakOff = (why: string) => {
    failed ??= why
    stream?.destroy()
    // The far script sees its input end too early.
    input?.end()
  }
  const pour = async (to: Writable, offset: number) => {
    const hash = digest === undefined ? createHash('sha256') : undefined
    const from = source.open(hash === undefined ? offset : 0)
    stream = from.stream
    let read = from.at
    let shown = performance.now()
    for await (const piece of from.stream) {
      if (over || failed !== undefined) return
      const chunk: Buffer = Buffer.isBuffer(piece) ? piece : Buffer.from(piece)
      const fresh = chunk.subarray(Math.min(chunk.length, Math.max(0, offset - read)))
      read += chunk.length
      if (read > size) return breakOff(`it is longer than the ${size} bytes that were announced`)
      hash?.update(chunk)
      if (fresh.length > 0 && !to.write(fresh)) await drained(to)
      if (onProgress === undefined || performance.now() - shown < progressMs) continue
      shown = performance.now()
      if (read > offset) onProgress(read, size)
    }
    if (read < size) return breakOff(`it ended after ${read} of ${size} bytes`)
    sha256 = digest ?? hash?.digest('hex')
    to.write(`${sha256}\n`)
  }
  const cancel = () => breakOff('cancelled')
  const stuck = new AbortController()
  let moved = performance.now()
  let come = -1
  let looked = moved
  const pause = Math.min(lookMs, still * 250)
  const look = setInterval(() => {
    const now = performance.now()
    // Our own sleep is not its standstill.
    if (now - looked > 2 * pause) moved = now
    looked = now
    // What is whole is hashed and synced yet.
    if (now - moved < still * (come < size ? 1000 : 6000)) return
    breakOff(`not a byte more has come for ${still} seconds`)
    stuck.abort()
  }, pause).unref()
  if (signal?.aborted) failed = 'cancelled'
  // One signal may stand for a whole run, with hundreds of files under way.
  if (signal !== undefined) setMaxListeners(0, signal)
  signal?.addEventListener('abort', cancel, { once: true })
  const heard = (bytes: number): '' => {
    if (bytes !== come) moved = performance.now()
    come = bytes
    return ''
  }
  let said = ''
  try {
    const answer = await runner.script(text, {
      timeout: longest,
      signal: stuck.signal,
      feed: (to) => {
        input = to
        if (failed !== undefined) to.end()
      },
      stdout: (chunk) => {
        if (said.length < longestAnswer) said += chunk.toString('latin1', 0, longestAnswer)
        if (ready !== undefined)
          said = said.replace(/^at (\d+)\n/gm, (_line, bytes: string) => heard(Number(bytes)))
        const line = /^ready (\d+) (.*)\n/.exec(said)
        if (line === null || ready !== undefined || input === undefined || failed !== undefined)
          return undefined
        heard(Number(line[1]))
        ready = { offset: Number(line[1]), writer: parseStat(line[2] ?? '') }
        said = said.slice(line[0].length)
        pour(input, ready.offset).catch((error: unknown) =>
          breakOff(error instanceof Error ? error.message : String(error)),
        )
        return undefined
      },
    })
    return { answer: { ...answer, stdout: Buffer.from(said, 'latin1') }, sha256, failed, ready }
  } finally {
    over = true
    clearInterval(look)
    signal?.removeEventListener('abort', cancel)
    stream?.destroy()
  }
}

function drained(to: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      to.off('drain', go).off('close', go).off('error', go)
      resolve()
    }
    to.on('drain', go).on('close', go).on('error', go)
  })
}
