import { createHash } from 'node:crypto'
import { matchesSshList } from '../model/ssh-patterns.ts'
import type { KnownFiles } from './known-files.ts'

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
  /** Keys of all files that know it. */
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

/** Whether a host field is the hash of one name. */
export const isHashed = (hosts: string): boolean => hosts.startsWith('|')

/** Whether a host field that is not hashed means the name. */
export function matchesPatterns(hosts: string, name: string): boolean {
  return matchesSshList(name, hosts.toLowerCase())
}

/** A machine as known_hosts writes it: `[host]:port` unless the port is 22. */
export function hostName(address: string, port: number): string {
  return (port === 22 ? address : `[${address}]:${port}`).toLowerCase()
}

/** Picks what files say about one machine: as for OpenSSH, the keys of all of them count. Throws where one cannot be read. */
export async function knownFor(
  files: readonly string[],
  name: string,
  known: Pick<KnownFiles, 'about'>,
): Promise<Omit<Known, 'pins'>> {
  const lines = (await Promise.all(files.map((file) => known.about(file, name)))).flat()
  return {
    keys: lines.filter(({ marker }) => marker === 'none'),
    revoked: lines.filter(({ marker }) => marker === 'revoked'),
    authorities: lines.filter(({ marker }) => marker === 'cert-authority'),
  }
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
