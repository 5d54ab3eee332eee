import { type Charset, lacking, lastOf } from '../../model/charset.ts'
import type { Text } from '../../model/secret.ts'
import { marksFor } from './marks.ts'
import { eolOf, placeOf, refused, type Splice, spliced, wholeLines } from './splice.ts'
import { escapeAbove, escapeAttribute, escapeContent, unwritable } from './xml-escape.ts'
import { insertion, type XmlPlace } from './xml-insert.ts'
import { deepest, findXml, missing, oneOrNone, type XmlPath, type XmlStep } from './xml-path.ts'
import { elementsIn, scanXml, textOf, type XmlElement, type XmlFile } from './xml-scan.ts'

/**
 * A change of an XML file that leaves every other byte alone. `text` sets what the element at the path holds, or its
 * `attribute`; with `create` the elements that are missing are made, else a path that leads nowhere is refused. `remove` takes the
 * element or attribute away. `append` puts an element, as XML, last where the path leads, unless one is at the path already; `insert`
 * puts it `before` or `after` another. Nothing in a comment is ever looked at.
 */
export type XmlEdit = { readonly at: XmlPath } & (
  | { readonly text: Text; readonly attribute?: string; readonly create?: boolean }
  | { readonly remove: true; readonly attribute?: string }
  | { readonly append: Text }
  | { readonly insert: Text; readonly before: XmlPath }
  | { readonly insert: Text; readonly after: XmlPath }
)

/** How a file is called in messages, in which encoding its characters must be found, and whether what is missing is made. */
export type EditOptions = { readonly file?: string; readonly charset?: Charset; readonly create?: boolean }

/**
 * The text with the edits made, one after the other. Secrets stay secrets: the result has parts. Throws {@link TaskError} with
 * `file:line:column` where the text is not well-formed, has a DOCTYPE, or a path matches none or two.
 */
export function editXml(
  source: string,
  edits: readonly XmlEdit[],
  { file = 'XML file', charset = 'UTF-8', create = false }: EditOptions = {},
): Text {
  const marks = marksFor(source)
  const edited = edits.reduce((text, edit) => {
    const now: XmlFile = { name: file, text, charset }
    const root = scanXml(text, file)
    const next = spliced(text, splicesFor(now, root, 'text' in edit ? { create, ...edit } : edit, marks.hide))
    checked(next, edit, now)
    return next
  }, source)
  if (edits.length === 0) scanXml(source, file)
  return marks.restore(edited, 'xml')
}

/** What the element at a path holds as text, or the attribute that ends the path (`a/@b`); undefined where there is none. Two are refused. */
export function readXml(source: string, at: XmlPath, file = 'XML file'): string | undefined {
  const [, path = at, attribute] = /^(.*?)\/@([^\]/]+)$/.exec(at) ?? []
  const found = oneOrNone(source, scanXml(source, file), path, file)
  if (found === undefined || attribute === undefined) return found && textOf(found)
  return found.attributes.find(({ name }) => name === attribute)?.value
}

type Hide = (text: Text) => string

function splicesFor(file: XmlFile, root: XmlElement, edit: XmlEdit, hide: Hide): readonly Splice[] {
  if ('append' in edit) {
    if (findXml(root, edit.at).length > 0) return []
    return [insertion(file, root, { how: 'into', of: around(file, root, edit.at) }, hide(edit.append))]
  }
  if ('insert' in edit) {
    if (findXml(root, edit.at).length > 0) return []
    const beside = 'before' in edit ? edit.before : edit.after
    const place: XmlPlace = { how: 'before' in edit ? 'before' : 'after', of: one(file, root, beside) }
    return [insertion(file, root, place, hide(edit.insert))]
  }
  if ('remove' in edit) return removal(file, root, edit)
  const found = oneOrNone(file.text, root, edit.at, file.name)
  const value = written(hide(edit.text), file)
  if (edit.attribute !== undefined) {
    if (found === undefined) throw nowhere(file, root, edit.at)
    return attributeSplices(file, found, edit.attribute, value)
  }
  if (found !== undefined) return contentSplices(file, found, value)
  const way = deepest(file.text, root, edit.at, file.name)
  if (edit.create !== true) throw missing(file.text, way.found, way.missing, edit.at, file.name)
  return [
    insertion(file, root, { how: 'into', of: way.found }, skeleton(way.missing, way.found, value, file)),
  ]
}

// What must be there, by its own path.
function one(file: XmlFile, root: XmlElement, path: XmlPath): XmlElement {
  const found = oneOrNone(file.text, root, path, file.name)
  if (found === undefined) throw nowhere(file, root, path)
  return found
}

function nowhere(file: XmlFile, root: XmlElement, path: XmlPath): Error {
  const way = deepest(file.text, root, path, file.name)
  return missing(file.text, way.found, way.missing, path, file.name)
}

// The element that the last step of a path is looked for in.
function around(file: XmlFile, root: XmlElement, path: XmlPath): XmlElement {
  const way = deepest(file.text, root, path, file.name)
  if (way.missing.length > 1) throw missing(file.text, way.found, way.missing, path, file.name)
  return way.found
}

function removal(
  file: XmlFile,
  root: XmlElement,
  { at, attribute }: { readonly at: XmlPath; readonly attribute?: string },
): readonly Splice[] {
  if (attribute !== undefined) {
    const name = attributeName(one(file, root, at), attribute)
    const found = one(file, root, at).attributes.find((each) => each.name === name)
    if (found === undefined) return []
    const blanks = file.text.slice(0, found.from)
    return [{ from: blanks.trimEnd().length, to: found.to, text: '' }]
  }
  const found = oneOrNone(file.text, root, at, file.name)
  if (found === root) throw refused(`${file.name}: its root element cannot be removed`, 'Remove the file.')
  if (found !== undefined) return [{ ...wholeLines(file.text, found.from, found.to), text: '' }]
  around(file, root, at)
  return []
}

