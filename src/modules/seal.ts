import { createHash } from 'node:crypto'
import { type Command, sh } from '../model/command.ts'

/** A text with its own SHA-256 in a line before it: cut anywhere, or with one bit flipped, it is none any more. */
export const sealed = (body: string): string =>
  `${createHash('sha256').update(body).digest('hex')}\n${body}\n`

/** The text that was sealed; undefined unless every byte is as {@link sealed} wrote it. */
export function unsealed(text: string): string | undefined {
  const body = text.slice(65, -1)
  return text === sealed(body) ? body : undefined
}

/** Shell that has `seal TEXT` write the same to its output. */
export const sealing: Command = sh.read`seal() { printf %s "$1" | sha256sum | cut -c1-64 && printf '%s\n' "$1"; }`
