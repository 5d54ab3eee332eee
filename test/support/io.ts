import type { Io } from '../../src/model/io.ts'

/** An Io in memory: what was written is in `written`, the clock stands still, nobody answers. */
export function fakeIo(given: Partial<Io> = {}): Io & { readonly written: { out: string; err: string } } {
  const written = { out: '', err: '' }
  return {
    written,
    out(text) {
      written.out += text
    },
    err(text) {
      written.err += text
    },
    secrets: new Set(),
    env: {},
    cwd: '/nowhere',
    tty: false,
    answers: false,
    columns: 80,
    rows: 24,
    user: 'somebody',
    home: '/home/somebody',
    pid: 1,
    uid: undefined,
    node: 'v20.19.0',
    now: () => new Date('2026-11-22T10:00:00.000Z'),
    interrupted: new AbortController().signal,
    ...given,
  }
}
