import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { dialCommand, masterArguments } from '../../src/connect/openssh-arguments.ts'
import type { Endpoint } from '../../src/model/connection.ts'

const endpoint: Endpoint = { name: 'gw', kind: 'openssh', address: 'gw.example', port: 2222 }
const settings = {
  username: 'wso2',
  socket: '/t/s',
  log: '/t/log',
  knownHosts: '/t/known_hosts',
  hostKeyAlgorithms: ['ssh-ed25519', 'rsa-sha2-512'],
  identityFiles: ['/k'],
  identitiesOnly: true,
  agent: '',
  password: false,
  passphrase: false,
  connectTimeout: 20,
  silence: { interval: 15, count: 4 },
}
const options = (more: Partial<Endpoint> = {}, set: Partial<Parameters<typeof masterArguments>[1]> = {}) => {
  const words = masterArguments({ ...endpoint, ...more }, { ...settings, ...set })
  return words.flatMap((word, at) => (words[at - 1] === '-o' ? [word] : []))
}

test('a master reads no file, asks nobody, forwards nothing, and takes no key but those it is given', () => {
  expect(masterArguments(endpoint, settings)).toEqual(
    expect.arrayContaining([
      '-F',
      'none',
      '-M',
      '-N',
      '-S',
      '/t/s',
      '-l',
      'wso2',
      '-p',
      '2222',
      '--',
      'gw.example',
    ]),
  )
  expect(options()).toEqual(
    expect.arrayContaining([
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      'UserKnownHostsFile=/t/known_hosts',
      'GlobalKnownHostsFile=none',
      'HostKeyAlgorithms=ssh-ed25519,rsa-sha2-512',
      'UpdateHostKeys=no',
      'PreferredAuthentications=publickey',
      'IdentityFile=/k',
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'ServerAliveInterval=15',
      'ServerAliveCountMax=4',
      'ForwardAgent=no',
      'ClearAllForwardings=yes',
      'PermitLocalCommand=no',
    ]),
  )
})

// A table: Debian 12 has no FIDO device, token or Kerberos to try them on.
describe('hardware and Kerberos, as arguments alone', () => {
  test.each<[Partial<Endpoint>, readonly string[]]>([
    [{ opensshOptions: { SecurityKeyProvider: '/lib/sk.so' } }, ['SecurityKeyProvider=/lib/sk.so']],
    [{ opensshOptions: { PKCS11Provider: '/lib/p 11.so' } }, ['PKCS11Provider="/lib/p 11.so"']],
    [
      { opensshOptions: { GSSAPIAuthentication: 'yes', GSSAPIDelegateCredentials: 'no' } },
      [
        'PreferredAuthentications=gssapi-with-mic,publickey',
        'GSSAPIAuthentication=yes',
        'GSSAPIDelegateCredentials=no',
      ],
    ],
    [{ certificateFiles: ['/c%h'] }, ['CertificateFile=/c%%h']],
  ])('%j', (more, expected) => {
    expect(options(more)).toEqual(expect.arrayContaining([...expected]))
  })
})

test('a path that ssh would read as another is refused', () => {
  for (const file of [`/a/$${'{HOME}'}`, '/a/"b'])
    expect(() => options({}, { identityFiles: [file] })).toThrow(/ssh would read .* as another path/)
})

test('a ProxyCommand is handed on as it is, and what it complains of goes to the log', () => {
  expect(options({}, { proxyCommand: `nc -X 5 it's 100%` }).at(-1)).toBe(
    `ProxyCommand=/bin/sh -c 'exec nc -X 5 it'\\''s 100%%' 2>>/t/log`,
  )
})

test('a way through a master never becomes a connection of its own', () => {
  const command = dialCommand('ssh', '/t/a b/s', 'fe80::1', 22)
  expect(command).toContain(`-S '/t/a b/s' `)
  const words = execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' }).split('\n')
  expect(words).toEqual(expect.arrayContaining(['ProxyCommand=false', 'ControlMaster=no', '[fe80::1]:22']))
})
