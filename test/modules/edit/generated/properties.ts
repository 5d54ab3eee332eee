import fc from 'fast-check'

const raws = [
  'v',
  '',
  'a b',
  'x=y',
  '\\u0041',
  'go\\@  on',
  '\\ lead',
  'end\\\\',
  'p:\\@@'.slice(0, 2),
  '#no',
  'é',
]
export const files = fc
  .record({
    pairs: fc.array(
      fc.record({
        before: fc.constantFrom('', '# c\\\n', '\n', '  ! x=y\n', '\t'),
        sign: fc.constantFrom('=', ' = ', ':', ' ', '\t:\f'),
        raw: fc.constantFrom(...raws),
        key: fc.constantFrom('k', 'k.\\=', 'k\\ x', 'k\\\n   y', 'k\\u0041'),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    eol: fc.constantFrom('\n', '\r\n', '\r'),
    ended: fc.boolean(),
  })
  .map(({ pairs, eol, ended }) => {
    const pieces = pairs.flatMap(({ before, sign, raw, key }, n) => {
      const name = `${n}${{ k: 'k', 'k.\\=': 'k.=', 'k\\ x': 'k x', 'k\\\n   y': 'ky', 'k\\u0041': 'kA' }[key] ?? ''}`
      return [
        { text: `${before}${n}${key}${sign}` },
        { text: raw.replaceAll('@', '\n'), key: name },
        { text: '\n' },
      ]
    })
    const all = (ended ? pieces : pieces.slice(0, -1)).map((piece) => ({
      ...piece,
      text: piece.text.replaceAll('\n', eol),
    }))
    return { pieces: all, text: all.map(({ text }) => text).join('') }
  })
