import type { Io } from '../../src/model/io.ts'

/** An Io that keeps what was written. */
export function fakeIo(
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Io & { stdout: string; stderr: string } {
  const io = {
    stdout: '',
    stderr: '',
    out: (text: string) => {
      io.stdout += text
    },
    err: (text: string) => {
      io.stderr += text
    },
    env,
    cwd,
    tty: false,
    answers: false,
    columns: 80,
    rows: 24,
    now: () => new Date(0),
    interrupted: new AbortController().signal,
  }
  return io
}
