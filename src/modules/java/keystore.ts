import { type KeyObject, X509Certificate } from 'node:crypto'

/** What a keystore holds under one name: of a chain, its first certificate, which is the key's own. */
export type KeystoreEntry = {
  readonly alias: string
  /** `privateKey`, `trustedCertificate`, `secretKey`. */
  readonly kind: 'privateKey' | 'trustedCertificate' | 'secretKey' | 'other'
  readonly subject?: string
  readonly issuer?: string
  /** `rsa`, `ec`, `dsa`, ...; undefined where the certificate cannot be read. */
  readonly algorithm?: string
  /** Bits of the key; of an elliptic curve, of its field where it is known. */
  readonly bits?: number
  /** When its certificate begins and ends to hold, in UTC (ISO 8601). */
  readonly from?: string
  readonly until?: string
  /** SHA-256 of the certificate, in hexadecimal with colons, as keytool and openssl print it. */
  readonly fingerprint?: string
  readonly chain: number
}

/**
 * Reads what `keytool -list -rfc` prints: names and kinds out of its English words, everything else out of the certificates
 * themselves, since what keytool prints of them differs from release to release.
 */
export function parseKeystore(said: string): readonly KeystoreEntry[] {
  return said
    .split(/^Alias name: /m)
    .slice(1)
    .map((part): KeystoreEntry => {
      const [alias = ''] = part.split(/\r?\n/, 1)
      const kind = kinds[/^Entry type: (\w+)/m.exec(part)?.[1]?.toLowerCase() ?? ''] ?? 'other'
      const pems = part.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
      return { alias, kind, ...(pems[0] !== undefined && certificate(pems[0])), chain: pems.length }
    })
}

const kinds: Readonly<Record<string, KeystoreEntry['kind']>> = {
  privatekeyentry: 'privateKey',
  keyentry: 'privateKey',
  trustedcertentry: 'trustedCertificate',
  secretkeyentry: 'secretKey',
}

function certificate(pem: string): Partial<KeystoreEntry> {
  try {
    const read = new X509Certificate(pem)
    const oneLine = (name: string) => name.split('\n').join(', ')
    return {
      subject: oneLine(read.subject),
      issuer: oneLine(read.issuer),
      ...keyOf(read.publicKey),
      from: new Date(read.validFrom).toISOString(),
      until: new Date(read.validTo).toISOString(),
      fingerprint: read.fingerprint256,
    }
  } catch {
    // A certificate that OpenSSL does not read is still told by its name.
    return {}
  }
}

const curves: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 }

function keyOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): Pick<KeystoreEntry, 'algorithm' | 'bits'> {
  const bits = asymmetricKeyDetails?.modulusLength ?? curves[asymmetricKeyDetails?.namedCurve ?? '']
  return {
    ...(asymmetricKeyType !== undefined && { algorithm: asymmetricKeyType }),
    ...(bits !== undefined && { bits }),
  }
}

/** What is wrong with the keys of a keystore, a line each: private keys that are too short or end too soon, certificates in use that have ended. */
export function weaknesses(
  entries: readonly KeystoreEntry[],
  demands: { readonly bits: number; readonly days: number; readonly now: Date },
): readonly string[] {
  const end = demands.now.getTime() + demands.days * 86_400_000
  return entries
    .filter(({ kind }) => kind === 'privateKey')
    .flatMap(({ alias, algorithm, bits, until }) => [
      ...((algorithm === 'rsa' || algorithm === 'dsa') && bits !== undefined && bits < demands.bits
        ? [`${alias}: its ${algorithm.toUpperCase()} key has ${bits} bits, fewer than ${demands.bits}`]
        : []),
      ...(until !== undefined && Date.parse(until) < end
        ? [`${alias}: its certificate ends on ${until.slice(0, 10)}`]
        : []),
    ])
}
