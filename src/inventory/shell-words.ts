/**
 * Splits text into words as Python's `shlex` does (POSIX mode): quotes and backslashes are taken away. With `comments`, a
 * `#` ends it. Undefined when a quote does not end.
 */
export function shellWords(text: string, comments = false): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (quote !== '') {
      const escapes = char === '\\' && quote === '"' && /["\\]/.test(text.charAt(at + 1))
      if (escapes) word = (word ?? '') + text.charAt(++at)
      else if (char === quote) quote = ''
      else word = (word ?? '') + char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === '\\') {
      if (at + 1 >= text.length) return undefined
      word = (word ?? '') + text.charAt(++at)
    } else if (comments && char === '#') break
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + char
  }
  if (quote !== '') return undefined
  return word === undefined ? words : [...words, word]
}
