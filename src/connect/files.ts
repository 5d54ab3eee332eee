import { createHash } from 'node:crypto'
import type { Writable } from 'node:stream'
import { quote } from '../model/command.ts'
import type { GetOptions, PutOptions, Source, Stored } from '../model/connection.ts'
import { ConnectionError } from '../model/errors.ts'
import type { SecretStore } from '../model/secret.ts'
import { putLarge } from './put-large.ts'
import { judged, must, ownFence, type Runner } from './runner.ts'
import { digestOf, opened } from './sources.ts'
import { digestTool, nameScript, outcome, placeOf, storeSmall } from './store-scripts.ts'
import { needs } from './tools.ts'

const small = 32 * 1024

/** Stores a file: one round trip when it is small, else streamed through a shell of its own; our directory is asked for then. */
export async function putFile(
  runner: Runner,
  secrets: SecretStore,
  workdir: () => Promise<string>,
  source: Source,
  path: string,
  options: PutOptions,
): Promise<Stored> {
  mustBeAbsolute(path)
  if (runner.fence?.outside !== true) return store(runner, secrets, workdir, source, path, options)
  // The scripts cannot test the fence before the name appears, so the name is given by one that is handed on behind it.
  const { temporary, ...place } = placeOf(path)
  const staged = `${temporary}.whole`
  const stored = await store(runner, secrets, workdir, source, staged, { ...options, exclusive: true }).catch(
    (error: unknown) => {
      if (!(error instanceof ConnectionError)) throw error
      throw new ConnectionError(runner.host, error.fault, error.message.replaceAll(staged, path))
    },
  )
  const text = nameScript({ ...place, temporary: staged }, stored.sha256, options)
  const answer = await runner.script(text, { timeout: 120 })
  // It takes away what is ours alone, whoever has the lock.
  if (answer.end.kind === 'fenced')
    await runner.script(`rm -f -- ${quote(staged)}`, { reads: true, timeout: 60 })
  if (answer.end.kind === 'exit' && answer.end.code === outcome.exists)
    throw new ConnectionError(runner.host, 'refused', `${runner.host}: ${path} exists already`)
  must(runner.host, answer, `${path} could not be stored`)
  return stored
}

async function store(
  runner: Runner,
  secrets: SecretStore,
  workdir: () => Promise<string>,
  source: Source,
  path: string,
  options: PutOptions,
): Promise<Stored> {
  mustBeAccounts(options)
  const { host } = runner
  const from = await opened(source, secrets)
  const { size, bytes } = from
  const what = `${path} could not be stored`
  const sum = bytes && digestOf(bytes)
  const wanted = options.sha256?.toLowerCase()
  if (sum !== undefined && wanted !== undefined && sum !== wanted)
    throw new ConnectionError(host, 'io', `${host}: ${what}: its SHA-256 is ${sum}, not ${wanted}`)
  if (options.signal?.aborted) throw new ConnectionError(host, 'refused', `${host}: ${what}: cancelled`)
  if (bytes === undefined || sum === undefined || size > small)
    return putLarge(runner, await workdir(), from, path, sum ?? wanted, options)
  const text = storeSmall(placeOf(path), size, options, await ownFence(runner))
  const stdin = Buffer.concat([Buffer.from(`${sum}\n`), bytes])
  // Not killed when it is cancelled later: it is over soon, and its temporary file would stay.
  const answer = judged(runner, await runner.script(text, { stdin, timeout: 120 }))
  if (answer.end.kind === 'exit' && answer.end.code === outcome.exists)
    throw new ConnectionError(host, 'refused', `${host}: ${path} exists already`)
  must(host, answer, what)
  options.onProgress?.(size, size)
  return { size, sha256: sum }
}

/** Reads a file from an offset on into the sink, which is ended; the machine's own SHA-256 of that must agree with what arrived. */
export async function getFile(
  runner: Runner,
  path: string,
  sink: Writable,
  { signal, from = 0 }: GetOptions,
): Promise<Stored> {
  mustBeAbsolute(path)
  const what = `${path} could not be read`
  const hash = createHash('sha256')
  let size = 0
  let broken: Error | undefined
  let over = false
  const stop = new AbortController()
  const fail = (error: Error) => {
    broken ??= error
    stop.abort()
  }
  sink.on('error', fail)
  const answer = await runner.script(getScript(path, from), {
    reads: true,
    signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    stdout: (chunk) => {
      // What was held back when the connection was lost comes after the end.
      if (over) return undefined
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
  over = true
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

// The digest of what is large is found while it is sent, by a reader of its own.
const getScript = (
  path: string,
  from: number,
): string => `${needs('stat', 'sha256sum', from === 0 ? 'cat' : 'tail')}
f=${quote(path)}
if [ -d "$f" ]; then printf '%s\\n' "$f is a directory" >&2; exit 1; fi
s=$(stat -L -c %s -- "$f") || exit 1
take() { ${from === 0 ? 'cat -- "$f"' : `tail -c +${from + 1} -- "$f"`}; }
if [ $((s - ${from})) -le ${1024 * 1024} ]; then take && take | sha256sum >&2; exit; fi
${digestTool}
take | $h >&2 & take; r=$?; wait; exit $r`

function mustBeAbsolute(path: string): void {
  if (!path.startsWith('/') || path.includes('\0'))
    throw new TypeError(`A path on a machine must be absolute, got "${path}".`)
}

function mustBeAccounts({ owner, group }: PutOptions): void {
  for (const name of [owner, group])
    if (name !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.@$-]*$/.test(name))
      throw new TypeError(`An owner or group is a name or a number, got "${name}".`)
}
