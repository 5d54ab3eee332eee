import fc from 'fast-check'
import type { TomlValue } from '../../../../src/modules/edit/toml-text.ts'

const raws = [
  '"a"',
  `'it\\'`,
  '"\\u0061 # x"',
  '"""\nmulti # not\n[line]"""',
  `'''x\n[y]\nz = 1'''`,
  '""""q""""',
  '"""a\\"""b"""',
  '12',
  '-0x1F'.slice(1),
  '1_000',
  '1e3',
  'inf',
  'true',
  '1979-05-27T07:32:00Z',
  '1979-05-27 07:32:00',
  '07:32:00',
  '9223372036854775807',
  '[1, 2, 3]',
  '[ "a", # c ]\n  "b",\n]',
  '[[1], []]',
  '{ a = 1, b.c = "}" }',
  '{}',
  '[]',
  '[{ x = 1 }, { x = 2 }]',
]
interface Line {
  readonly text: string
  readonly at?: readonly (string | number)[]
  readonly raw?: string
}
const pair = fc.record({
  raw: fc.constantFrom(...raws),
  sign: fc.constantFrom('=', ' = ', '\t=  '),
  tail: fc.constantFrom('', ' # c', '\t# "x" = [', '  '),
  before: fc.constantFrom('', '', '# c\n', '\n', '  '),
  key: fc.constantFrom('k', '"k \\" k"', "'k.k'", 'd.e'),
})
const section = fc.record({
  kind: fc.constantFrom('[]', '[[]]', '[[]]', 'deep'),
  gap: fc.constantFrom('', '\n', '# about\n', '\n\n'),
  pairs: fc.array(pair, { maxLength: 4 }),
})
/** A file as pieces, of which those with `at` are the pairs. */
export const files = fc
  .record({
    root: fc.array(pair, { maxLength: 3 }),
    sections: fc.array(section, { maxLength: 5 }),
    eol: fc.constantFrom('\n', '\r\n'),
    mark: fc.constantFrom('', '\uFEFF'),
    ended: fc.boolean(),
  })
  .map(({ root, sections, eol, mark, ended }) => {
    const lines: Line[] = [{ text: mark }]
    const put = (pairs: typeof root, path: readonly (string | number)[]) => {
      for (const [n, { raw, sign, tail, before, key }] of pairs.entries()) {
        const names = {
          k: [`k${n}`],
          '"k \\" k"': [`k " k${n}`],
          "'k.k'": [`k.k${n}`],
          'd.e': [`d${n}`, 'e'],
        }[key]
        const shown = key.replace(/(k|d)(?=["'.]?(\.e)?$)/, `$1${n}`)
        lines.push({ text: `${before}${shown}${sign}` }, { text: raw, at: [...path, ...names], raw })
        lines.push({ text: `${tail}\n` })
      }
    }
    put(root, [])
    let count = -1
    for (const [n, { kind, gap, pairs }] of sections.entries()) {
      const head = kind === '[[]]' ? '[[list]]' : kind === '[]' ? `[t${n}]` : `[ a . "t ${n}" ]`
      lines.push({ text: `${gap}${head} # h\n` })
      if (kind === '[[]]') count++
      put(pairs, kind === '[[]]' ? ['list', count] : kind === '[]' ? [`t${n}`] : ['a', `t ${n}`])
    }
    const pieces = lines.map((line) => ({ ...line, text: line.text.replaceAll('\n', eol) }))
    const last = pieces.at(-1)
    if (!ended && last) pieces.splice(-1, 1, { ...last, text: last.text.trimEnd() })
    return { pieces, text: pieces.map(({ text }) => text).join('') }
  })
export const values = fc.oneof(
  fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.integer(),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 3 }),
  fc.dictionary(fc.string(), fc.integer(), { maxKeys: 3, noNullPrototype: true }),
) as fc.Arbitrary<TomlValue>
export const pathOf = (places: readonly (string | number)[]) =>
  places
    .map((place) => (typeof place === 'number' ? `[${place}]` : `.${JSON.stringify(place)}`))
    .join('')
    .slice(1)
