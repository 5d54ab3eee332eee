import type { PutOptions, Stored } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { type Answer, failure, judged, must, ownFence, type Runner } from './runner.ts'
import { sendAll } from './send.ts'
import type { Opened } from './sources.ts'
import { dropPart, type Large, outcome, placeOf, storeFromCache, storeLarge } from './store-scripts.ts'

/** How often an upload goes on after it was cut, when the cuts before brought it no further. */
const mostStalls = 4

/**
 * Streams a file. One whose SHA-256 is known is looked for on the machine first. An upload that is cut goes on from what
 * has arrived, now or in a later run that knows the same digest; what stands at the end is proved as a whole.
 */
export async function putLarge(
  runner: Runner,
  workdir: string,
  source: Opened,
  path: string,
  known: string | undefined,
  given: PutOptions,
): Promise<Stored> {
  const options = source.secret === true ? { ...given, cache: false } : given
  const left: Left = { part: partOf(path, source.size, known, options), before: undefined }
  try {
    return await upload(runner, workdir, source, path, known, options, left)
  } catch (error) {
    // It takes away what is ours alone, whoever has the lock.
    if (error instanceof ConnectionError && error.fault === 'fenced')
      await runner.script(dropPart(left.part, left.before), { reads: true, timeout: 60 })
    throw error
  }
}

/** What an upload leaves on the machine when it is cut: under which name, and who may still write there. */
interface Left {
  readonly part: string
  before: Large['before']
}

function partOf(path: string, size: number, known: string | undefined, { sha256 }: PutOptions): string {
  const { directory, temporary } = placeOf(path)
  return sha256 === undefined
    ? `${temporary}.part`
    : `${directory === '/' ? '' : directory}/.upgrade-fleet-${known?.slice(0, 32)}-${size}.part`
}

async function upload(
  runner: Runner,
  workdir: string,
  source: Opened,
  path: string,
  known: string | undefined,
  options: PutOptions,
  left: Left,
): Promise<Stored> {
  const { host } = runner
  const { size, secret = false } = source
  const { part } = left
  const what = `${path} could not be stored`
  const resumable = options.sha256 !== undefined
  let furthest = 0
  let whole: string | undefined
  let anew = false
  for (let stalls = 0; ; ) {
    const digest = known ?? whole
    const look = whole !== undefined || options.sha256 !== undefined
    if (digest !== undefined && look) {
      const there = await fromCache(runner, workdir, size, digest, path, whole !== undefined, options)
      if (there) {
        options.onProgress?.(size, size)
        return { size, sha256: digest }
      }
    }
    const place = placeOf(path)
    const text = storeLarge(
      { ...place, size, workdir, part, before: left.before, secret },
      options,
      await ownFence(runner),
    )
    const sent = await sendAll(runner, text, source, digest, options)
    const answer = judged(runner, sent.answer)
    const { end } = answer
    if (end.kind === 'exit' && end.code === 0 && sent.sha256 !== undefined) {
      options.onProgress?.(size, size)
      return { size, sha256: sent.sha256 }
    }
    const code = end.kind === 'exit' ? end.code : undefined
    if (sent.failed !== undefined) {
      if (end.kind !== 'lost' && !(resumable && options.signal?.aborted))
        await runner.script(dropPart(part), { timeout: 60 })
      if (end.kind === 'fenced') throw failure(host, answer, what)
      throw new ConnectionError(
        host,
        options.signal?.aborted ? 'refused' : 'io',
        `${host}: ${what}: ${sent.failed}`,
      )
    }
    if (code === outcome.otherBytes && (sent.ready?.offset ?? 0) > 0 && !anew) {
      // What was there from before was not the beginning of this file.
      anew = true
      left.before = undefined
      continue
    }
    if (end.kind !== 'lost' && code !== outcome.cut) throw wrong(host, path, what, size, known, answer)
    // Nobody knows whether the name has appeared, and it must be this put that made it.
    if (sent.sha256 !== undefined && options.exclusive) throw failure(host, answer, what)
    whole = sent.sha256
    const offset = sent.ready?.offset ?? 0
    stalls = offset > furthest ? 0 : stalls + 1
    furthest = Math.max(furthest, offset)
    if (stalls >= mostStalls) throw failure(host, answer, what)
    left.before = { temporary: place.temporary, writer: sent.ready?.writer }
  }
}

/** Whether the machine had it. `also`: it may stand in its place already, since the end of an attempt was lost. */
async function fromCache(
  runner: Runner,
  workdir: string,
  size: number,
  sha256: string,
  path: string,
  also: boolean,
  options: PutOptions,
): Promise<boolean> {
  const text = storeFromCache(
    placeOf(path),
    size,
    sha256,
    workdir,
    also ? [path] : [],
    options,
    await ownFence(runner),
  )
  const answer = judged(runner, await runner.script(text, { signal: options.signal }))
  const { end } = answer
  if (end.kind === 'exit' && end.code === outcome.notThere) return false
  if (end.kind === 'exit' && end.code === outcome.exists) throw taken(runner.host, path)
  if (end.kind === 'lost') return false
  must(runner.host, answer, `${path} could not be stored`)
  return true
}

function wrong(
  host: string,
  path: string,
  what: string,
  size: number,
  known: string | undefined,
  answer: Answer,
): ConnectionError {
  const { end } = answer
  const code = end.kind === 'exit' ? end.code : undefined
  const said = answer.stdout.toString('latin1').trim()
  if (code === outcome.exists) return taken(host, path)
  if (code === outcome.noSpace)
    return new ConnectionError(
      host,
      'io',
      `${host}: ${what}: No space left: it needs ${inWords(size)}, and ${inWords(Number(said))} are free there`,
    )
  if (code === outcome.otherBytes)
    return new ConnectionError(
      host,
      'io',
      `${host}: ${what}: ${known === undefined ? 'it arrived changed: ' : ''}its SHA-256 is ${said}${known === undefined ? '' : `, not ${known}`}`,
    )
  return failure(host, answer, what)
}

const taken = (host: string, path: string) =>
  new ConnectionError(host, 'refused', `${host}: ${path} exists already`)

/** A number of bytes as a person reads it. */
export function inWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let at = 0
  for (; value >= 1000 && at < units.length - 1; at += 1) value /= 1000
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`
}
