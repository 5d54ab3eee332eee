import { createHash, createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** One line of a known_hosts file. */
export interface KnownLine {
  readonly file: string
  readonly line: number
  readonly marker: 'none' | 'revoked' | 'cert-authority'
  readonly hosts: string
  readonly type: string
  readonly key: Buffer
}

/** What the files say of one machine. */
export interface Known {
  /** Keys of the first file that knows it. */
  readonly keys: readonly KnownLine[]
  readonly revoked: readonly KnownLine[]
  /** Keys whose certificates are taken, by the transport that knows certificates. */
  readonly authorities: readonly KnownLine[]
  /** Fingerprints that the inventory gives; where there are any, no other key is taken. */
  readonly pins: readonly string[]
}

/** What a key that a machine showed is. */
export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed'; readonly recorded: KnownLine }
  | { readonly kind: 'revoked'; readonly by: KnownLine }
  | { readonly kind: 'not-pinned'; readonly pins: readonly string[] }

/** Reads the text of a known_hosts file; lines that make no sense are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): readonly KnownLine[] {
  return text.split('\n').flatMap((raw, at) => {
    const fields = raw.trim().split(/[ \t]+/)
    const marker = fields[0]?.startsWith('@') ? fields.shift()?.slice(1) : 'none'
    const [hosts, type, key] = fields
    if (hosts === undefined || hosts.startsWith('#') || type === undefined || key === undefined) return []
    if (marker !== 'none' && marker !== 'revoked' && marker !== 'cert-authority') return []
    const blob = Buffer.from(key, 'base64')
    if (keyType(blob) !== type) return []
    return [{ file, line: at + 1, marker, hosts, type, key: blob }]
  })
}

/** Whether a line's host field means that machine. */
export function matchesHost(hosts: string, address: string, port: number): boolean {
  const name = hostName(address, port)
  if (hosts.startsWith('|')) {
    const [, version, salt, hash] = hosts.split('|')
    if (version !== '1' || salt === undefined || hash === undefined) return false
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
  }
  // Almost every line is of another machine, by its plain name.
  if (!/[*?!]/.test(hosts) && !hosts.toLowerCase().split(',').includes(name)) return false
  let found = false
  for (const pattern of hosts.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!')
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue
    if (negated) return false
    found = true
  }
  return found
}

/** A machine as known_hosts writes it: `[host]:port` unless the port is 22. */
export function hostName(address: string, port: number): string {
  return (port === 22 ? address : `[${address}]:${port}`).toLowerCase()
}

/** Gives the lines of a known_hosts file. */
export type ReadKnownHosts = (file: string) => Promise<readonly KnownLine[]>

const readKnownHosts: ReadKnownHosts = async (file) => parseKnownHosts(await textOf(file), file)

/** Reads each file once, for whoever looks for many machines at the same time. */
export function knownHostsReader(): ReadKnownHosts {
  const files = new Map<string, Promise<readonly KnownLine[]>>()
  return (file) => {
    const lines = files.get(file) ?? readKnownHosts(file)
    files.set(file, lines)
    return lines
  }
}

/** Reads the files and picks what is about one machine. A missing file knows nobody; one that cannot be read throws. */
export async function knownFor(
  files: readonly string[],
  address: string,
  port: number,
  read: ReadKnownHosts = readKnownHosts,
): Promise<Omit<Known, 'pins'>> {
  const revoked: KnownLine[] = []
  const authorities: KnownLine[] = []
  let keys: readonly KnownLine[] = []
  for (const file of files) {
    const lines = (await read(file)).filter((line) => matchesHost(line.hosts, address, port))
    revoked.push(...lines.filter((line) => line.marker === 'revoked'))
    authorities.push(...lines.filter((line) => line.marker === 'cert-authority'))
    if (keys.length === 0) keys = lines.filter((line) => line.marker === 'none')
  }
  return { keys, revoked, authorities }
}

/** Judges a key that a machine showed: what is revoked stays so, then the inventory's word counts before that of the files. */
export function judge(known: Known, key: Buffer): Verdict {
  const by = known.revoked.find((line) => line.key.equals(key))
  if (by !== undefined) return { kind: 'revoked', by }
  const { pins } = known
  if (pins.length > 0)
    return pins.includes(fingerprint(key)) ? { kind: 'known' } : { kind: 'not-pinned', pins }
  const [recorded] = known.keys
  if (recorded === undefined) return { kind: 'unknown' }
  return known.keys.some((line) => line.key.equals(key)) ? { kind: 'known' } : { kind: 'changed', recorded }
}

/** The type that a public key says it is. */
export function keyType(blob: Buffer): string {
  const size = blob.length < 4 ? 0 : blob.readUInt32BE(0)
  return size < 64 ? blob.toString('latin1', 4, 4 + size) : ''
}

/** A key's fingerprint as OpenSSH shows it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${parts}$`, 's').test(name)
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
