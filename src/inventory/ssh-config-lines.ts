import { InputError } from '../model/errors.ts'

/** One line of an ssh_config, or one option of a command line, with where it stands. */
export interface SshLine {
  /** As it was written, and in small letters. */
  readonly keyword: string
  readonly key: string
  /** All behind the keyword, as it was written: what ProxyCommand takes. */
  readonly rest: string
  readonly words: readonly string[]
  /** `file:line`, or the inventory's variable. */
  readonly from: string
}

/** Splits the text of an ssh_config as OpenSSH does. Throws an {@link InputError} with file and line. */
export function sshLines(text: string, file: string): readonly SshLine[] {
  return text.split('\n').flatMap((line, at) => sshLine(line, `${file}:${at + 1}`) ?? [])
}

/** One line: `Keyword value` or `Keyword=value`; undefined when it says nothing. Throws an {@link InputError}. */
export function sshLine(line: string, from: string): SshLine | undefined {
  const text = line.replace(/[ \t\r\n\f]+$/, '').replace(/^[ \t\r]+/, '')
  if (text === '' || text.startsWith('#')) return undefined
  const [, keyword = '', rest = ''] = /^([^ \t\r"=]*)[ \t\r]*=?[ \t\r]*(.*)$/s.exec(text) ?? []
  const fail = (message: string) => new InputError(`${from} ${keyword}: ${message}`)
  if (rest === '') throw fail('expected a value')
  const words = sshWords(rest)
  if (words === undefined) throw fail('expected quotes that end')
  return { keyword, key: keyword.toLowerCase(), rest, words, from }
}

/** Words as OpenSSH's `argv_split` makes them, up to a `#` that begins a word; undefined when a quote does not end. */
export function sshWords(text: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    const next = text.charAt(at + 1)
    if (word === undefined && (char === ' ' || char === '\t')) continue
    if (word === undefined && char === '#') break
    word ??= ''
    if (char === '\\' && (/['"\\]/.test(next) || (next === ' ' && quote === ''))) {
      word += next
      at += 1
    } else if (quote === '' && (char === ' ' || char === '\t')) {
      words.push(word)
      word = undefined
    } else if (quote === '' && (char === '"' || char === "'")) quote = char
    else if (quote !== '' && char === quote) quote = ''
    else word += char
  }
  if (quote !== '') return undefined
  return word === undefined ? words : [...words, word]
}
