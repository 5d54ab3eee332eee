import { X509Certificate } from 'node:crypto'
import { sanitize } from '../../model/sanitize.ts'

/** One entry of a keystore; what a certificate says is missing where the entry has none (a secret key). */
export type Entry = {
  readonly alias: string
  readonly kind: 'private key' | 'certificate' | 'secret key'
  /** `RSA`, `DSA`, `EC`, `Ed25519`, ... */
  readonly algorithm?: string
  /** Size of the key in bits; missing where its curve is not known to us. */
  readonly bits?: number
  readonly subject?: string
  readonly issuer?: string
  /** ISO 8601, in UTC. */
  readonly notBefore?: string
  readonly notAfter?: string
  /** SHA-256 of the certificate: hexadecimal pairs with colons, as keytool writes it. */
  readonly sha256?: string
  /** How many certificates stand above it in its chain. */
  readonly above?: number
}

/** What `keytool -list -rfc` said of a keystore. */
export type Listing = { readonly type: string; readonly entries: readonly Entry[] }

const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/**
 * Reads `keytool -list -rfc` of any version: its words for the kinds, and the certificates themselves. Sizes, dates and
 * fingerprints come from the certificates: old versions (6, 7) print neither sizes nor SHA-256, and dates in their own zone.
 */
export function listingOf(said: string): Listing {
  const text = said.replaceAll('\r', '')
  const parts = text.split(/^Alias name: /m)
  const type = /^Keystore type: (.*)$/m.exec(parts[0] ?? '')?.[1]?.trim() ?? ''
  return { type: type.toUpperCase(), entries: parts.slice(1).map(entryOf) }
}

function entryOf(part: string): Entry {
  const alias = sanitize(part.split('\n')[0] ?? '')
  const [, said = ''] = /^Entry type: (\S+)/m.exec(part) ?? []
  const kind = /^(?:PrivateKeyEntry|keyEntry)/.test(said)
    ? ('private key' as const)
    : /^SecretKeyEntry/.test(said)
      ? ('secret key' as const)
      : ('certificate' as const)
  const [first, ...above] = part.match(pem) ?? []
  if (first === undefined) return { alias, kind }
  return { alias, kind, ...certified(first), ...(kind === 'private key' && { above: above.length }) }
}

function certified(text: string): Omit<Entry, 'alias' | 'kind'> {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(text)
  } catch {
    // An algorithm that this Node does not read: the entry is told, and a gate says that nothing is known of it.
    return {}
  }
  return {
    ...keyOf(certificate),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
    sha256: certificate.fingerprint256,
  }
}

const oneLine = (name: string | undefined): string => sanitize((name ?? '').split('\n').join(', '))

const names: Readonly<Record<string, string>> = {
  rsa: 'RSA',
  'rsa-pss': 'RSA',
  dsa: 'DSA',
  ec: 'EC',
  ed25519: 'Ed25519',
  ed448: 'Ed448',
}
const ofKind: Readonly<Record<string, number>> = { ed25519: 255, ed448: 448 }

/** Bits of the curves that keytool makes. */
const ofCurve: Readonly<Record<string, number>> = {
  prime192v1: 192,
  secp224r1: 224,
  prime256v1: 256,
  secp256k1: 256,
  secp384r1: 384,
  secp521r1: 521,
}

function keyOf(certificate: X509Certificate): Pick<Entry, 'algorithm' | 'bits'> {
  try {
    const { asymmetricKeyType: kind = '', asymmetricKeyDetails: details = {} } = certificate.publicKey
    const bits = details.modulusLength ?? ofCurve[details.namedCurve ?? ''] ?? ofKind[kind]
    return { algorithm: names[kind] ?? kind, ...(bits !== undefined && { bits }) }
  } catch {
    return {}
  }
}

/** Why a keystore could not be read, out of what keytool said; the first line who and why. */
export function refusalOf(said: string): string {
  const lines = said
    .split(/\r?\n/)
    .map((line) => sanitize(line.trim()))
    .filter((line) => line !== '')
  const line = lines.find((each) => /^keytool error:/.test(each)) ?? lines.at(-1) ?? 'keytool said nothing'
  const why = line.replace(/^keytool error: (?:(?:[\w$]+\.)+[\w$]+: )?/, '')
  if (/password was incorrect/.test(line) && /tampered/.test(line))
    return 'the password is wrong, or the store is damaged (a JKS store does not tell which)'
  if (
    /password was incorrect|failed to decrypt safe contents|Given final block not properly padded|mac (?:invalid|verify)/i.test(
      line,
    )
  )
    return 'the password is wrong'
  if (/HmacPBE|NoSuchAlgorithm|not available|Algorithm .* not (?:found|supported)/i.test(line))
    return `this keytool is too old for it, or lacks an algorithm (${why}): name a newer Java (\`java\`)`
  if (/but is empty/.test(line)) return 'the file is empty'
  if (/format|EOF|DER|tag|length|Short read|parse|Integrity|magic|version/i.test(line))
    return `it is damaged, or no keystore of that type (${why})`
  return why
}

/** What must hold of the entries of a keystore. */
export type Limits = {
  /** The entries meant; default every private key. */
  readonly aliases?: readonly string[]
  /** The smallest size of an RSA or DSA key in bits; default 2048. */
  readonly bits?: number
  /** Days that each certificate is valid still; default 30. */
  readonly days?: number
}

const day = 24 * 3600 * 1000
const smallestCurve = 224

/** Everything that does not hold, a line each; none where all does. */
export function findingsOf(entries: readonly Entry[], limits: Limits, now: Date): readonly string[] {
  const { aliases, bits = 2048, days = 30 } = limits
  // Aliases are compared as keytool does in JKS and PKCS#12: without regard to case.
  const named = (name: string) => entries.find(({ alias }) => alias.toLowerCase() === name.toLowerCase())
  const meant = aliases?.map(named) ?? entries.filter(({ kind }) => kind === 'private key')
  if (meant.length === 0) return ['it has no private key: name the `aliases` that are meant']
  return meant.flatMap((entry, at) => {
    if (entry === undefined)
      return [
        `it has no entry "${aliases?.[at]}" (it has ${entries.map(({ alias }) => alias).join(', ') || 'none'})`,
      ]
    const { alias, algorithm, bits: has, notAfter, notBefore } = entry
    if (algorithm === undefined || notAfter === undefined || notBefore === undefined)
      return [
        `${alias}: nothing is known of its key: ${entry.kind === 'secret key' ? 'it is a secret key' : 'its certificate cannot be read'}`,
      ]
    const least = algorithm === 'RSA' || algorithm === 'DSA' ? bits : smallestCurve
    const left = Math.floor((Date.parse(notAfter) - now.getTime()) / day)
    return [
      ...(has !== undefined && has < least
        ? [`${alias}: its ${algorithm} key has ${has} bits, fewer than ${least}`]
        : []),
      ...(Date.parse(notBefore) > now.getTime() ? [`${alias}: it is not valid before ${notBefore}`] : []),
      ...(left < 0
        ? [`${alias}: it expired on ${notAfter}`]
        : left < days
          ? [`${alias}: it expires on ${notAfter}, in ${left} days, fewer than ${days}`]
          : []),
    ]
  })
}
