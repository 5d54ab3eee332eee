import { expect, test } from 'vitest'
import { vouchedFor } from '../../src/commands/vouched.ts'

const [one, two] = ['a', 'b'].map((letter) => `SHA256:${letter.repeat(43)}`) as [string, string]

test('a fingerprint holds for its host alone', () => {
  const vouched = vouchedFor(
    [`gw1=${one}`],
    `# compared\n\n gw2 ssh-ed25519 ${two} unknown\ngw1 ${two}\n`,
    'f',
  )
  expect(vouched('gw1', 2)).toEqual([one, two])
  expect(vouched('gw2', 2)).toEqual([two])
  expect(vouched('gw3', 2)).toEqual([])
})

test('one without a host holds where one host is meant', () => {
  expect(vouchedFor([one], '', '')('gw1', 1)).toEqual([one])
  expect(() => vouchedFor([one], '', '')('gw1', 2)).toThrow(/expected HOST=SHA256/)
})

test.each([
  [['SHA256:short'], '', /--fingerprint: expected/],
  [['MD5:00:11'], '', /--fingerprint: expected/],
  [[`=${one}`], '', /--fingerprint: expected/],
  [[], 'gw1 ssh-ed25519\n', /--fingerprints f:1: expected/],
  [[], `# ok\n256 nothing gw1\n`, /--fingerprints f:2: expected/],
])('refuses %j %j', (options, text, message) => {
  expect(() => vouchedFor(options, text, 'f')).toThrow(message)
})
