import { spawn } from 'node:child_process'
import { InputError } from '../model/errors.ts'
import { redactor } from '../model/redact.ts'
import { sanitize } from '../model/sanitize.ts'

/** What a program that gives a secret is run with. */
export interface ProgramWorld {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends it. */
  readonly signal: AbortSignal
  /** Seconds that it may take; default 60, for somebody has to touch a key or unlock a keyring. */
  readonly deadline?: number
}

/** More than this is no secret. */
const most = 64 * 1024
const mostLines = 10

/**
 * What a program prints, without the newline at its end; no shell is asked. Throws an InputError that begins with `what`: the end of
 * what it said on its error stream is in it, made safe to show, with all that it printed hidden.
 */
export async function programOutput(
  what: string,
  [program = '', ...args]: readonly string[],
  { cwd, env, signal, deadline = 60 }: ProgramWorld,
): Promise<string> {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(deadline * 1000)])
  if (signal.aborted) throw new InputError(`${what}: interrupted`)
  // It keeps the terminal: it may ask on /dev/tty.
  const child = spawn(program, args, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  let tooMuch = false
  const listen = (key: 'out' | 'err') => (chunk: string) => {
    if (said[key].length + chunk.length <= most) said[key] += chunk
    else if (key === 'out') {
      tooMuch = true
      child.kill('SIGKILL')
    }
  }
  child.stdout.setEncoding('utf8').on('data', listen('out'))
  child.stderr.setEncoding('utf8').on('data', listen('err'))
  let late: NodeJS.Timeout | undefined
  const end = () => {
    child.kill('SIGTERM')
    late = setTimeout(() => child.kill('SIGKILL'), 1000)
    // What it started may hold these open after it.
    child.stdout.destroy()
    child.stderr.destroy()
  }
  stop.addEventListener('abort', end, { once: true })
  const how = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? `there is no program ${JSON.stringify(program)}` : error.message),
    )
    child.once('close', (code, killed) =>
      resolve(
        code === 0
          ? undefined
          : code === null
            ? `it was ended by ${killed}`
            : `it ended with exit code ${code}`,
      ),
    )
  }).finally(() => {
    clearTimeout(late)
    stop.removeEventListener('abort', end)
  })
  const value = said.out.replace(/\r?\n$/, '')
  const refuse = (why: string): InputError => {
    const hide = redactor(() => [value])
    const lines = said.err.trimEnd().split('\n').slice(-mostLines).filter(Boolean)
    return new InputError([`${what}: ${why}`, ...lines.map((line) => `  ${hide(sanitize(line))}`)])
  }
  if (signal.aborted) throw refuse('interrupted')
  if (stop.aborted) throw refuse(`it did not end within ${deadline} s and was killed`)
  if (tooMuch) throw refuse(`it printed more than ${most} characters`)
  if (how !== undefined) throw refuse(how)
  if (value === '') throw refuse('it printed nothing')
  return value
}
