import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { sh } from '../../src/model/command.ts'
import { sealed, sealing, unsealed } from '../../src/modules/seal.ts'

const bodies = ['', '{}', '{"a":"it\'s \\" $(x) \\\\n %s é 😀"}', 'two\nlines\n']

test.each(bodies)('what was sealed is read again: %j', (body) => {
  expect(unsealed(sealed(body))).toBe(body)
})

test.each(bodies)('cut anywhere, or with any bit flipped, it is none any more: %j', (body) => {
  const whole = Buffer.from(sealed(body))
  const accepted: string[] = []
  for (let at = 0; at < whole.length; at++) {
    if (unsealed(whole.toString('utf8', 0, at)) !== undefined) accepted.push(`cut at ${at}`)
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at)
      if (unsealed(flipped.toString('utf8')) !== undefined) accepted.push(`bit ${bit} of ${at}`)
    }
  }
  expect(accepted).toEqual([])
  expect(unsealed(`${whole.toString('utf8')}\n`)).toBeUndefined()
})

test('a shell seals as we do', () => {
  for (const body of bodies)
    expect(execFileSync('sh', ['-c', sh.read`${sealing}; seal ${body}`.text], { encoding: 'utf8' })).toBe(
      sealed(body),
    )
})
