import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The text of a file under a home, or nothing. */
export function readText(home: string, path: string): string | undefined {
  try {
    return readFileSync(join(home, path), 'utf8')
  } catch {
    return undefined
  }
}

/** The names in a directory under a home; none if there is no such directory. */
export function namesIn(home: string, path: string): readonly string[] {
  const directory = join(home, path)
  return existsSync(directory) ? readdirSync(directory).sort() : []
}

/** The text of the first element of that name, unescaped, comments left out. */
export function element(xml: string, name: string): string | undefined {
  const content = '((?:<!\\[CDATA\\[[\\s\\S]*?\\]\\]>|[^<])*)'
  const found = new RegExp(`<${name}(?:\\s[^>]*)?>${content}</${name}>`).exec(withoutComments(xml))
  if (found?.[1] === undefined) return undefined
  // What stands in a CDATA section means itself, as every XML reader has it.
  const parts = found[1].trim().split(/<!\[CDATA\[([\s\S]*?)\]\]>/)
  return parts.map((part, at) => (at % 2 === 0 ? plain(part) : part)).join('')
}

/** Every element of that name with all that is inside it. */
export function blocks(xml: string, name: string): readonly string[] {
  const all = new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g')
  return [...withoutComments(xml).matchAll(all)].map((match) => match[1] ?? '')
}

/** The release of a home: what its `bin/version.txt` says. */
export function versionOf(home: string): string {
  return /v(\d+\.\d+\.\d+)/.exec(readText(home, 'bin/version.txt') ?? '')?.[1] ?? '0.0.0'
}

function withoutComments(xml: string): string {
  return xml.replace(/<!--[\s\S]*?-->/g, '')
}

function plain(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
}
