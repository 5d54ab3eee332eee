import { parseXml, type XmlDocument, XmlElement } from '@rgrove/parse-xml'
import { TaskError } from '../model/errors.ts'
import { encoded, isSecret, type Secret, type Text } from '../model/secret.ts'

/**
 * A change of an XML file that leaves every other byte alone. The path begins under the root: `Ports/Offset`,
 * `Configuration/Property[@name=dataSource]`. `text` sets an element's content and makes the elements that are missing;
 * `append` puts XML before the root's end unless the element at the path is there.
 */
export type XmlEdit =
  | { readonly at: string; readonly text: Text }
  | { readonly at: string; readonly append: string }

/** The text with the edits made, one after the other. Secrets stay secrets: the result has parts. */
export function editXml(source: string, edits: readonly XmlEdit[]): Text {
  const secrets: Secret[] = []
  // Each edit reads what the one before it made, so a secret is a mark (of a private-use character) until the end.
  const hide = (text: Text): string =>
    xmlText(text)
      .map((part) => (isSecret(part) ? `\uE000${secrets.push(part) - 1}\uE000` : part))
      .join('')
  const edited = edits.reduce((now, edit) => editOnce(now, edit, hide), source)
  return edited.split('\uE000').map((part, at) => (at % 2 === 0 ? part : (secrets[Number(part)] ?? part)))
}

/** The text content of the element at a path, or undefined. */
export function readXml(source: string, at: string): string | undefined {
  return find(rootOf(source), segments(at))?.text
}

/** Text as XML content; a secret's value is escaped where it is put in. */
export function xmlText(text: Text): Exclude<Text, string> {
  const parts = typeof text === 'string' ? [text] : text
  return parts.map((part) => (isSecret(part) ? encoded('xml', part) : escapeXml(part)))
}

/** A string as XML content or attribute value. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
}

type Segment = {
  readonly name: string
  readonly attribute?: { readonly name: string; readonly value: string }
}

function editOnce(source: string, edit: XmlEdit, hide: (text: Text) => string): string {
  const root = rootOf(source)
  const path = segments(edit.at)
  const found = find(root, path)
  if ('append' in edit) return found === undefined ? insert(source, root, `${edit.append}\n`) : source
  if (found !== undefined) return fill(source, found, hide(edit.text))
  const depth = path.findLastIndex((_, at) => find(root, path.slice(0, at)) !== undefined)
  const parent = find(root, path.slice(0, depth)) ?? root
  const missing = path.slice(depth)
  const close = missing.toReversed().map(({ name }) => `</${name}>`)
  return insert(source, parent, `${missing.map(openTag).join('')}${hide(edit.text)}${close.join('')}\n`)
}

function fill(source: string, element: XmlElement, content: string): string {
  if (selfClosing(source, element)) return open(source, element, content)
  return source.slice(0, openEnd(source, element)) + content + source.slice(closeStart(source, element))
}

function insert(source: string, element: XmlElement, content: string): string {
  if (selfClosing(source, element)) return open(source, element, content)
  const at = closeStart(source, element)
  return source.slice(0, at) + content + source.slice(at)
}

function open(source: string, element: XmlElement, content: string): string {
  return `${source.slice(0, element.end - 2)}>${content}</${element.name}>${source.slice(element.end)}`
}

const closeStart = (source: string, element: XmlElement): number => source.lastIndexOf('</', element.end - 1)

const selfClosing = (source: string, element: XmlElement): boolean =>
  source.slice(element.start, element.end).endsWith('/>')

// The end of the opening tag: the first `>` outside of an attribute's quotes.
function openEnd(source: string, element: XmlElement): number {
  let quote = ''
  for (let at = element.start; at < element.end; at++) {
    const mark = source[at] ?? ''
    if (quote !== '') quote = mark === quote ? '' : quote
    else if (mark === '"' || mark === "'") quote = mark
    else if (mark === '>') return at + 1
  }
  return element.end
}

function rootOf(source: string): XmlElement {
  if (/<!(DOCTYPE|ENTITY)/i.test(source))
    throw new TaskError('An XML file with a DOCTYPE or ENTITY is refused')
  let document: XmlDocument
  try {
    document = parseXml(source, { includeOffsets: true })
  } catch (error) {
    throw new TaskError(
      `An XML file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  if (document.root === null) throw new TaskError('An XML file has no root element')
  return document.root
}

function segments(path: string): readonly Segment[] {
  return (path.match(/[^/[]+(?:\[[^\]]*\])?/g) ?? []).map((text) => {
    const [, name, attribute, value] = text.match(/^([\w.:-]+)(?:\[@([\w.:-]+)=([^\]]*)\])?$/) ?? []
    if (name === undefined) throw new TypeError(`"${text}" is no step of a path`)
    return attribute === undefined || value === undefined
      ? { name }
      : { name, attribute: { name: attribute, value } }
  })
}

function find(element: XmlElement, [first, ...rest]: readonly Segment[]): XmlElement | undefined {
  if (first === undefined) return element
  for (const child of element.children) {
    if (!(child instanceof XmlElement) || child.name !== first.name) continue
    if (first.attribute && child.attributes[first.attribute.name] !== first.attribute.value) continue
    const found = find(child, rest)
    if (found !== undefined) return found
  }
  return undefined
}

function openTag({ name, attribute }: Segment): string {
  return attribute === undefined ? `<${name}>` : `<${name} ${attribute.name}="${escapeXml(attribute.value)}">`
}
