import { createHash } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import type { PutOptions } from '../model/connection.ts'
import type { Answer, Runner } from './runner.ts'

interface Sent {
  readonly answer: Answer
  /** The SHA-256 of what was sent, when all of it was. */
  readonly sha256: string | undefined
  /** Why the sending was broken off on this side. */
  readonly failed: string | undefined
}

const progressMs = 250

/** Streams `size` bytes and the line with their SHA-256 into a script that says `ready` when it wants them. */
export async function sendAll(
  runner: Runner,
  text: string,
  open: () => Readable,
  size: number,
  judge: (sum: string) => boolean,
  { signal, onProgress }: PutOptions,
): Promise<Sent> {
  let input: Writable | undefined
  let sha256: string | undefined
  let failed: string | undefined
  let over = false
  let source: Readable | undefined
  const breakOff = (why: string) => {
    failed ??= why
    source?.destroy()
    // The far script sees its input end too early, takes its temporary file away and fails.
    input?.end()
  }
  const pour = async (to: Writable) => {
    const hash = createHash('sha256')
    let sent = 0
    let shown = performance.now()
    source = open()
    for await (const piece of source) {
      if (over || failed !== undefined) return
      const chunk: Buffer = Buffer.isBuffer(piece) ? piece : Buffer.from(piece)
      sent += chunk.length
      if (sent > size) return breakOff(`it is longer than the ${size} bytes that were announced`)
      hash.update(chunk)
      if (!to.write(chunk)) await drained(to)
      if (onProgress === undefined || performance.now() - shown < progressMs) continue
      shown = performance.now()
      onProgress(sent, size)
    }
    if (sent < size) return breakOff(`it ended after ${sent} of ${size} bytes`)
    sha256 = hash.digest('hex')
    if (judge(sha256)) to.write(`${sha256}\n`)
    else to.end()
    onProgress?.(sent, size)
  }
  const cancel = () => breakOff('cancelled')
  if (signal?.aborted) failed = 'cancelled'
  signal?.addEventListener('abort', cancel, { once: true })
  let begun = false
  try {
    const answer = await runner.script(text, {
      feed: (to) => {
        input = to
        if (failed !== undefined) to.end()
      },
      stdout: () => {
        if (begun || input === undefined || failed !== undefined) return undefined
        begun = true
        pour(input).catch((error: unknown) =>
          breakOff(error instanceof Error ? error.message : String(error)),
        )
        return undefined
      },
    })
    return { answer, sha256, failed }
  } finally {
    over = true
    signal?.removeEventListener('abort', cancel)
    source?.destroy()
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
