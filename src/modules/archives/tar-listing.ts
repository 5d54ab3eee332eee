import { TaskError } from '../../model/errors.ts'
import type { Listed } from './listing.ts'

const line = /^block \d+: (.)(\S{9}) \S+ +(\d+|\d+,\d+) \S+ \S+ (".*)$/
const quoted = /^"((?:[^"\\]|\\.)*)"(?:( -> | link to )"((?:[^"\\]|\\.)*)")?$/

/**
 * Reads what GNU tar says of an archive with `--quoting-style=c --numeric-owner --full-time -tvR`: every name is quoted, so
 * that it cannot look like another line or field, and the last line tells whether the archive came to its end. Throws
 * {@link TaskError} for hard links, devices and all else that no tree needs.
 */
export function tarListing(): { take(line: string): void; end(): readonly Listed[] } {
  const listed: Listed[] = []
  let ended = false
  return {
    take(text) {
      if (ended) throw new TaskError('the archive goes on behind its end')
      if (/^block \d+: \*\* Block of NULs \*\*$/.test(text)) ended = true
      else if (/^block \d+: \*\* End of File \*\*$/.test(text)) throw new TaskError('the archive ends early')
      else listed.push(entryOf(text))
    },
    end() {
      if (!ended) throw new TaskError('the archive ends early')
      return listed
    },
  }
}

function entryOf(text: string): Listed {
  const [, type = '', bits = '', size = '', names = ''] = line.exec(text) ?? []
  const [, name, how, to] = quoted.exec(names) ?? []
  if (name === undefined) throw new TaskError(`the archive holds something that is not understood: ${text}`)
  const path = plain(name)
  const kinds = { '-': 'file', d: 'directory', l: 'link' } as const
  const kind = type in kinds ? kinds[type as keyof typeof kinds] : undefined
  if (kind === undefined || (how !== undefined) !== (kind === 'link') || how === ' link to ')
    throw new TaskError(`the archive holds ${names}: it is no file, directory or link of an ordinary kind`)
  return {
    kind,
    path,
    mode: modeOf(bits),
    size: Number(size),
    ...(to !== undefined && { target: plain(to) }),
  }
}

const signs: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
}

const plain = (text: string): string =>
  text.replaceAll(/\\([0-7]{3}|.)/g, (_all, sign: string) => {
    const is = sign.length === 3 ? String.fromCharCode(Number.parseInt(sign, 8)) : signs[sign]
    if (is === undefined) throw new TaskError(`the archive holds a name that is not understood: ${text}`)
    return is
  })

function modeOf(bits: string): number {
  let mode = 0
  for (const [at, sign] of [...bits].entries()) {
    if ('rwxst'.includes(sign)) mode |= 0o400 >> at
    if (sign === 's' || sign === 'S') mode |= at === 2 ? 0o4000 : 0o2000
  }
  return mode
}
