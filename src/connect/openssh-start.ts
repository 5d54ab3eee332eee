import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// A Unix socket's path ends at 107 bytes, and ssh adds 17 to it while it makes it.
const longestSocket = 90

/** Where such directories are: the temporary directory, where its path is short enough for a socket `s` in one of it. */
export function socketParent(): string {
  const wanted = join(tmpdir(), 'uf-XXXXXX', 's')
  return Buffer.byteLength(wanted) <= longestSocket ? tmpdir() : '/tmp'
}

/** Makes a directory that only we can look into. */
export const socketDirectory = (): string => mkdtempSync(join(socketParent(), 'uf-'))

/** What a file holds; nothing where there is none. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** How the start of a master went: `late` is one that was given up. */
export type Start = 'ready' | 'late' | { readonly code: number | null; readonly error?: Error }

/**
 * Runs `ssh` until it has logged in, and goes on behind our back, or has ended. `words` are its program and arguments, with
 * variables for its environment before them.
 */
export async function startMaster(words: readonly string[], log: string, seconds: number): Promise<Start> {
  const out = openSync(log, 'a', 0o600)
  let child: ChildProcess
  try {
    // Its messages are read, so they are in one language; its ProxyCommand is one of /bin/sh.
    child = spawn('env', ['LC_ALL=C', 'SHELL=/bin/sh', ...words], {
      detached: true,
      stdio: ['ignore', 'ignore', out],
    })
  } finally {
    closeSync(out)
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      resolve('late')
    }, seconds * 1000)
    const settle = (start: Start) => {
      clearTimeout(timer)
      resolve(start)
    }
    child.once('error', (error) => settle({ code: null, error }))
    child.once('exit', (code) => settle(code === 0 ? 'ready' : { code }))
  })
}
