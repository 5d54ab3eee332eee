import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { isPasswordPrompt, passwordPromptScript } from '../../src/connect/password-prompt.ts'

const inShell = (question: string, user: string): boolean => {
  const { stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', `question=$1\n${passwordPromptScript(user, 'echo yes')}`, 'sh', question],
    { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
  )
  expect(stderr).toBe('')
  return stdout === 'yes\n'
}

// Prompts as Linux-PAM, OpenSSH, FreeBSD, OATH, Google Authenticator, Duo, RSA and S/Key word them.
test.each([
  ['Password: ', true],
  ['Password:', true],
  ['PASSWORD:', true],
  ["ann@gw's password: ", true],
  ['Password for ann@gw:', true],
  ['Password for ann:', true],
  ['Enter your password: ', true],
  ['(current) UNIX password: ', true],
  ['Your password will end in 3 days.\nPassword: ', true],
  ['Passwort: ', true],
  ['Mot de passe : ', true],
  ['Contraseña: ', true],
  ['Verification code: ', false],
  ['Password & verification code: ', false],
  ['Enter PASSCODE: ', false],
  ["One-time password (OATH) for `ann': ", false],
  ['One-Time Password:', false],
  ['One time password: ', false],
  ['otp-md5 99 se1234 ext, S/Key Password: ', false],
  ['Password + OTP: ', false],
  ['New password: ', false],
  ['Retype new password: ', false],
  ['Token password: ', false],
  ['TOKEN:', false],
  ['PIN: ', false],
  ['Challenge: 12345\nPassword: ', false],
  ["YubiKey for `ann': ", false],
  ['Response: ', false],
  ['Password required for ann.', false],
  ['Duo two-factor login for ann\n\nPasscode or option (1-3): ', false],
  ['Your password has expired; type yes', false],
  ['', false],
])('%j of the user ann is for the password: %s', (prompt, is) => {
  expect([isPasswordPrompt(prompt, 'ann'), inShell(prompt, 'ann')]).toEqual([is, is])
})

test.each([
  ['newton', 'Password for newton:', true],
  ['newton', 'Password for newton@token-gw:', true],
  ['newton', 'New password for newton:', false],
  ["o'otp $x*", "Password for o'otp $x*: ", true],
  ['ann', 'Password for newton:', false],
])('the name of %s, and where that is, are no part of the question %j: %s', (user, prompt, is) => {
  expect([isPasswordPrompt(prompt, user), inShell(prompt, user)]).toEqual([is, is])
})