/** Sets what an element holds. Comments in it stay; elements in it are refused, since they would go. */
function contentSplices(file: XmlFile, element: XmlElement, value: string): readonly Splice[] {
  const { text } = file
  const [inner] = elementsIn(element)
  if (inner !== undefined)
    throw refused(
      `${placeOf(file.name, text, element.from)}: <${element.name}> holds <${inner.name}>, not text`,
      'Name the element that holds the text.',
    )
  if (textOf(element) === value) return []
  const lines = escapeContent(value).replaceAll('\n', eolOf(text))
  const content = escapeAbove(lines, lastOf(file.charset))
  if (element.empty) {
    const open = text.slice(element.from, element.to - 2).trimEnd()
    return [{ from: element.from, to: element.to, text: `${open}>${content}</${element.name}>` }]
  }
  const texts = element.children.filter(({ kind }) => kind === 'text' || kind === 'cdata')
  const main =
    texts.find((child) => 'value' in child && (child.kind === 'cdata' || child.value.trim() !== '')) ??
    texts[0]
  if (main === undefined) return [{ from: element.openTo, to: element.openTo, text: content }]
  return texts.map((child) => ({ from: child.from, to: child.to, text: child === main ? content : '' }))
}

function attributeSplices(
  file: XmlFile,
  element: XmlElement,
  attribute: string,
  value: string,
): readonly Splice[] {
  const name = attributeName(element, attribute)
  const last = lastOf(file.charset)
  const found = element.attributes.find((each) => each.name === name)
  if (found !== undefined) {
    if (found.value === value) return []
    const content = escapeAttribute(value, file.text[found.valueTo] ?? '"')
    return [{ from: found.valueFrom, to: found.valueTo, text: escapeAbove(content, last) }]
  }
  const [prefix] = name.includes(':') ? name.split(':') : ['xml']
  if (
    !/^[\p{L}_][\p{L}\p{N}_.-]*(:[\p{L}_][\p{L}\p{N}_.-]*)?$/u.test(name) ||
    !element.scope.has(prefix ?? '')
  )
    throw refused(
      `${placeOf(file.name, file.text, element.from)}: "${name}" cannot be an attribute of <${element.name}>`,
      'Its prefix must be one that is declared there.',
    )
  const at = element.attributes.at(-1)?.to ?? element.nameTo
  return [{ from: at, to: at, text: ` ${name}="${escapeAbove(escapeAttribute(value, '"'), last)}"` }]
}

// `{http://ns}name` as this element writes it.
function attributeName({ scope }: XmlElement, attribute: string): string {
  const [, namespace, local] = /^\{([^}]*)\}(.+)$/.exec(attribute) ?? []
  if (namespace === undefined || local === undefined) return attribute
  if (namespace === '') return local
  const prefix = [...scope].find(([name, value]) => name !== '' && value === namespace)?.[0]
  if (prefix === undefined)
    throw refused(`nothing declares the namespace ${namespace} there`, 'Name the attribute as it is written.')
  return `${prefix}:${local}`
}

// The elements that are missing, one in the other.
function skeleton(steps: readonly XmlStep[], outer: XmlElement, value: string, file: XmlFile): string {
  const [open, close] = [steps.map((step) => tags(step, outer)), [...steps].reverse()]
  const content = escapeAbove(escapeContent(value), lastOf(file.charset))
  const ends = close.map((step) => `</${tags(step, outer).name}>`)
  return `${open.map(({ tag }) => tag).join('\n')}${content}${ends.join('\n')}`
}

function tags(
  { name, namespace, tests }: XmlStep,
  { scope }: XmlElement,
): { readonly name: string; readonly tag: string } {
  const prefix = namespace === undefined ? '' : [...scope].findLast(([, value]) => value === namespace)?.[0]
  if (prefix === undefined)
    throw refused(`nothing declares the namespace ${namespace}`, 'Append the element as XML instead.')
  if (tests.some(({ kind }) => kind !== 'attribute'))
    throw refused(
      `"${name}" is not there and cannot be made out of a test of what it holds`,
      'Append it as XML instead: { at, append: "<...>" }.',
    )
  const full = prefix === '' ? name : `${prefix}:${name}`
  const attributes = tests.map((test) => ` ${test.name}="${escapeAttribute(test.is, '"')}"`)
  return { name: full, tag: `<${full}${attributes.join('')}>` }
}

function written(value: string, file: XmlFile): string {
  const odd = unwritable(value)
  if (odd === undefined) return value
  const code = (odd.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  throw refused(`${file.name}: no XML file can hold the character U+${code}`, 'Take it out of the value.')
}

// What was made must be found by its own path, or the next run would make it again.
function checked(text: string, edit: XmlEdit, file: XmlFile): void {
  const root = scanXml(text, `${file.name}, edited`)
  const at = lacking(text, file.charset)
  if (at !== undefined)
    throw refused(
      `${placeOf(file.name, text, at)}: a name or comment to insert has a character that ${file.charset} lacks`,
      'Write it with other characters.',
    )
  if ('remove' in edit || findXml(root, edit.at).length > 0) return
  throw 'text' in edit
    ? refused(
        `${file.name}: once it is set, "${edit.at}" would not name it any more`,
        'A second run would not find it: name it by something that stays.',
      )
    : refused(
        `${file.name}: the XML to insert is not what "${edit.at}" names`,
        'A second run would insert it again: let the path name it, by an attribute or by what it holds.',
      )
}
