import type { ExecOptions, ExecResult } from '../model/connection.ts'
import { reveal, type SecretStore } from '../model/secret.ts'
import { splitLines } from './capture.ts'
import type { FakeAnswer, Respond } from './fake.ts'

/** Runs a command on a fake machine, as far as its deadline, its signal and the connection let it. */
export async function execOn(
  start: Respond,
  secrets: SecretStore,
  broken: AbortSignal,
  text: string,
  options: ExecOptions,
  user: string | undefined,
): Promise<ExecResult> {
  const { stdin = '', env = {}, cwd, timeout = 120, signal, onLine } = options
  let stdout = ''
  const nothing = { stderr: '', truncated: false }
  if (signal?.aborted) return { kind: 'cancelled', stdout, ...nothing }
  const stop = new AbortController()
  const say = (line: string) => {
    stdout += `${line}\n`
    onLine?.(line, 'stdout')
  }
  const given = start(text, reveal(stdin, secrets), {
    env,
    cwd,
    ...(user !== undefined && { user }),
    signal: stop.signal,
    say,
  })
  const finish = (answer: FakeAnswer): ExecResult => {
    if (onLine !== undefined) {
      eachLine(answer.stdout, (line) => onLine(line, 'stdout'))
      eachLine(answer.stderr, (line) => onLine(line, 'stderr'))
    }
    const captured = { stdout: stdout + (answer.stdout ?? ''), stderr: answer.stderr ?? '', truncated: false }
    if (answer.signal !== undefined) return { kind: 'signal', signal: answer.signal, ...captured }
    return { kind: 'exit', code: answer.code ?? 0, ...captured }
  }
  if (!(given instanceof Promise)) return finish(given)
  return new Promise((resolve, reject) => {
    const over = (how: Extract<ExecResult, { kind: 'lost' | 'timeout' | 'cancelled' }>) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      broken.removeEventListener('abort', lose)
      resolve(how)
      stop.abort()
    }
    const lose = () => over({ kind: 'lost', reason: 'The connection was lost.', stdout, ...nothing })
    const cancel = () => over({ kind: 'cancelled', stdout, ...nothing })
    const expire = () => over({ kind: 'timeout', seconds: timeout, stdout, ...nothing })
    const timer = setTimeout(expire, Math.min(timeout * 1000, 2 ** 31 - 1))
    signal?.addEventListener('abort', cancel, { once: true })
    broken.addEventListener('abort', lose, { once: true })
    given
      .then((answer) => {
        if (!stop.signal.aborted) resolve(finish(answer))
      }, reject)
      .finally(() => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', cancel)
        broken.removeEventListener('abort', lose)
      })
  })
}

/** Hands on the lines of a text. */
export function eachLine(text: string | undefined, onLine: (line: string) => void): void {
  if (text === undefined || text === '') return
  const lines = splitLines(onLine)
  lines.write(Buffer.from(text))
  lines.end()
}
