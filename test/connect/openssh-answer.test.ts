import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { answerOnce } from '../../src/connect/openssh-answer.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "upgrade-fleet-it's "))
})
afterEach(() => rmSync(directory, { recursive: true }))

const word = ` it's \\n "a" $HOME `
/** Asks as `ssh` does; `ended` is whether whoever asks was ended. */
const ask = (prompt: string, env: Readonly<Record<string, string>> = {}) => {
  const words = ['-c', '"$0" "$1"; echo "exit $?"', join(directory, 'ask'), prompt]
  const { signal, stdout } = spawnSync('/bin/sh', words, {
    encoding: 'utf8',
    timeout: 5000,
    env: { ...process.env, ...env },
    killSignal: 'SIGKILL',
  })
  return { ended: signal === 'SIGTERM', stdout }
}
const given = { ended: false, stdout: `${word}\nexit 0\n` }
const passedOver = { ended: false, stdout: 'exit 1\n' }

test.each([
  "me@gw's password: ",
  "code@new-token's password: ",
  '(me@gw) Password: ',
  '(code@new) Password: ',
  '(me@gw) Password for me: ',
  'Password:',
])('answers %j, as it was given, and nothing is left', async (prompt) => {
  const answer = await answerOnce(directory, 'password', word, 'me')
  expect(answer.variables.join()).not.toContain("it's \\n")
  expect(ask(prompt)).toEqual(given)
  expect(answer.close()).toEqual({ asked: true, stopped: undefined })
  expect(readdirSync(directory)).toEqual([])
})

test('a second question ends who asks: an empty answer would be one more failure', async () => {
  const answer = await answerOnce(directory, 'password', word, 'me')
  expect(ask('(me@gw) Password: ')).toEqual(given)
  expect(ask("me@gw's password: ")).toMatchObject({ ended: true, stdout: '' })
  expect(answer.close()).toEqual({ asked: true, stopped: 'Password:' })
  expect(readdirSync(directory)).toEqual([])
})

test.each([
  '(me@gw) Verification code: ',
  "(me@gw) One-time password (OATH) for `me': ",
  '(me@gw) New password: ',
  "(me@gw) Enter passphrase for key '/k': ",
  'Are you sure you want to continue connecting (yes/no)? ',
  '',
])('%j of a server ends who asks', async (prompt) => {
  const answer = await answerOnce(directory, 'password', word, 'me')
  expect(ask(prompt)).toMatchObject({ ended: true, stdout: '' })
  expect(answer.close()).toEqual({ asked: false, stopped: prompt.replace('(me@gw) ', '') })
})

test.each([
  ["Enter passphrase for key '/password:': ", {}],
  ['Enter PIN for ED25519-SK key /k: ', {}],
  ['Confirm user presence for key ED25519-SK SHA256:x', { SSH_ASKPASS_PROMPT: 'none' }],
])('%j is for a person: ssh goes on without an answer', async (prompt, env) => {
  const answer = await answerOnce(directory, 'password', word, 'me')
  expect(ask(prompt, env)).toEqual(passedOver)
  expect(answer.close()).toEqual({ asked: false, stopped: undefined })
})

test('a passphrase is for the key alone, and no server can ask for it', async () => {
  const answer = await answerOnce(directory, 'passphrase', word, 'me')
  expect(ask("(me@gw) Enter passphrase for key '/k': ")).toMatchObject({
    stdout: expect.not.stringContaining("it's"),
  })
  expect(ask("me@gw's password: ")).toMatchObject({ ended: true, stdout: '' })
  expect(ask("Enter passphrase for key '/k': ")).toEqual(given)
  expect(ask("Enter passphrase for key '/k': ")).toEqual(passedOver)
  expect(answer.close()).toMatchObject({ asked: true })
})

test.each([
  ['of several lines', 'a\nb'],
  ['of more than 4000 bytes', 'a'.repeat(4001)],
])('a password %s cannot be typed', async (why, value) => {
  await expect(answerOnce(directory, 'password', value, 'me')).rejects.toThrow(why)
})
