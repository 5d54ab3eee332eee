import { createHmac } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isHashed, type KnownLine, matchesPatterns, parseKnownHosts } from './known-hosts.ts'

/** The known_hosts files of one run. */
export interface KnownFiles {
  /** The lines of a file about a name as known_hosts writes it. A missing file has none; one that cannot be read throws. */
  about(file: string, name: string): Promise<readonly KnownLine[]>
}

interface Parsed {
  readonly state: string
  readonly about: (name: string) => readonly KnownLine[]
}

/**
 * Reads each file once for each of its states (size, time, inode), and compares a name with its hashed lines once: each has a
 * salt of its own, so that is one HMAC for each line. `hmac` is told of each.
 */
export function knownFiles(hmac: () => void = () => undefined): KnownFiles {
  const files = new Map<string, Promise<Parsed>>()
  return {
    about: async (file, name) => {
      const state = await stateOf(file)
      const before = files.get(file)
      if (before !== undefined) {
        const parsed = await before.catch(() => undefined)
        if (parsed?.state === state) return parsed.about(name)
      }
      // Whoever was waiting beside us may have begun already.
      const begun = files.get(file)
      const reading = begun === undefined || begun === before ? read(file, state, hmac) : begun
      files.set(file, reading)
      return (await reading).about(name)
    },
  }
}

async function stateOf(file: string): Promise<string> {
  try {
    const { size, mtimeNs, ino, dev } = await stat(file, { bigint: true })
    return [size, mtimeNs, ino, dev].join(' ')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

async function read(file: string, state: string, hmac: () => void): Promise<Parsed> {
  const lines = state === '' ? [] : parseKnownHosts(await readFile(file, 'utf8'), file)
  const plain = new Map<string, KnownLine[]>()
  const patterns: KnownLine[] = []
  const hashed: { readonly line: KnownLine; readonly salt: Buffer; readonly hash: string }[] = []
  for (const line of lines) {
    if (isHashed(line.hosts)) {
      const [, version, salt = '', hash = '', ...more] = line.hosts.split('|')
      if (version === '1' && more.length === 0) hashed.push({ line, salt: Buffer.from(salt, 'base64'), hash })
    } else if (/[*?!]/.test(line.hosts)) patterns.push(line)
    else
      for (const name of new Set(line.hosts.toLowerCase().split(','))) {
        const others = plain.get(name)
        if (others === undefined) plain.set(name, [line])
        else others.push(line)
      }
  }
  const found = new Map<string, readonly KnownLine[]>()
  const search = (name: string): readonly KnownLine[] =>
    [
      ...(plain.get(name) ?? []),
      ...patterns.filter((line) => matchesPatterns(line.hosts, name)),
      ...hashed.flatMap(({ line, salt, hash }) => {
        hmac()
        return createHmac('sha1', salt).update(name).digest('base64') === hash ? line : []
      }),
    ].sort((a, b) => a.line - b.line)
  return {
    state,
    about: (name) => {
      const lines = found.get(name) ?? search(name)
      found.set(name, lines)
      return lines
    },
  }
}
