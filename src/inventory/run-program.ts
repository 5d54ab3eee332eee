import { type ChildProcess, spawn } from 'node:child_process'

/** How a program is run: without a shell, and for no longer than it may. */
export interface ProgramRun {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends it. */
  readonly signal?: AbortSignal | undefined
  /** Seconds that it may take. */
  readonly deadline: number
  /** Bytes that it may print; of its error stream the beginning is kept. */
  readonly most: number
  /**
   * Whether all that it starts is ended with it: it then has no terminal. Without it, it keeps the terminal, where it may ask for
   * something.
   */
  readonly group: boolean
}

/** What a program printed, and why that is no answer: `failed` has its exit or signal, or the system's words. */
export interface ProgramEnd {
  readonly out: Buffer
  readonly err: Buffer
  readonly wrong?:
    | 'interrupted'
    | 'late'
    | 'too much'
    | { readonly failed: string; readonly missing: boolean }
}

const mostError = 64 * 1024

/** Runs a program until it and whoever holds its streams have ended. Never throws. */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  { cwd, env, signal, deadline, most, group }: ProgramRun,
): Promise<ProgramEnd> {
  if (signal?.aborted) return { out: Buffer.of(), err: Buffer.of(), wrong: 'interrupted' }
  let child: ReturnType<typeof start>
  try {
    child = start(program, args, { cwd, env, group })
  } catch (error) {
    // Node throws what it does not know as a missing program: a path below a file, arguments that are too long.
    const failed = error instanceof Error ? error.message : String(error)
    return { out: Buffer.of(), err: Buffer.of(), wrong: { failed, missing: false } }
  }
  const out: Buffer[] = []
  const err: Buffer[] = []
  const bytes = { out: 0, err: 0 }
  let why: Exclude<ProgramEnd['wrong'], undefined> | undefined
  let harder: NodeJS.Timeout | undefined
  const end = (reason: 'interrupted' | 'late' | 'too much') => {
    if (why !== undefined) return
    why = reason
    void kill(child, group, 'TERM')
    harder = setTimeout(() => void kill(child, group, 'KILL'), 1000)
    // What it started may hold these open after it.
    child.stdout.destroy()
    child.stderr.destroy()
  }
  child.stdout.on('data', (chunk: Buffer) => {
    bytes.out += chunk.length
    if (bytes.out > most) end('too much')
    else out.push(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    if (bytes.err < mostError) err.push(chunk.subarray(0, mostError - bytes.err))
    bytes.err += chunk.length
  })
  const interrupt = () => end('interrupted')
  signal?.addEventListener('abort', interrupt, { once: true })
  const late = setTimeout(() => end('late'), deadline * 1000)
  const failed = await new Promise<{ failed: string; missing: boolean } | undefined>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ failed: error.message, missing: error.code === 'ENOENT' }),
    )
    child.once('close', (code, killed) =>
      resolve(code === 0 ? undefined : { failed: killed ?? `exit ${code}`, missing: false }),
    )
  })
  clearTimeout(late)
  clearTimeout(harder)
  signal?.removeEventListener('abort', interrupt)
  // Those that did not listen, after the one that did.
  if (why !== undefined && group) await kill(child, group, 'KILL')
  const wrong = why ?? failed
  return { out: Buffer.concat(out), err: Buffer.concat(err), ...(wrong !== undefined && { wrong }) }
}

const start = (
  program: string,
  args: readonly string[],
  { cwd, env, group }: Pick<ProgramRun, 'cwd' | 'env' | 'group'>,
) =>
  spawn(program, args, {
    cwd,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: false,
    detached: group,
  })

/** A group has no handle in Node but the process's own, which only `main` touches: a shell's `kill` does it. */
function kill(child: ChildProcess, group: boolean, signal: 'TERM' | 'KILL'): Promise<void> {
  if (child.pid === undefined) return Promise.resolve()
  if (!group) {
    child.kill(`SIG${signal}`)
    return Promise.resolve()
  }
  const killer = spawn('/bin/sh', ['-c', `kill -s ${signal} -- -${child.pid}`], { stdio: 'ignore' })
  return new Promise((resolve) => {
    killer.once('error', () => resolve())
    // One that is gone already is no matter.
    killer.once('close', () => resolve())
  })
}
