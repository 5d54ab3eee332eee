import { shellWords } from './shell-words.ts'
import { type SshLine, sshLine } from './ssh-config-lines.ts'

/** What `ansible_ssh_common_args` says: options as lines of ssh_config, and the file of `-F`. */
export interface SshArguments {
  readonly lines: readonly SshLine[]
  /** A path, or `none`. */
  readonly file?: string
}

const understood = '-o, -J and -F'

/** Reads `-o Keyword=value`, `-J jump` and `-F file`; a sentence about anything else. Throws an InputError for a bad `-o`. */
export function sshArguments(text: string, from: string): SshArguments | string {
  const words = [...(shellWords(text) ?? ['\0'])]
  if (words[0] === '\0') return 'expected quotes that end'
  const lines: SshLine[] = []
  let file: string | undefined
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, flag, joined = ''] = /^-([oJF])(.*)$/s.exec(word) ?? []
    if (flag === undefined) return `expected nothing but ${understood}, got ${JSON.stringify(word)}`
    const value = joined === '' ? words.shift() : joined
    if (value === undefined || value === '') return `expected a value behind -${flag}`
    if (flag === 'F') {
      if (value !== 'none' && !/^(\/|~\/)[^\p{Cc}]*$/u.test(value))
        return `expected -F none or an absolute path, got ${JSON.stringify(value)}`
      file ??= value
      continue
    }
    const line = sshLine(flag === 'J' ? `ProxyJump ${value}` : value, from)
    if (line === undefined) return `expected a keyword behind -o, got ${JSON.stringify(value)}`
    if (['host', 'match', 'include'].includes(line.key)) return `${line.keyword} is not for a command line`
    lines.push(line)
  }
  return { lines, ...(file !== undefined && { file }) }
}
