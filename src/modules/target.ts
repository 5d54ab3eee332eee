import { Writable } from 'node:stream'
import type { On } from '../model/action.ts'
import { type Command, sh } from '../model/command.ts'
import type { ExecOptions, JobOptions } from '../model/connection.ts'
import { TaskError, UnknownOutcome } from '../model/errors.ts'

/** What a command that ran to its end said. */
export type Answer = {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Whether more was said than is kept. */
  readonly truncated: boolean
}

/** Runs a command whose exit status is an answer: throws only when it did not run to its end. */
export async function ask(on: On, command: Command, options?: ExecOptions): Promise<Answer> {
  const result = await on.exec(command, { signal: on.signal, ...options })
  if (result.kind === 'exit') {
    const { code, stdout, stderr, truncated } = result
    return { code, stdout, stderr, truncated }
  }
  if (result.kind === 'lost') throw new UnknownOutcome(`${on.name}: ${result.reason}`)
  if (result.kind === 'refused') throw new TaskError(`${on.name} refused a command: ${result.reason}`)
  if (result.kind === 'timeout') throw new TaskError(`${on.name}: no answer in ${result.seconds} seconds`)
  throw new TaskError(`${on.name}: a command ended by ${result.kind}`, [result.stderr])
}

/** Whether a command exits 0. */
export async function holds(on: On, command: Command, options?: ExecOptions): Promise<boolean> {
  return (await ask(on, command, options)).code === 0
}

/** The lines of a text that are not empty. */
export const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

/** Reads a file of the machine from an offset to its end; refuses more than `max` bytes. */
export async function readBytes(on: On, path: string, max = 16 * 1024 * 1024, from = 0): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length
      if (size <= max) chunks.push(chunk)
      done()
    },
  })
  await on.get(path, sink, { from, signal: on.signal })
  if (size > max) throw new TaskError(`${path} on ${on.name} has more than ${max} bytes`)
  return Buffer.concat(chunks)
}

/** Reads a text file of the machine whole. */
export async function readText(on: On, path: string): Promise<string> {
  return (await readBytes(on, path)).toString('utf8')
}

/** The text of a file and its mode as they are; what is no text, or more of it than a person reads, is only named. */
export async function looks(on: On, path: string): Promise<{ readonly text: string; readonly mode: string }> {
  const { code, stdout } = await ask(on, sh.read`stat -L -c '%a %s %F' -- ${path}`)
  if (code !== 0) return { text: '', mode: 'none' }
  const [mode = '', size = '', ...kind] = stdout.trim().split(' ')
  if (!kind.includes('file')) return { text: `${kind.join(' ')}\n`, mode }
  if (Number(size) > mostShown) return { text: `${size} bytes, more than are shown\n`, mode }
  const text = await readText(on, path)
  return { text: text.includes('\0') ? `${size} bytes that are no text\n` : text, mode }
}
const mostShown = 256 * 1024

/** A file or tree that a job writes, and about how many bytes it will have: its size is told as progress. */
export type Growing = ({ readonly file: string } | { readonly tree: string }) & { readonly bytes: number }

function watch(on: On, growing: Growing): { end: () => Promise<void> } {
  const { bytes } = growing
  const size =
    'file' in growing
      ? sh.read`stat -c %s -- ${growing.file} 2>/dev/null || echo 0`
      : sh.read`k=$(du -sk -- ${growing.tree} 2>/dev/null | cut -f 1); [ -n "$k" ] || k=0; echo $((k * 1024))`
  const over = new AbortController()
  const rest = pauses({ ...on, signal: AbortSignal.any([on.signal, over.signal]) })
  const look = async () => {
    for (;;) {
      await rest()
      const has = Number((await ask(on, size)).stdout)
      if (has > 0 && !over.signal.aborted) on.progress(Math.min(has, bytes), bytes, 'bytes')
    }
  }
  // It ends by an interrupted pause, and what it cannot see it need not tell: the job itself is waited for.
  const looking = look().catch(() => undefined)
  return {
    end: async () => {
      over.abort()
      await looking
      on.progress(bytes, bytes, 'bytes')
    },
  }
}

/** What a job is started with, besides its command. */
export type LongJob = JobOptions & {
  /** Seconds; default none. */
  readonly timeout?: number
  readonly grows?: Growing
  /** What must hold before it is begun. A job that an earlier controller began is attached to, and is itself what this would find: not asked again. */
  readonly before?: () => Promise<unknown>
}

/** Runs something long as a job that outlives the connection, and wants exit 0; gives its last lines of output. */
export async function runJob(
  on: On,
  name: string,
  command: Command,
  options: LongJob = {},
): Promise<readonly string[]> {
  const { timeout, grows, before, ...jobOptions } = options
  if (before !== undefined && !(await on.begun(name))) await before()
  const job = await on.job(name, command, jobOptions)
  const tail: string[] = []
  const onLine = (line: string) => {
    tail.push(line)
    if (tail.length > 200) tail.shift()
  }
  const watching = grows && watch(on, grows)
  const result = await job
    .wait({ signal: on.signal, onLine, ...(timeout !== undefined && { timeout }) })
    .finally(() => watching?.end())
  if (result.kind === 'exit' && result.code === 0) return tail
  const evidence = tail.slice(-20)
  if (result.kind === 'exit')
    throw new TaskError(`${name} on ${on.name} exited ${result.code} (its output: ${job.log})`, evidence)
  if (result.kind === 'unknown' || result.kind === 'lost')
    throw new UnknownOutcome(`${name} on ${on.name}: ${result.reason}`)
  await job.cancel()
  const why = result.kind === 'timeout' ? `not done after ${result.seconds} seconds` : 'cancelled'
  throw new TaskError(`${name} on ${on.name}: ${why}`, evidence)
}

/** Waits, in seconds; the run's interruption ends it at once. */
export async function pause(on: On, seconds: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(new TaskError(`${on.name}: interrupted while waiting`))
    }
    const timer = setTimeout(() => {
      on.signal.removeEventListener('abort', stop)
      resolve()
    }, seconds * 1000)
    if (on.signal.aborted) stop()
    else on.signal.addEventListener('abort', stop, { once: true })
  })
}

/** Pauses between looks at something that may take long: short at first, at most `longest` seconds. */
export function pauses(on: On, longest = 2): () => Promise<void> {
  let next = 0.1
  return async () => {
    await pause(on, next)
    next = Math.min(next * 1.5, longest)
  }
}

/** Seconds that have passed since some moment, on a clock that never goes back. */
export const clock = (): number => performance.now() / 1000
