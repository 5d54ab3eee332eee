import { isSecret } from './secret.ts'

const raw = Symbol.for('upgrade-fleet.command')

/**
 * A POSIX shell command whose every value was quoted when it was made; only {@link sh} and {@link sh.read} make one.
 * `reads` is its author's word that it changes nothing on the machine: the read-only connection runs no other.
 */
export interface Command {
  readonly [raw]: true
  readonly text: string
  readonly reads: boolean
}

/** What may be put into a command: text and numbers are quoted, lists become quoted words, a command is taken as it is. */
export type Word = string | number | Command | readonly (string | number)[]

/** One word for a POSIX shell, whatever it holds; NUL is refused, since no argument can hold it. */
export function quote(word: string): string {
  if (word.includes('\0')) throw new TypeError('A shell word cannot hold a NUL byte.')
  if (word !== '' && /^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}

function build(reads: boolean, strings: TemplateStringsArray, words: readonly Word[]): Command {
  const text = strings.raw
    .map((part, at) => part + (at < words.length ? inShell(words[at] ?? '') : ''))
    .join('')
  return Object.freeze({ [raw]: true as const, text, reads })
}

function inShell(word: Word): string {
  if (isSecret(word))
    throw new TypeError(`The secret "${word.name}" cannot be part of a command: hand it over by stdin.`)
  if (typeof word === 'string') return quote(word)
  if (typeof word === 'number') return String(word)
  if (raw in word) return word.text
  return word.map((item) => quote(String(item))).join(' ')
}

/** A command that may change the machine: ``sh`rm -r -- ${path}` ``. Backslashes stand as written. */
export const sh: {
  (strings: TemplateStringsArray, ...words: Word[]): Command
  /** A command that only reads. */
  read(strings: TemplateStringsArray, ...words: Word[]): Command
} = Object.assign((strings: TemplateStringsArray, ...words: Word[]) => build(false, strings, words), {
  read: (strings: TemplateStringsArray, ...words: Word[]) => build(true, strings, words),
})

/** A command as a person typed it, unquoted: for `exec` and the `shell` module alone, never for text that a program made. */
export function typed(text: string): Command {
  if (text.includes('\0')) throw new TypeError('A command cannot hold a NUL byte.')
  return Object.freeze({ [raw]: true as const, text, reads: false })
}
