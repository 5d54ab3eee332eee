import { expect, test } from 'vitest'
import { cannotAnswer, takesAnswers } from '../../src/connect/openssh-version.ts'

test.each([
  ['OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026\n', true],
  ['OpenSSH_8.4p1, OpenSSL 1.1.1k  FIPS 25 Mar 2021', true],
  ['OpenSSH_8.4', true],
  ['OpenSSH_10.0p2, LibreSSL 3.3.6', true],
  ['OpenSSH_for_Windows_9.5p1, LibreSSL 3.8.2', true],
  ['a wrapper says this first\nOpenSSH_9.9p1', true],
  ['OpenSSH_8.3p1, OpenSSL 1.1.1g', false],
  ['OpenSSH_for_Windows_8.1p1, LibreSSL 3.0.2', false],
  ['OpenSSH_7.4p1, OpenSSL 1.0.2k-fips  26 Jan 2017', false],
  ['OpenSSH_6.10p1', false],
  ['Sun_SSH_2.4, SSH protocols 1.5/2.0', false],
  ['Dropbear v2022.83', false],
  ['', false],
])('%j can be given a password: %s', (version, can) => expect(takesAnswers(version)).toBe(can))

test('a program that is not there, or says nothing, cannot be given one', async () => {
  expect(await cannotAnswer('/no/such/ssh')).toMatch(/^\/no\/such\/ssh says it is nothing, and OpenSSH/)
  expect(await cannotAnswer('true')).toMatch(/since 8\.4 alone$/)
})
