import type { Text } from '../../model/secret.ts'
import type { Answer } from '../target.ts'
import { keptOf } from './output.ts'
import { markName, tellsEnd, watched } from './watch.ts'

/** A command of the controller: a program with its arguments, or a text of bash. */
export type LocalLine = {
  readonly cwd?: string
  /** Beside the environment of this process. No secrets: `/proc` shows them. */
  readonly env?: Readonly<Record<string, string>>
  /** Given to its standard input, which is empty otherwise; secrets may be parts of it. */
  readonly stdin?: Text
  /** Deadline in seconds, after which it and all that it started are ended; default 120. */
  readonly timeout?: number
} & ({ readonly argv: readonly string[] } | { readonly shell: string })

/** How a command of the controller ended: by itself, or not in time, or because the run was interrupted. */
export type LocalEnd =
  | ({ readonly kind: 'exit' } & Answer)
  | { readonly kind: 'timeout' }
  | { readonly kind: 'cancelled' }

const grace = 5000

type How = {
  readonly input: string
  readonly signal: AbortSignal
  /** Whether of this process's environment only PATH, HOME and the like are handed on. */
  readonly bare?: boolean
  /** By what a later controller finds it, see `markOf`. */
  readonly mark?: string
  /** Gets each line of both streams as it comes. */
  readonly onLine?: (line: string) => void
}

/**
 * Runs a command of this machine with zx, which quotes each argument, and waits for its end. A deadline or the signal ends its
 * process tree: TERM, and KILL five seconds later; and so does the end of this process, however it comes. What is kept of its
 * output is its end, at most 64 KiB of each stream.
 */
export async function runHere(
  line: LocalLine,
  { input, signal, bare = false, mark, onLine = () => undefined }: How,
): Promise<LocalEnd> {
  if (signal.aborted) return { kind: 'cancelled' }
  const { $ } = await import('zx')
  const { cwd, env, timeout = 120 } = line
  const call = $({
    quiet: true,
    nothrow: true,
    detached: true,
    prefix: watched,
    input,
    env: { ...(bare ? bareOf($.env) : $.env), ...env, ...(mark !== undefined && { [markName]: mark }) },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    store: { stdout: forgetful(), stderr: forgetful(), stdall: forgetful() },
    ...(cwd !== undefined && { cwd }),
  })
  const running = 'argv' in line ? call`${line.argv}` : call(asItStands(line.shell))
  tellsEnd(running.child)
  const [out, errors] = [keptOf(onLine), keptOf(onLine)]
  running.stdout.on('data', out.take)
  running.stderr.on('data', errors.take)
  // One that ends without having read what it is given must not end this process.
  running.stdin.on('error', () => undefined)
  let why: 'timeout' | 'cancelled' | undefined
  let last: NodeJS.Timeout | undefined
  const end = (reason: 'timeout' | 'cancelled') => {
    why ??= reason
    void running.kill('SIGTERM').catch(() => undefined)
    last ??= setTimeout(() => void running.kill('SIGKILL').catch(() => undefined), grace)
  }
  const deadline = setTimeout(() => end('timeout'), Math.min(timeout * 1000, 2 ** 31 - 1))
  const stop = () => end('cancelled')
  signal.addEventListener('abort', stop, { once: true })
  try {
    const { exitCode } = await running
    const [kept, keptErrors] = [out.end(), errors.end()]
    if (why !== undefined) return { kind: why }
    return {
      kind: 'exit',
      // Ended by a signal that was not ours: as a shell tells it.
      code: exitCode ?? 128,
      stdout: kept.text,
      stderr: keptErrors.text,
      truncated: kept.truncated || keptErrors.truncated,
    }
  } finally {
    clearTimeout(deadline)
    clearTimeout(last)
    signal.removeEventListener('abort', stop)
  }
}

/** zx keeps all output in memory: this list keeps none. */
const forgetful = (): Buffer[] => Object.assign([], { push: () => 0 })

/** What a program needs of an environment; in all else a secret may stand. */
const bareOf = (
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) =>
      /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR)$/.test(name),
    ),
  )

/** A text as a template without values: zx quotes values alone. */
const asItStands = (text: string): TemplateStringsArray => Object.assign([text], { raw: [text] })
