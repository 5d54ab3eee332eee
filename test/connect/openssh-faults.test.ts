import { expect, test } from 'vitest'
import { dropped } from '../../src/connect/first-words.ts'
import { faultOf, saidOf, shownIn, wordsIn } from '../../src/connect/openssh-faults.ts'
import { doubtfulCertificate } from '../../src/connect/openssh-login.ts'

const changed = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Offending ED25519 key in kchg:1
Host key for [127.103.0.1]:2222 has changed and you have requested strict checking.\r
Host key verification failed.\r
`
const broken =
  'kex_exchange_identification: Connection closed by remote host\r\nConnection closed by UNKNOWN port 65535\r\n'

// Recorded from OpenSSH 9.2, but for those that say otherwise.
test.each<[string, 'host-key' | 'auth' | 'unreachable', boolean]>([
  [changed, 'host-key', false],
  [
    'Unable to negotiate with 127.103.0.1 port 2222: no matching host key type found. Their offer: ssh-ed25519\r\n',
    'host-key',
    false,
  ],
  [
    'No ED25519 host key is known for [127.103.0.1]:2222 and you have requested strict checking.\r\nHost key verification failed.\r\n',
    'host-key',
    false,
  ],
  [
    'ED25519 host key for [127.103.0.1]:2222 was revoked and you have requested strict checking.\r\nHost key verification failed.\r\n',
    'host-key',
    false,
  ],
  [
    'Certificate invalid: name is not a listed principal\r\nHost key verification failed.\r\n',
    'host-key',
    false,
  ],
  ['root@127.103.1.1: Permission denied (publickey).\r\n', 'auth', false],
  [
    'Received disconnect from 127.0.0.1 port 2222:2: Too many authentication failures\r\nDisconnected from 127.0.0.1 port 2222\r\n',
    'auth',
    false,
  ],
  // From the source alone: no FIDO device was ever asked here.
  [
    'sign_and_send_pubkey: signing failed for ED25519-SK "/k": device not found\r\nme@gw: Permission denied (publickey).\r\n',
    'auth',
    false,
  ],
  ['ssh: connect to host 127.103.0.9 port 2222: Connection refused\r\n', 'unreachable', false],
  ['ssh: Could not resolve hostname nosuch.invalid: Name or service not known\r\n', 'unreachable', false],
  [
    'Connection timed out during banner exchange\r\nConnection to 10.255.255.1 port 2222 timed out\r\n',
    'unreachable',
    false,
  ],
  [
    'Unable to negotiate with 127.103.0.1 port 2222: no matching key exchange method found. Their offer: x\r\n',
    'unreachable',
    false,
  ],
  [broken, 'unreachable', true],
  // From the source alone: what a server that punishes (9.8 and later) does to the next one looks like this.
  [
    'kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 127.0.0.1 port 22\r\n',
    'unreachable',
    true,
  ],
  [`Stdio forwarding request failed: Session open refused by peer\r\n${broken}`, 'unreachable', false],
  ['command-line: line 0: Bad configuration option: foo\r\n', 'unreachable', false],
  ['', 'unreachable', false],
])('%j is %s', (messages, fault, early) => {
  expect(faultOf(messages)).toEqual({ fault, early })
})

test('what is said has no ornaments, and nothing that a terminal obeys', () => {
  expect(saidOf(changed)).toMatch(
    /^Offending ED25519 key in kchg:1 \/ Host key for .* \/ Host key verification failed\.$/,
  )
  expect(saidOf('a\u001b[2Jb\n')).toBe('a\\x1b[2Jb')
})

const print = `SHA256:${'a'.repeat(43)}`
test.each([
  [
    `debug1: sshconnect.c:verify_host_key():1477 (pid=2): Server host key: ssh-ed25519 ${print}\n`,
    `ssh-ed25519 ${print}`,
  ],
  [
    `debug1: x: Server host certificate: ssh-rsa-cert-v01@openssh.com ${print}, serial 0\n`,
    `ssh-rsa ${print}`,
  ],
  [`Server host key: ssh-ed25519 ${print}\n`, undefined],
])('which key was shown: %j', (text, key) => {
  expect(shownIn(text)).toBe(key)
  expect(saidOf(text)).not.toContain('debug1')
})

const certificate = (type: string, valid: string, ...principals: readonly string[]) => `/k-cert.pub:
        Type: ssh-ed25519-cert-v01@openssh.com ${type} certificate
        Public key: ED25519-CERT SHA256:x
        Valid: ${valid}
        Principals: ${principals.length === 0 ? '(none)' : ''}
${principals.map((one) => `                ${one}\n`).join('')}        Critical Options: (none)
        Extensions: 
                permit-pty
`
test.each([
  [certificate('user', 'forever', 'root', 'bob'), undefined],
  [certificate('user', 'forever'), undefined],
  [
    certificate('user', 'from 2020-01-01T00:00:00 to 2020-01-02T00:00:00', 'root'),
    'was valid until 2020-01-02T00:00:00',
  ],
  [
    certificate('user', 'from 2099-01-01T00:00:00 to 2099-01-02T00:00:00', 'root'),
    'is not valid before 2099-01-01T00:00:00',
  ],
  [
    certificate('user', 'forever', 'alice', 'bob'),
    'is for alice, bob, not for root, unless the server maps it',
  ],
  [certificate('host', 'forever', 'root'), 'is one of a host, not of a user'],
])('what is wrong with a certificate', (text, wrong) => {
  expect(doubtfulCertificate(text, 'root', new Date('2026-11-22T12:00:00'))).toBe(wrong)
})

test('what a banner or a program on the way says is no refusal', () => {
  for (const text of ['Permission denied to strangers.\n', 'sh: 1: nc: Permission denied\n'])
    expect(faultOf(`${text}Connection closed by 127.0.0.1 port 22\r\n`).fault).toBe('unreachable')
})

// From the source of OpenSSH 9.8: Debian 12's has no PerSourcePenalties.
test('a server that punishes is told apart', () => {
  const text = `debug1: kex_exchange_identification: banner line 0: Not allowed at this time\r\n${broken}`
  expect(dropped(wordsIn(text))).toContain('PerSourcePenalties')
  expect(dropped(wordsIn(broken))).toBeUndefined()
})
