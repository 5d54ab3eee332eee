import fc from 'fast-check'
import type { Charset } from '../../../../src/model/charset.ts'

type Tree =
  | {
      readonly kind: 'element'
      readonly name: string
      readonly attributes: string
      readonly closed: boolean
      readonly children: readonly Tree[]
    }
  | { readonly kind: 'raw'; readonly raw: string }
const raw = fc.constantFrom(
  'text',
  ' ',
  '\n',
  '\n    ',
  '&amp;&#x41;&#66;',
  '<![CDATA[<a id="e1"/>&amp;]]>',
  '<!-- <e id="e1"> -->',
  '<?pi <e> ?>',
  'é',
  '>',
  `"'`,
)
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.record({
    kind: fc.constant('element' as const),
    name: fc.constantFrom('e', 'f', 'p:e', 'é'),
    attributes: fc.constantFrom('', ` a='x>"'`, '\n  a = "1"', ' p:b="&lt;é"'),
    closed: fc.boolean(),
    children: fc.array(
      fc.oneof({ maxDepth: 4 }, fc.record({ kind: fc.constant('raw' as const), raw }), tie('tree')),
      { maxLength: 5 },
    ),
  }),
}))
interface Made {
  readonly text: string
  /** The path of each element. */
  readonly paths: readonly string[]
  readonly charset: Charset
}
export const files = fc
  .tuple(
    tree,
    fc.constantFrom('\n', '\r\n'),
    fc.constantFrom<Charset>('UTF-8', 'UTF-16LE', 'UTF-16BE', 'ISO-8859-1', 'US-ASCII'),
    fc.boolean(),
  )
  .map(([root, eol, charset, mark]): Made => {
    let count = 0
    const paths: string[] = []
    const write = (node: Tree, path: string): string => {
      if (node.kind === 'raw') return node.raw
      const id = count++
      const own = id === 0 ? '' : `${path}${path === '' ? '' : '/'}${node.name}[@id=e${id}]`
      if (id > 0) paths.push(own)
      const scope = id === 0 ? ' xmlns:p="http://p"' : ''
      const inner = node.children.map((child) => write(child, own)).join('')
      const open = `<${node.name} id="e${id}"${scope}${node.attributes}`
      return inner === '' && node.closed ? `${open} />` : `${open}>${inner}</${node.name}>`
    }
    const body = write(root, '')
    const marked = charset.startsWith('UTF-16') || (mark && charset === 'UTF-8')
    const name = charset.startsWith('UTF-16') ? 'UTF-16' : charset
    const text = `${marked ? '\uFEFF' : ''}<?xml version="1.0" encoding="${name}"?>\n<!-- é -->\n${body}\n`
    const ascii = charset === 'US-ASCII' ? text.replaceAll('é', 'e') : text
    return {
      text: ascii.replaceAll('\n', eol),
      paths: paths.map((path) => (charset === 'US-ASCII' ? path.replaceAll('é', 'e') : path)),
      charset,
    }
  })
