import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'
import { quote } from '../model/command.ts'
import type { PutOptions, Source, Stored } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import { passedOn } from './lock-scripts.ts'
import { type Answer, failure, judged, must, ownFence, type Runner } from './runner.ts'
import { sendAll } from './send.ts'

const small = 32 * 1024
const exists = 5

/** Stores a file: one round trip when it is small, else streamed through a shell of its own. */
export async function putFile(
  runner: Runner,
  secrets: SecretStore,
  source: Source,
  path: string,
  options: PutOptions,
): Promise<Stored> {
  mustBeAbsolute(path)
  const { size, open, bytes } = await opened(source, secrets)
  const outside = runner.fence?.outside === true
  const store = storeScript(path, size, options, await ownFence(runner), outside)
  const text = store.text
  const what = `${path} could not be stored`
  const wrong = (sum: string) =>
    new ConnectionError(
      runner.host,
      'io',
      `${runner.host}: ${what}: its SHA-256 is ${sum}, not ${options.sha256}`,
    )
  const judge = (sum: string) => options.sha256 === undefined || options.sha256.toLowerCase() === sum
  if (bytes !== undefined && bytes.length <= small) {
    const sum = createHash('sha256').update(bytes).digest('hex')
    if (!judge(sum)) throw wrong(sum)
    const stdin = Buffer.concat([bytes, Buffer.from(`${sum}\n`)])
    if (options.signal?.aborted)
      throw new ConnectionError(runner.host, 'refused', `${runner.host}: ${what}: cancelled`)
    // Not killed when it is cancelled later: it is over soon, and its temporary file would stay.
    const answer = await placed(
      runner,
      store,
      judged(runner, await runner.script(text, { stdin, timeout: 120 })),
    )
    if (answer.end.kind === 'exit' && answer.end.code === exists) throw taken(runner.host, path)
    must(runner.host, answer, what)
    options.onProgress?.(size, size)
    return { size, sha256: sum }
  }
  const sent = await sendAll(runner, text, open, size, judge, options)
  const { sha256, failed } = sent
  const answer = await placed(runner, store, judged(runner, sent.answer))
  if (answer.end.kind === 'fenced') throw failure(runner.host, answer, what)
  if (sha256 !== undefined && !judge(sha256)) throw wrong(sha256)
  if (answer.end.kind === 'exit' && answer.end.code === exists) throw taken(runner.host, path)
  if (failed !== undefined && answer.end.kind !== 'lost')
    throw new ConnectionError(runner.host, 'io', `${runner.host}: ${what}: ${failed}`)
  must(runner.host, answer, what)
  if (sha256 === undefined) throw failure(runner.host, answer, what)
  return { size, sha256 }
}

/** Reads a file into the sink, which is ended; the machine's own SHA-256 of it must agree with what arrived. */
export async function getFile(
  runner: Runner,
  path: string,
  sink: Writable,
  signal: AbortSignal | undefined,
): Promise<Stored> {
  mustBeAbsolute(path)
  const what = `${path} could not be read`
  const hash = createHash('sha256')
  let size = 0
  let broken: Error | undefined
  const stop = new AbortController()
  const fail = (error: Error) => {
    broken ??= error
    stop.abort()
  }
  sink.on('error', fail)
  const answer = await runner.script(`f=${quote(path)}; cat -- "$f" && sha256sum <"$f" >&2`, {
    reads: true,
    signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    stdout: (chunk) => {
      hash.update(chunk)
      size += chunk.length
      if (broken !== undefined || sink.write(chunk)) return undefined
      return new Promise((resolve) => {
        const go = () => {
          sink.off('drain', go).off('close', go)
          resolve()
        }
        sink.on('drain', go).on('close', go)
      })
    },
  })
  const sha256 = hash.digest('hex')
  try {
    if (broken !== undefined)
      throw new ConnectionError(runner.host, 'io', `${runner.host}: ${what}: ${broken.message}`)
    must(runner.host, answer, what)
    if (answer.stderr.trim().split(' ')[0] !== sha256)
      throw new ConnectionError(
        runner.host,
        'io',
        `${runner.host}: ${what}: it changed while it was read, or arrived changed`,
      )
    await new Promise<void>((resolve, reject) => sink.once('error', reject).end(resolve))
  } catch (error) {
    sink.destroy()
    throw error
  }
  return { size, sha256 }
}

