import type { Message } from 'esbuild'
import { placeText } from '../model/errors.ts'

/** esbuild's words about a file as `file:line:column message`. */
export function messageText({ location, text }: Message): string {
  if (location === null) return text
  const place = { file: location.file, line: location.line, column: location.column + 1 }
  return `${placeText(place)} ${text}`
}
