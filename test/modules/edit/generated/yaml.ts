import fc from 'fast-check'

const scalars = [
  'plain',
  'two words',
  "'it''s'",
  '"a \\" b"',
  '1',
  '-2.5e3',
  'true',
  'null',
  '~',
  '',
  '|\n@  block: 1\n@\n@  - x\n',
  '>-\n@  folded\n@  text\n',
  '|+\n@  keep\n@\n',
  '"over\n@  lines"',
  'plain over\n@  lines',
  '{a: 1, "b": [x, y,], c}',
  '[]',
  '{}',
  '[{n: 1}, two]',
  '&x anchored',
  '"#no"',
]
interface Piece {
  readonly text: string
  readonly at?: readonly (string | number)[]
}
const leaf = fc.record({
  raw: fc.constantFrom(...scalars),
  tail: fc.constantFrom('', '', ' # c', '   '),
  before: fc.constantFrom('', '', '# c\n', '\n', '@# inner\n'),
})
type Leaf = { readonly raw: string; readonly tail: string; readonly before: string }
type Tree =
  | Leaf
  | { readonly keys: readonly Tree[] }
  | { readonly items: readonly Tree[]; readonly left: boolean }
const trees = fc.letrec<{ tree: Tree; root: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({ keys: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ items: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }), left: fc.boolean() }),
  ),
  root: fc.record({ keys: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }) }),
}))
/** A file as pieces; those with `at` are the scalars. */
function write(
  tree: Tree,
  at: readonly (string | number)[],
  indent: string,
  first: boolean,
): readonly Piece[] {
  if ('raw' in tree) {
    const block = /^[|>]/.test(tree.raw)
    const raw = tree.raw.replaceAll('@', indent)
    // A comment behind the head of lines would be the head's.
    return block
      ? [{ text: ' ' }, { text: raw, at }]
      : [{ text: tree.raw === '' ? '' : ' ' }, { text: raw, at }, { text: `${tree.tail}\n` }]
  }
  const inner = (node: Tree) => ('raw' in node ? node.before.replaceAll('@', indent) : '')
  if ('keys' in tree)
    return tree.keys.flatMap((node, n) => {
      const lead = first && n === 0 ? '' : inner(node) + indent
      const deeper = 'items' in node && node.left ? indent : `${indent}  `
      const head = 'raw' in node ? `${lead}k${n}:` : `${lead}k${n}:\n`
      return [{ text: head }, ...write(node, [...at, `k${n}`], deeper, false)]
    })
  return tree.items.flatMap((node, n) => {
    const lead = first && n === 0 ? '' : inner(node) + indent
    if ('raw' in node) return [{ text: `${lead}-` }, ...write(node, [...at, n], `${indent}  `, true)]
    return [{ text: `${lead}- ` }, ...write(node, [...at, n], `${indent}  `, true)]
  })
}
export const files = fc
  .tuple(trees.root, fc.constantFrom('\n', '\r\n'), fc.constantFrom('', '\uFEFF'))
  .map(([tree, eol, mark]) => {
    let anchors = 0
    const pieces = [{ text: mark }, ...write(tree, [], '', false)].map((piece: Piece) => ({
      ...piece,
      text: piece.text.replaceAll('\n', eol).replaceAll('&x', () => `&x${anchors++}`),
    }))
    return { pieces, text: pieces.map(({ text }) => text).join('') }
  })
export const values = fc.oneof(
  fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.constantFrom('yes', '012', '5.7.0', 'two words', "it's", '1e3', '', ' x', '- a', 'a: b', '#'),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
export const pathOf = (places: readonly (string | number)[]) =>
  places
    .map((place) => (typeof place === 'number' ? `[${place}]` : `.${place}`))
    .join('')
    .slice(1)
