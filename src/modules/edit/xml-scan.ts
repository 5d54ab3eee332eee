import { parseXml, XmlError } from '@rgrove/parse-xml'
import type { Charset } from '../../model/charset.ts'
import { placeOf, refused } from './splice.ts'
import { unescapeAttribute, unescapeXml } from './xml-escape.ts'

/** What is edited: its name for messages, its text, and what its characters are written in. */
export type XmlFile = { readonly name: string; readonly text: string; readonly charset: Charset }

/** An attribute where it stands: the whole of it, and its value between the quotes. */
export interface XmlAttribute {
  readonly name: string
  readonly value: string
  readonly from: number
  readonly to: number
  readonly valueFrom: number
  readonly valueTo: number
}

/** What stands between elements; `value` as a reader finds it. */
export interface XmlContent {
  readonly kind: 'text' | 'cdata' | 'comment' | 'instruction'
  readonly from: number
  readonly to: number
  readonly value: string
}

/** An element where it stands: its opening tag ends at `openTo`, its closing one begins at `closeFrom`; both are `to` where it closes itself. */
export interface XmlElement {
  readonly kind: 'element'
  readonly name: string
  readonly from: number
  readonly openTo: number
  readonly nameTo: number
  closeFrom: number
  to: number
  readonly empty: boolean
  readonly attributes: readonly XmlAttribute[]
  readonly children: (XmlElement | XmlContent)[]
  readonly parent: XmlElement | undefined
  /** From prefix ('' for none) to namespace, as it holds for this element. */
  readonly scope: ReadonlyMap<string, string>
}

/** The elements in an element. */
export const elementsIn = ({ children }: XmlElement): readonly XmlElement[] =>
  children.filter((child) => child.kind === 'element')

/** The text of an element with all that is in it, as a reader finds it. */
export const textOf = ({ children }: XmlElement): string =>
  children
    .map((child) =>
      child.kind === 'element'
        ? textOf(child)
        : child.kind === 'text' || child.kind === 'cdata'
          ? child.value
          : '',
    )
    .join('')

/**
 * The root element with all ranges. Throws with `file:line:column` where the text is not well-formed, and for a document type, whose
 * entities could mean anything. No message quotes the text.
 */
export function scanXml(text: string, file: string): XmlElement {
  const start = rootStart(text)
  if (/^<!(?!--)/.test(text.slice(start, start + 4)))
    throw refused(
      `${placeOf(file, text, start)}: an XML file with a DOCTYPE or ENTITY is refused`,
      'Take the document type out by hand, if the server needs none.',
    )
  try {
    parseXml(text)
  } catch (error) {
    if (error instanceof RangeError)
      throw refused(`${file}: its elements are nested too deeply`, 'Edit it by hand.')
    if (!(error instanceof XmlError)) throw error
    // Its message goes on with a piece of the file.
    const [what = ''] = error.message.split(/ \(line |\n/)
    throw refused(
      `${file}:${error.line}:${error.column}: not a well-formed XML file: ${what}`,
      'Correct it by hand.',
    )
  }
  return scanElement(text, start, undefined)
}

// Nothing follows what is repeated, so nothing is tried twice.
const rootStart = (text: string): number =>
  /^\uFEFF?(?:\s|<\?[\s\S]*?\?>|<!--[\s\S]*?-->)*/.exec(text)?.[0].length ?? 0

// The text is well-formed, so every tag is closed. Elements are stacked, not nested calls: depth is the file's to choose.
function scanElement(text: string, start: number, outer: XmlElement | undefined): XmlElement {
  const root = openTag(text, start, outer)
  let current: XmlElement | undefined = root.empty ? undefined : root
  let at = root.openTo
  while (current !== undefined) {
    if (text.startsWith('</', at)) {
      current.closeFrom = at
      at = text.indexOf('>', at) + 1
      current.to = at
      current = current.parent === outer ? undefined : current.parent
    } else if (text[at] === '<' && !/[!?]/.test(text[at + 1] ?? '')) {
      const child = openTag(text, at, current)
      current.children.push(child)
      at = child.openTo
      if (!child.empty) current = child
    } else {
      const content = scanContent(text, at)
      current.children.push(content)
      at = content.to
    }
  }
  return root
}

function scanContent(text: string, from: number): XmlContent {
  const marked = (kind: XmlContent['kind'], open: string, close: string): XmlContent => {
    const end = text.indexOf(close, from + open.length)
    const value = text.slice(from + open.length, end).replace(/\r\n?/g, '\n')
    return { kind, from, to: end + close.length, value }
  }
  if (text.startsWith('<![CDATA[', from)) return marked('cdata', '<![CDATA[', ']]>')
  if (text.startsWith('<!--', from)) return marked('comment', '<!--', '-->')
  if (text.startsWith('<?', from)) return marked('instruction', '<?', '?>')
  const to = text.indexOf('<', from)
  return { kind: 'text', from, to, value: unescapeXml(text.slice(from, to)) }
}

const nameAt = /[^\s=/>]+/y
const attributeAt = /\s+([^\s=/>]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y

function openTag(text: string, from: number, parent: XmlElement | undefined): XmlElement {
  nameAt.lastIndex = from + 1
  const name = nameAt.exec(text)?.[0] ?? ''
  const nameTo = from + 1 + name.length
  const attributes: XmlAttribute[] = []
  attributeAt.lastIndex = nameTo
  let at = nameTo
  for (let found = attributeAt.exec(text); found !== null; found = attributeAt.exec(text)) {
    const [all, own = '', double, single] = found
    const written = double ?? single ?? ''
    at = found.index + all.length
    attributes.push({
      name: own,
      value: unescapeAttribute(written),
      from: found.index + (/^\s+/.exec(all)?.[0].length ?? 0),
      to: at,
      valueFrom: at - 1 - written.length,
      valueTo: at - 1,
    })
  }
  const openTo = text.indexOf('>', at) + 1
  const empty = text[openTo - 2] === '/'
  const scope = scopeOf(parent?.scope, attributes)
  return {
    kind: 'element',
    name,
    from,
    nameTo,
    openTo,
    closeFrom: openTo,
    to: openTo,
    empty,
    attributes,
    children: [],
    parent,
    scope,
  }
}

function scopeOf(
  outer: ReadonlyMap<string, string> | undefined,
  attributes: readonly XmlAttribute[],
): ReadonlyMap<string, string> {
  const own = attributes.filter(({ name }) => name === 'xmlns' || name.startsWith('xmlns:'))
  const scope = outer ?? new Map([['xml', 'http://www.w3.org/XML/1998/namespace']])
  if (own.length === 0) return scope
  return new Map([...scope, ...own.map(({ name, value }): [string, string] => [name.slice(6), value])])
}
