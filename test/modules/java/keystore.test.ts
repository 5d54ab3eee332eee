import { describe, expect, test } from 'vitest'
import { type Entry, findingsOf, listingOf, refusalOf } from '../../../src/modules/java/keystore.ts'

/** A self-signed P-256 certificate made for this test by keytool 17: CN=ec, 2026-11-23 to 2027-02-21. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBMjCB2KADAgECAgkA5ilxzZBDXwIwCgYIKoZIzj0EAwIwDTELMAkGA1UEAxMC
ZWMwHhcNMjYxMTIzMDEyMTUxWhcNMjcwMjIxMDEyMTUxWjANMQswCQYDVQQDEwJl
YzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIceU6Ayq6+SD6hYZMsEkAd+IFje
w3ssCrOSoYE0ACnfmt7zD0gYmjCGgBmeX/1V20gloVdzko1RgIhuzDr74KmjITAf
MB0GA1UdDgQWBBQkq03/vCrRl55IbAE6BsUg5pI1FDAKBggqhkjOPQQDAgNJADBG
AiEAhFNaaGQb9WyJf+qO+rlwQj9kOVl4SMcDnkpzSNO0tVYCIQCcrp1XvOq5uU1b
HAlzFN1puYUQHiSm8NgAb8kC5bFXhQ==
-----END CERTIFICATE-----`
const stars =
  '\n\n\n*******************************************\n*******************************************\n\n\n'
const known = {
  algorithm: 'EC',
  bits: 256,
  subject: 'CN=ec',
  issuer: 'CN=ec',
  notBefore: '2026-11-23T01:21:51.000Z',
  notAfter: '2027-02-21T01:21:51.000Z',
  sha256: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
}

describe('what keytool lists', () => {
  test.each([
    [
      '17: PKCS12',
      'PKCS12',
      'Keystore type: PKCS12\nKeystore provider: SUN\n\nYour keystore contains 3 entries\n\n',
    ],
    [
      '8: jks in small letters',
      'JKS',
      'Keystore type: jks\nKeystore provider: SUN\n\nYour keystore contains 3 entries\n\n',
    ],
    [
      '6: with a blank line first',
      'JKS',
      '\nKeystore type: JKS\nKeystore provider: SUN\n\nYour keystore contains 3 entries\n\n',
    ],
    [
      'a provider of IBM',
      'PKCS12',
      'Keystore type: PKCS12\nKeystore provider: IBMJCE\n\nYour keystore contains 3 entries\n\n',
    ],
  ])('%s', (_name, type, head) => {
    const said = `${head}Alias name: wso2carbon
Creation date: Nov 23, 2026
Entry type: PrivateKeyEntry
Certificate chain length: 2
Certificate[1]:
${certificate}
Certificate[2]:
${certificate}
${stars}Alias name: ca
Creation date: 23.11.2026
Entry type: trustedCertEntry

${certificate}
${stars}Alias name: sec
Creation date: Nov 23, 2026
Entry type: SecretKeyEntry
${stars}`
    const entries = [
      { alias: 'wso2carbon', kind: 'private key', ...known, above: 1 },
      { alias: 'ca', kind: 'certificate', ...known },
      { alias: 'sec', kind: 'secret key' },
    ]
    expect(listingOf(said)).toEqual({ type, entries })
    expect(listingOf(said.replaceAll('\n', '\r\n'))).toEqual({ type, entries })
  })

  test('a store without entries, and a certificate that nobody reads', () => {
    expect(
      listingOf('Keystore type: JKS\nKeystore provider: SUN\n\nYour keystore contains 0 entries\n\n'),
    ).toEqual({
      type: 'JKS',
      entries: [],
    })
    const odd =
      'Alias name: x\nEntry type: trustedCertEntry\n\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    expect(listingOf(odd).entries).toEqual([{ alias: 'x', kind: 'certificate' }])
  })
})

test.each([
  ['keytool error: java.io.IOException: keystore password was incorrect', 'the password is wrong'],
  [
    'keytool error: java.io.IOException: Keystore was tampered with, or password was incorrect',
    'the password is wrong, or the store is damaged (a JKS store does not tell which)',
  ],
  ['keytool error: java.io.EOFException', 'it is damaged, or no keystore of that type'],
  [
    'keytool error: java.io.IOException: Invalid keystore format',
    'it is damaged, or no keystore of that type (Invalid keystore format)',
  ],
  [
    'keytool error: java.security.KeyStoreException: Unrecognized keystore format. Please load it with a specified type',
    'it is damaged',
  ],
  [
    'keytool error: java.io.IOException: DerInputStream.getLength(): lengthTag=109, too big.',
    'it is damaged',
  ],
  ['keytool error: java.lang.Exception: Keystore file exists, but is empty: e', 'the file is empty'],
  [
    'keytool error: java.io.IOException: Integrity check failed: java.security.NoSuchAlgorithmException: Algorithm HmacPBESHA256 not available',
    'this keytool is too old for it',
  ],
  ['', 'keytool said nothing'],
])('%s', (said, why) => expect(refusalOf(`\nWarning:\n${said}\n`.replace('Warning:\n\n', ''))).toContain(why))

describe('what must hold', () => {
  const now = new Date('2027-01-01T00:00:00Z')
  const entry = (more: Partial<Entry> = {}): Entry => ({
    alias: 'wso2carbon',
    kind: 'private key',
    algorithm: 'RSA',
    bits: 2048,
    notBefore: '2026-01-01T00:00:00.000Z',
    notAfter: '2027-01-31T00:00:00.000Z',
    ...more,
  })

  test.each<[string, readonly Entry[], object, readonly (string | RegExp)[]]>([
    ['as large and as long as wanted', [entry()], {}, []],
    ['small', [entry({ bits: 1024 })], {}, [/wso2carbon: its RSA key has 1024 bits, fewer than 2048/]],
    ['a curve is not measured as RSA is', [entry({ algorithm: 'EC', bits: 256 })], {}, []],
    ['a small curve', [entry({ algorithm: 'EC', bits: 192 })], {}, [/192 bits, fewer than 224/]],
    ['a day short', [entry({ notAfter: '2027-01-30T23:59:59.000Z' })], {}, [/in 29 days, fewer than 30/]],
    ['expired', [entry({ notAfter: '2026-12-31T00:00:00.000Z' })], {}, [/it expired on 2026-12-31/]],
    ['not yet', [entry({ notBefore: '2027-01-02T00:00:00.000Z' })], {}, [/not valid before/]],
    [
      'all at once',
      [entry({ bits: 512 }), entry({ alias: 'b', bits: 512 })],
      { days: 60 },
      [/carbon: .*512/, /carbon: .*60/, /b: .*512/, /b: .*60/],
    ],
    ['no private key', [entry({ kind: 'certificate' })], {}, [/no private key/]],
    [
      'a named certificate, whatever its case',
      [entry({ kind: 'certificate' })],
      { aliases: ['WSO2Carbon'] },
      [],
    ],
    ['a name that is not there', [entry()], { aliases: ['x'] }, [/no entry "x" \(it has wso2carbon\)/]],
    [
      'a secret key has no size',
      [{ alias: 's', kind: 'secret key' }],
      { aliases: ['s'] },
      [/s: nothing is known/],
    ],
  ])('%s', (_name, entries, limits, expected) => {
    const found = findingsOf(entries, limits, now)
    expect(found).toHaveLength(expected.length)
    for (const [at, each] of expected.entries()) expect(found[at]).toMatch(each)
  })
})
