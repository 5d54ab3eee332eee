import { describe, expect, test } from 'vitest'
import { sshEndpoint } from '../../src/inventory/ssh-endpoint.ts'
import { withTransport } from '../../src/inventory/ssh-transport.ts'
import { secret } from '../../src/model/secret.ts'

const fido = 'sk-ssh-ed25519@openssh.com AAAA me@here\n'
const plain = 'ssh-ed25519 AAAA me@here\n'
const system = '/etc/ssh/ssh_config'

/** What is decided for `gw` with these files; ssh_config is one of them. */
function chosen(files: Readonly<Record<string, string>>, asked?: string) {
  const controller = {
    user: 'me',
    uid: 1,
    home: '/me',
    hostName: 'here',
    env: () => undefined,
    files: { read: (path: string) => files[path], glob: () => [] },
  }
  const roots = [{ path: system, system: true, checked: false, wanted: false }]
  return withTransport(sshEndpoint('gw', 'gw', [], roots, controller), controller, asked)
}

// A table: no device, token or ticket was ever asked here.
describe('the transport is chosen by', () => {
  test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ['nothing', {}, undefined],
    ['a key', { [system]: 'IdentityFile /k\n', '/k.pub': plain }, undefined],
    [
      'CertificateFile',
      { [system]: 'IdentityFile /k\nCertificateFile ~/c\n' },
      `${system}:2: CertificateFile`,
    ],
    ['CertificateFile none', { [system]: 'CertificateFile none\n' }, undefined],
    [
      'a certificate beside the key',
      { [system]: 'IdentityFile /k\n', '/k-cert.pub': 'x' },
      '/k-cert.pub is a certificate',
    ],
    [
      'a certificate beside a usual key',
      { '/me/.ssh/id_rsa-cert.pub': 'x' },
      '/me/.ssh/id_rsa-cert.pub is a certificate',
    ],
    [
      'a certificate of a key that is not used',
      { [system]: 'IdentityFile /k\n', '/me/.ssh/id_rsa-cert.pub': 'x' },
      undefined,
    ],
    ['a FIDO key', { [system]: 'IdentityFile /k\n', '/k.pub': fido }, '/k.pub is a key of a FIDO device'],
    [
      'the usual FIDO key, where it is the only one',
      { '/me/.ssh/id_ed25519_sk.pub': fido },
      '/me/.ssh/id_ed25519_sk.pub is a key of a FIDO device',
    ],
    [
      'the usual FIDO key beside another',
      { '/me/.ssh/id_ed25519_sk.pub': fido, '/me/.ssh/id_rsa.pub': plain },
      undefined,
    ],
    [
      'SecurityKeyProvider',
      { [system]: 'SecurityKeyProvider /lib/sk.so\n' },
      `${system}:1: SecurityKeyProvider`,
    ],
    ['SecurityKeyProvider internal', { [system]: 'SecurityKeyProvider internal\n' }, undefined],
    ['PKCS11Provider', { [system]: 'pkcs11provider /lib/p11.so\n' }, `${system}:1: PKCS11Provider`],
    ['GSSAPIAuthentication alone', { [system]: 'GSSAPIAuthentication yes\n' }, undefined],
  ])('%s', (_name, files, why) => {
    const { endpoint, settings } = chosen(files)
    expect(endpoint.kind).toBe(why === undefined ? 'ssh' : 'openssh')
    expect(settings.find(({ keyword }) => keyword === 'Transport')?.from).toBe(why)
  })
})

test('what only the ssh program can honour is handed to it', () => {
  const text =
    'GSSAPIAuthentication yes\ngssapidelegatecredentials no\nPKCS11Provider /lib/p11.so\nCertificateFile /c\n'
  const { endpoint, settings } = chosen({ [system]: text })
  expect(endpoint).toMatchObject({
    certificateFiles: ['/c'],
    opensshOptions: {
      GSSAPIAuthentication: 'yes',
      GSSAPIDelegateCredentials: 'no',
      PKCS11Provider: '/lib/p11.so',
    },
  })
  expect(settings.find(({ keyword }) => keyword === 'GSSAPIAuthentication')?.from).toBe(`${system}:1`)
  expect(chosen({ [system]: 'GSSAPIAuthentication no\n' }, 'x').endpoint).not.toHaveProperty('opensshOptions')
})

test('beside a password, a usual key that nobody named is no reason', () => {
  const found = {
    endpoint: { name: 'gw', kind: 'ssh', address: 'gw', port: 22 },
    settings: [],
    warnings: [],
  } as const
  const files = {
    read: (path: string) => (path === '/me/.ssh/id_rsa-cert.pub' ? 'x' : undefined),
    glob: () => [],
  }
  const controller = { user: 'me', uid: 1, home: '/me', hostName: 'here', env: () => undefined, files }
  const kindOf = (more: object) =>
    withTransport({ ...found, endpoint: { ...found.endpoint, ...more } }, controller).endpoint.kind
  expect([kindOf({}), kindOf({ password: secret('env:P') })]).toEqual(['openssh', 'ssh'])
})

test('a bastion is decided for by itself', () => {
  const text = 'Host gw\n  ProxyJump bastion\nHost bastion\n  CertificateFile /c\n'
  const { endpoint, settings } = chosen({ [system]: text })
  expect([endpoint.kind, endpoint.jump?.kind]).toEqual(['ssh', 'openssh'])
  expect(settings).toContainEqual({
    keyword: 'via bastion: Transport',
    value: 'the ssh program',
    from: `${system}:4: CertificateFile`,
  })
})
