import type { ChildProcess } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import type { On } from '../../model/action.ts'
import type { Command } from '../../model/command.ts'
import type { Captured, ExecOptions, ExecResult } from '../../model/connection.ts'

/** The same task, with the controller as the machine of its commands: all else (its words, its journal, its log) stays. */
export const here = (on: On): On => ({
  ...on,
  name: 'the controller',
  exec: (command, options) => runHere(on, command, options),
})

/** Seconds between the word to end and the end by force. */
const grace = 2

/**
 * A command whose processes are a group of their own. A shell in it waits for a descriptor that this process holds open: when this
 * process is gone, however it went, the group is ended. At the command's own end it is that shell that goes, and what the command
 * left running on purpose stays.
 */
const watched = (text: string): string => `( trap '' TERM; exec <&3 3<&- >/dev/null 2>&1; read -r gone
kill -s TERM -- -$$; sleep ${grace}; kill -s KILL -- -$$ ) & watcher=$!
exec 3<&-
( ${text}
)
code=$?; kill -s KILL "$watcher"; exit "$code"`

/** Runs a command of ours in this machine's `/bin/sh`, by zx. Never throws; what it prints goes to the task's log line by line. */
export async function runHere(
  on: Pick<On, 'signal' | 'reveal' | 'heard'>,
  command: Command,
  options: ExecOptions = {},
): Promise<ExecResult> {
  const { stdin = '', env, cwd, timeout = 120, signal = on.signal } = options
  if (signal.aborted) return { kind: 'cancelled', ...nothing }
  const { $, kill } = await import('zx/core')
  const heard = command.reads ? undefined : on.heard(`$ ${command.text.trim().split('\n')[0]?.slice(0, 120)}`)
  const ended = $({
    shell: '/bin/sh',
    prefix: '',
    postfix: '',
    quote: (text) => text,
    nothrow: true,
    quiet: true,
    verbose: false,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // It would keep all that is printed.
    store: { stdout: dropping(), stderr: dropping(), stdall: dropping() },
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env: { ...$.env, ...env } }),
  })`${watched(command.text)}`
  const { child, pid } = ended
  if (child === undefined || pid === undefined) {
    const { message } = await ended
    return { kind: 'refused', reason: message, ...nothing }
  }
  const out = capture(child.stdout, (line) => {
    heard?.(line)
    options.onLine?.(line, 'stdout')
  })
  const err = capture(child.stderr, (line) => {
    heard?.(line)
    options.onLine?.(line, 'stderr')
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(on.reveal(stdin))
  let why: 'timeout' | 'cancelled' | undefined
  let harder: NodeJS.Timeout | undefined
  const end = (reason: 'timeout' | 'cancelled') => {
    if (why !== undefined) return
    why = reason
    void kill(pid, 'SIGTERM')
    harder = setTimeout(() => {
      void kill(pid, 'SIGKILL')
      // What left the group may hold these open for ever.
      for (const stream of child.stdio) stream?.destroy()
    }, grace * 1000)
  }
  const late = setTimeout(() => end('timeout'), Math.min(timeout * 1000, 2 ** 31 - 1))
  const cancel = () => end('cancelled')
  signal.addEventListener('abort', cancel, { once: true })
  const drained = drain(child)
  const output = await ended
  await drained
  clearTimeout(late)
  clearTimeout(harder)
  signal.removeEventListener('abort', cancel)
  const said = captured(out(), err())
  // Those of the group that did not listen.
  if (why !== undefined) await kill(pid, 'SIGKILL')
  if (why === 'timeout') return { kind: 'timeout', seconds: timeout, ...said }
  if (why === 'cancelled') return { kind: 'cancelled', ...said }
  if (output.signal !== null) return { kind: 'signal', signal: output.signal.replace(/^SIG/, ''), ...said }
  if (output.exitCode === null) return { kind: 'refused', reason: output.message, ...said }
  return { kind: 'exit', code: output.exitCode, ...said }
}

const nothing: Captured = { stdout: '', stderr: '', truncated: false }

/** A list that keeps nothing. */
const dropping = (): string[] => Object.assign([], { push: () => 0 })

/** Something that was left behind may hold the streams open for ever; what has been written soon after the end is enough. */
function drain(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
    child.once('exit', () => {
      child.stdio[3]?.destroy()
      setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy()
        resolve()
      }, 200).unref()
    })
  })
}

const cap = 512 * 1024
const longestLine = 64 * 1024

type Kept = { readonly text: string; readonly cut: boolean }

/** Keeps the beginning and the end of a stream, and hands on each line. */
function capture(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): () => Kept {
  const decoder = new StringDecoder('utf8')
  let head = ''
  let tail = ''
  let cut = false
  let line = ''
  const take = (text: string) => {
    const room = cap - head.length
    head += text.slice(0, Math.max(0, room))
    if (text.length > room) tail += text.slice(Math.max(0, room))
    if (tail.length > 2 * cap) {
      tail = tail.slice(-cap)
      cut = true
    }
    const lines = (line + text).split('\n')
    line = lines.pop() ?? ''
    for (const each of lines) onLine(each.replace(/\r$/, ''))
    if (line.length > longestLine) {
      onLine(line)
      line = ''
    }
  }
  stream?.on('data', (chunk: Buffer) => take(decoder.write(chunk)))
  stream?.on('error', () => {})
  return () => {
    take(decoder.end())
    if (line !== '') onLine(line)
    return { text: cut ? `${head}\n[...]\n${tail.slice(-cap)}` : head + tail, cut }
  }
}

const captured = (out: Kept, err: Kept): Captured => ({
  stdout: out.text,
  stderr: err.text,
  truncated: out.cut || err.cut,
})
