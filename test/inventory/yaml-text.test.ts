import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bare } from '../../src/inventory/located.ts'
import { plainScalar } from '../../src/inventory/scalars.ts'
import { readYaml } from '../../src/inventory/yaml-text.ts'

// What PyYAML 6.0.3 gives.
describe('plainScalar', () => {
  it.each<[string, unknown]>([
    ['', null],
    ['~', null],
    ['NULL', null],
    ['nUll', 'nUll'],
    ['yes', true],
    ['Off', false],
    ['yEs', 'yEs'],
    ['y', 'y'],
    ['012', 10],
    ['-012', -10],
    ['08', '08'],
    ['0o17', '0o17'],
    ['0x1F', 31],
    ['-0x1F', -31],
    ['0b101', 5],
    ['1_000', 1000],
    ['-0', 0],
    ['+12', 12],
    ['22:30', 1350],
    ['190:20:30', 685_230],
    ['1:30.5', 90.5],
    ['1e3', '1e3'],
    ['1.5e3', '1.5e3'],
    ['1.0e+3', 1000],
    ['.5', 0.5],
    ['-.5', '-.5'],
    ['5.', 5],
    ['2.6', 2.6],
    ['4.10', 4.1],
    ['1.9.1', '1.9.1'],
    ['2024-01-01', '2024-01-01'],
  ])('%j is %j', (text, value) => expect(plainScalar(text)).toBe(value))
})

describe('readYaml', () => {
  const read = (text: string) => {
    const { root, problems } = readYaml(text, 'f.yml')
    return root === undefined ? problems : bare(root)
  }

  it.each<[string, unknown]>([
    ['"12"', '12'],
    ["'yes'", 'yes'],
    ['!!str 12', '12'],
    ['!!int "12"', 12],
    ['!unsafe "{{ x }}"', { __ansible_unsafe: '{{ x }}' }],
    ['a: !unsafe 12', { a: { __ansible_unsafe: '12' } }],
    ['!unsafe [a, 1, { k: b }]', [{ __ansible_unsafe: 'a' }, 1, { k: { __ansible_unsafe: 'b' } }]],
    ['a: !vault |\n  $ANSIBLE_VAULT;1.1\n  33\n', { a: { __ansible_vault: '$ANSIBLE_VAULT;1.1\n33\n' } }],
    ['- &a { k: 1 }\n- *a', [{ k: 1 }, { k: 1 }]],
    ['a:\n  b: 1\n  <<: [{ b: 2, c: 3 }, { c: 4 }]', { a: { c: 3, b: 1 } }],
    ['? k', { k: null }],
    ['', null],
    ['1: a', { '1': 'a' }],
    ['{"a": [1, true, null, "x"]}', { a: [1, true, null, 'x'] }],
  ])('reads %j', (text, value) => expect(read(text)).toEqual(value))

  it.each([
    ['a: 1\nb: *x\n', 'f.yml:2:4 expected an anchor &x, got none'],
    ['a: &x\n  b: *x\n', 'f.yml:2:6 the alias *x stands inside itself'],
    ['a: =\n', 'f.yml:1:4 expected a value, got = (quote it if it is text)'],
    ['a: { constructor: 1 }', 'f.yml:1:6 expected another name than constructor'],
    [
      'a: .inf\n',
      'f.yml:1:4 expected a finite number of at most 15 digits, got .inf (quote it if it is text)',
    ],
    [
      'a: 12345678901234567890\n',
      'f.yml:1:4 expected a finite number of at most 15 digits, got 12345678901234567890 (quote it if it is text)',
    ],
    ['a: !mine x\n', 'f.yml:1:10 the tag !mine is not supported for "x"'],
    ['a: !!int x\n', 'f.yml:1:10 the tag tag:yaml.org,2002:int is not supported for "x"'],
    ['[a]: 1\n', 'f.yml:1:1 expected a name, got a list'],
    ['a: {<<: 1}\n', 'f.yml:1:9 expected a map (or a list of maps) to merge'],
  ])('refuses %j', (text, problem) => expect(read(text)).toEqual([problem]))

  it('takes the last of two keys, as Ansible does with a warning', () => {
    const { root, warnings } = readYaml('a: 1\nb: 2\na: 3\n', 'f.yml')
    expect(root && bare(root)).toEqual({ a: 3, b: 2 })
    expect(warnings).toEqual(['f.yml:3:1 a: stands here again, after line 1; the last one counts'])
  })

  it('refuses a document that unfolds without end', () => {
    const levels = Array.from(
      { length: 9 },
      (_, at) => `l${at + 1}: &l${at + 1} [${Array(10).fill(`*l${at}`)}]`,
    )
    expect(read(['l0: &l0 x', ...levels].join('\n'))).toContainEqual(
      expect.stringContaining('expected at most'),
    )
  })

  it('reads JSON as what it is', () => {
    const exact = fc
      .jsonValue()
      .filter((value) => !/\d{16}|e\+|__proto__|constructor|prototype/.test(JSON.stringify(value)))
    fc.assert(
      fc.property(exact, (value) => {
        const text = JSON.stringify({ value })
        expect(read(text)).toEqual(JSON.parse(text))
      }),
    )
  })
})
