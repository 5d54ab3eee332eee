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
const ask = (prompt: string) => {
  const { status, stdout } = spawnSync(join(directory, 'ask'), [prompt], { encoding: 'utf8', timeout: 5000 })
  return { status, stdout }
}

test.each(["me@gw's password: ", '(me@gw) Password: ', '(me@gw) Password for me: '])(
  'answers %j, as it was given, and nothing is left',
  async (prompt) => {
    const answer = await answerOnce(directory, word)
    expect(answer.variables.join()).not.toContain("it's \\n")
    expect(ask(prompt)).toEqual({ status: 0, stdout: `${word}\n` })
    expect(answer.close()).toBe(true)
    expect(readdirSync(directory)).toEqual([])
  },
)

test.each([
  "Enter passphrase for key '/password:': ",
  'Enter PIN for ED25519-SK key /k: ',
  '(me@gw) Verification code: ',
  'Are you sure you want to continue connecting (yes/no)? ',
  'Confirm user presence for key ED25519-SK SHA256:x',
  '',
])('does not answer %j', async (prompt) => {
  const answer = await answerOnce(directory, word)
  expect(ask(prompt)).toEqual({ status: 1, stdout: '' })
  expect(answer.close()).toBe(false)
})

test('a password of several lines cannot be typed', async () => {
  await expect(answerOnce(directory, 'a\nb')).rejects.toThrow('several lines')
})