function mustBeAbsolute(path: string): void {
  if (!path.startsWith('/') || path.includes('\0'))
    throw new TypeError(`A path on a machine must be absolute, got "${path}".`)
}

function taken(host: string, path: string): ConnectionError {
  return new ConnectionError(host, 'refused', `${host}: ${path} exists already`)
}

async function opened(
  source: Source,
  secrets: SecretStore,
): Promise<{ size: number; open: () => Readable; bytes?: Buffer }> {
  if ('stream' in source) return { size: source.size, open: source.stream }
  if ('file' in source) {
    const { size } = await stat(source.file)
    return { size, open: () => createReadStream(source.file, { highWaterMark: 256 * 1024 }) }
  }
  const bytes = 'text' in source ? Buffer.from(reveal(source.text, secrets)) : Buffer.from(source.bytes)
  return { size: bytes.length, bytes, open: () => Readable.from([bytes], { objectMode: false }) }
}

/** The answer of a stored file's second half, where its name is for a fence to give that the first half cannot test. */
async function placed(runner: Runner, { place, clear }: Store, stored: Answer): Promise<Answer> {
  if (place === undefined || stored.end.kind !== 'exit' || stored.end.code !== 0) return stored
  const answer = await runner.script(place, { timeout: 120 })
  if (answer.end.kind === 'fenced') await runner.script(clear, { reads: true, timeout: 60 })
  return answer
}

interface Store {
  readonly text: string
  /** Gives the name, when `text` does not; and what takes the temporary file away instead. */
  readonly place?: string | undefined
  readonly clear: string
}

/**
 * Reads `size` bytes and a line with their SHA-256 from its input. The name appears only when both agree and the bytes
 * are on disk; whatever happens before, an input that ends early too, leaves nothing. The bytes may have been long on
 * their way, so the fence is tested again before the name appears: by the script, or when its second half is sent.
 */
function storeScript(
  path: string,
  size: number,
  { mode = 0o600, exclusive = false }: PutOptions,
  fence: string | undefined,
  inHalves: boolean,
): Store {
  const directory = path.slice(0, path.lastIndexOf('/')) || '/'
  const temporary = `${directory === '/' ? '' : directory}/.upgrade-fleet-${randomBytes(9).toString('hex')}`
  const place = exclusive
    ? `ln -T -- "$t" "$f" 2>/dev/null || { [ -e "$f" ] && exit ${exists}; ln -T -- "$t" "$f" || exit 1; }`
    : 'mv -fT -- "$t" "$f" && t= || exit 1'
  const names = `umask 077; f=${quote(path)}; d=${quote(directory)}; t=${quote(temporary)}`
  const cleared = `trap '[ -z "$t" ] || rm -f -- "$t"' EXIT`
  const naming = `${place}\nsync -- "$d" 2>/dev/null || sync`
  const text = `${names}
if [ ! -d "$d" ]; then printf '%s\\n' "there is no directory $d" >&2; exit 1; fi
if [ -d "$f" ]; then printf '%s\\n' "$f is a directory" >&2; exit 1; fi
${exclusive ? `if [ -e "$f" ] || [ -L "$f" ]; then exit ${exists}; fi` : ':'}
trap 'exit 9' HUP INT TERM PIPE
set -C; : >"$t" || exit 1; set +C
${cleared}
printf 'ready\\n'
head -c ${size} >"$t" || exit 1
g=$(sha256sum <"$t") || exit 1; g=\${g%% *}
IFS= read -r w || { printf 'the data ended early\\n' >&2; exit 1; }
if [ "$g" != "$w" ]; then printf '%s\\n' "it arrived changed: SHA-256 $g" >&2; exit 1; fi
chmod ${mode.toString(8).padStart(4, '0')} -- "$t" || exit 1
sync -- "$t" 2>/dev/null || sync
${fence === undefined ? ':' : `{ ${fence}; } || exit ${passedOn}`}
${inHalves ? 't=' : naming}`
  return {
    text,
    ...(inHalves && { place: `${names}\ntrap 'exit 9' HUP INT TERM PIPE\n${cleared}\n${naming}` }),
    clear: `rm -f -- ${quote(temporary)}`,
  }
}
