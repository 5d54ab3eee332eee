import fc from 'fast-check'

export const files = fc
  .record({
    sections: fc.array(
      fc.array(
        fc.record({
          before: fc.constantFrom('', '; c\n', '\n', '  # x = [y]\n'),
          sign: fc.constantFrom('=', ' = ', ': ', '\t='),
          raw: fc.constantFrom('v', '', '"q" ; c', 'a=b:c', 'é é'),
        }),
        { maxLength: 4 },
      ),
      { minLength: 1, maxLength: 4 },
    ),
    eol: fc.constantFrom('\n', '\r\n'),
    ended: fc.boolean(),
  })
  .map(({ sections, eol, ended }) => {
    const pieces = sections.flatMap((options, s) => [
      { text: s === 0 ? '' : `[s${s}]\n` },
      ...options.flatMap(({ before, sign, raw }, n) => [
        { text: `${before}k${n}${sign}` },
        { text: raw, at: { ...(s > 0 && { section: `s${s}` }), option: `k${n}` } },
        { text: '\n' },
      ]),
    ])
    const all = (ended ? pieces : pieces.slice(0, -1)).map((piece) => ({
      ...piece,
      text: piece.text.replaceAll('\n', eol),
    }))
    return { pieces: all, text: all.map(({ text }) => text).join('') }
  })
export const values = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n\0]/g, '').trim())
