import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { capture } from '../../src/connect/capture.ts'
import { redactor } from '../../src/model/redact.ts'
import { sanitize } from '../../src/model/sanitize.ts'

const hard = `pa$s'w"o&r<d>\\ü/*(x) ~\u001b%`
const bash = (script: string, value: string) =>
  execFileSync('bash', ['-c', script, 'bash', value], { encoding: 'utf8' })

describe('a secret is hidden', () => {
  const redact = redactor(() => [hard])
  test.each<[string, (value: string) => string]>([
    ['as it is', (value) => value],
    ['as base64', (value) => Buffer.from(value).toString('base64')],
    ['as base64 for URLs', (value) => Buffer.from(value).toString('base64url')],
    ['by printf %q of bash', (value) => bash('printf %q "$1"', value.replace('\u001b', ''))],
    ['by @Q of bash', (value) => bash(`echo "\${1@Q}"`, value.replace('\u001b', ''))],
    ['by set -x', (value) => bash('exec 2>&1; set -x; : "$1"', value.replace('\u001b', ''))],
    ['between double quotes of a shell', (value) => `"${value.replace(/[$`"\\]/g, '\\$&')}"`],
    ['by encodeURIComponent', encodeURIComponent],
    ['by URLSearchParams', (value) => new URLSearchParams({ p: value }).toString()],
    ['in a path of a URL', (value) => encodeURIComponent(value).toLowerCase()],
    ['as XML text', (value) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')],
    ['as JSON', (value) => JSON.stringify({ value })],
    ['as SQL', (value) => value.replaceAll("'", "''")],
    ['in a log of ours', sanitize],
  ])('%s', (_name, write) => {
    const values = [hard, hard.replace('\u001b', '')]
    const text = `before ${write(hard)} after`
    const shown = redactor(() => values)(text)
    expect(shown).toMatch(/^before .*\*\*\*.* after$/s)
    expect(shown).not.toMatch(/w"o|o&|r<d|w\\|x\) ~|cGEk/)
  })
  test('in every language that python writes', () => {
    const script = `import sys,json,urllib.parse as u,shlex,html,base64
v=sys.argv[1]
for t in (json.dumps(v),u.quote(v),u.quote_plus(v),shlex.quote(v),html.escape(v),base64.b64encode(('user:'+v).encode()).decode()): print(t)`
    const lines = execFileSync('python3', ['-c', script, hard], { encoding: 'utf8' }).trimEnd().split('\n')
    const shown = lines.map(redact)
    expect(shown.filter((line) => !line.includes('***'))).toEqual([])
    expect(shown).toEqual([
      '"***"',
      '***',
      '***',
      "'***'",
      '***',
      expect.stringMatching(/^dXNlc\S{0,2}\*\*\*/),
    ])
  })
  test('in the middle of what was encoded as base64, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const text = Buffer.from(`${before}opensesame-4711${after}`).toString('base64')
        const shown = redactor(() => ['opensesame-4711'])(text)
        expect(shown).toContain('***')
        const left = Buffer.from(shown.split('***').at(0) ?? '', 'base64').toString('latin1')
        expect(left).not.toContain('open')
      }),
    )
  })
})

describe('across a cut', () => {
  const redact = redactor(() => ['opensesame-4711'])
  test('a beginning at the end and an end at the beginning go too', () => {
    expect(redact.cut?.('password=opensesa')).toBe('password=***')
    expect(redact.cut?.('same-4711 is it, opensesame-4711')).toBe('*** is it, ***')
    expect(redact.cut?.('nothing here, ope')).toBe('nothing here, ope')
  })
  test('of a stream that is too long, only whole lines are kept', () => {
    for (let before = 80; before < 120; before += 1) {
      const kept = capture(undefined, 100)
      const text = `${'x'.repeat(before - 50)}\nopensesame-4711\n${'y\n'.repeat(200)}z opensesame-4711\n${'w'.repeat(before - 20)}`
      void kept.tap(Buffer.from(text))
      expect(redact(kept.text())).not.toMatch(/open|ses|4711/)
      expect(kept.text()).toContain('bytes left out')
    }
  })
})

test('a short secret is hidden as a word of its own, and never makes a text unreadable', () => {
  const redact = redactor(() => ['ab', 'x', ''])
  expect(redact('the ab of abstract x-rays: ab')).toBe('the *** of abstract x-rays: ***')
})

test('a value that takes the place of another is known too', () => {
  const values = ['first-4711']
  const redact = redactor(() => values)
  expect(redact('first-4711 second-4711')).toBe('*** second-4711')
  values[0] = 'second-4711'
  expect(redact('first-4711 second-4711')).toBe('first-4711 ***')
})
