import type { ParsedKey } from 'ssh2'
import { keyType } from './known-hosts.ts'

/** What a key file or a public key is, as far as can be told without its passphrase. */
export interface KeyFile {
  readonly format: 'openssh' | 'pem' | 'pkcs8' | 'public' | 'other'
  /** OpenSSH's name of the key's type, where the format tells it. */
  readonly type?: string
  readonly encrypted: boolean
}

/** Looks at the text of a key. */
export function inspectKey(text: string): KeyFile {
  const [, label, body = ''] = /^\s*-----BEGIN ([A-Z ]+)-----([\s\S]*)/.exec(text) ?? []
  if (label === 'OPENSSH PRIVATE KEY') return openSsh(body)
  if (label === 'ENCRYPTED PRIVATE KEY') return { format: 'pkcs8', encrypted: true }
  if (label === 'PRIVATE KEY') return { format: 'pkcs8', encrypted: false }
  if (label?.endsWith('PRIVATE KEY'))
    return { format: 'pem', encrypted: /^\s*Proc-Type: 4,ENCRYPTED/.test(body) }
  const [type = '', key] = text.trim().split(/\s+/)
  if (/^(sk-)?(ssh|ecdsa)-/.test(type) && key !== undefined)
    return { format: 'public', type, encrypted: false }
  return { format: 'other', encrypted: false }
}

const magic = 'openssh-key-v1\0'

// Its head (PROTOCOL.key): cipher, kdf and its options, the number of keys, the public key; none of it is encrypted.
function openSsh(body: string): KeyFile {
  const bytes = Buffer.from(body.replace(/-----[\s\S]*/, ''), 'base64')
  if (!bytes.toString('latin1').startsWith(magic)) return { format: 'other', encrypted: false }
  let at = magic.length
  const next = (): Buffer => {
    if (at + 4 > bytes.length) return Buffer.alloc(0)
    const end = at + 4 + bytes.readUInt32BE(at)
    const part = bytes.subarray(at + 4, end)
    at = end
    return part
  }
  const [cipher] = [next(), next(), next()]
  at += 4
  const type = keyType(next())
  return { format: 'openssh', encrypted: cipher?.toString() !== 'none', ...(type !== '' && { type }) }
}

/** Why a key of this type cannot be used over ssh2; undefined for one that can. */
export function unusable(type: string): string | undefined {
  if (/-cert-v\d+@/.test(type)) return `it is an OpenSSH certificate (${type})`
  if (type.startsWith('sk-')) return `it is a FIDO key (${type}), which needs its device`
  return undefined
}

/** What to do about a key that only OpenSSH itself can use. */
export const useOpenSsh = 'OpenSSH itself can use it: set ansible_connection: openssh for this host.'

/** A key as ssh2 reads it; undefined for one that it cannot read. */
export function parsed(ssh2: typeof import('ssh2'), text: Buffer | string): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(text)
  return key instanceof Error ? undefined : key
}
