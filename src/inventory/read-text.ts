import { readFile } from 'node:fs/promises'
import type { Draft } from './draft.ts'
import { problem } from './located.ts'

const mostBytes = 64 * 1024 * 1024

/** A file's text, or undefined with a problem: one that cannot be read, is no UTF-8, or holds what no text has. */
export async function readText(draft: Draft, path: string, file: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch((error: Error) => {
    draft.problems.push(problem({ file }, '', error.message))
  })
  return bytes === undefined ? undefined : checkedText(draft, bytes, file)
}

/** The text of some bytes, or undefined with a problem that has its place. */
export function checkedText(draft: Draft, bytes: Uint8Array, file: string): string | undefined {
  const refuse = (line: number, column: number, message: string): undefined => {
    draft.problems.push(problem({ file, line, column }, '', message))
  }
  if (bytes.length > mostBytes)
    return refuse(1, 1, `expected at most ${mostBytes / 1024 / 1024} MiB, got ${bytes.length} bytes`)
  const text = new TextDecoder('utf-8').decode(bytes)
  // Neither YAML nor INI has them; what replaces wrong UTF-8 is told as such.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const odd = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd\ufffe\uffff]/.exec(text)
  if (odd === null) return text
  const before = text.slice(0, odd.index).split('\n')
  const code = odd[0].charCodeAt(0)
  const got = code === 0xfffd ? 'bytes that are none' : `the character ${code}`
  return refuse(before.length, (before.at(-1)?.length ?? 0) + 1, `expected text in UTF-8, got ${got}`)
}
