import { lastOf } from '../../model/charset.ts'
import { eolOf, lineStart, refused, type Splice, spliced } from './splice.ts'
import { escapeAbove } from './xml-escape.ts'
import { elementsIn, scanXml, type XmlElement, type XmlFile } from './xml-scan.ts'

/** Where a new element goes: before or behind that one, or as the last in it. */
export type XmlPlace = { readonly how: 'before' | 'after' | 'into'; readonly of: XmlElement }

/** A new element at its place, on lines of its own and indented where its neighbours are. */
export function insertion(file: XmlFile, root: XmlElement, place: XmlPlace, xml: string): Splice {
  const { text } = file
  const { how, of } = place
  const outer = how === 'into' ? of : (of.parent ?? of)
  if (how !== 'into' && of.parent === undefined)
    throw refused(
      `${file.name}: nothing can stand beside the root element`,
      'Name an element inside of it instead.',
    )
  const eol = eolOf(text)
  const made = (indent: string | undefined) => fragment(file, root, outer, xml, indent)
  if (how !== 'into') {
    const indent = indentOf(text, of)
    const at = how === 'before' ? of.from : of.to
    if (indent === undefined) return { from: at, to: at, text: made(undefined) }
    const element = made(indent)
    return {
      from: at,
      to: at,
      text: how === 'before' ? `${element}${eol}${indent}` : `${eol}${indent}${element}`,
    }
  }
  const own = indentOf(text, of)
  const last = elementsIn(of).at(-1)
  const beside = last === undefined ? undefined : indentOf(text, last)
  // Elements that stand in one line have the next one there too, and so has a file without any line of its own.
  const indent = holdsText(of)
    ? undefined
    : last === undefined
      ? own !== undefined
        ? own + unitOf(text, root)
        : undefined
      : beside
  if (of.empty) {
    const open = `${text.slice(of.from, of.to - 2).trimEnd()}>`
    const inner = indent === undefined ? made(undefined) : `${eol}${indent}${made(indent)}${eol}${own}`
    return { from: of.from, to: of.to, text: `${open}${inner}</${of.name}>` }
  }
  if (indent === undefined) return { from: of.closeFrom, to: of.closeFrom, text: made(undefined) }
  const end = of.openTo + text.slice(of.openTo, of.closeFrom).trimEnd().length
  const tail = /[\r\n]/.test(text.slice(end, of.closeFrom)) ? '' : `${eol}${own ?? ''}`
  return { from: end, to: end, text: `${eol}${indent}${made(indent)}${tail}` }
}

// Blanks are part of a text.
const holdsText = ({ children }: XmlElement): boolean =>
  children.some((child) => child.kind === 'cdata' || (child.kind === 'text' && child.value.trim() !== ''))

/** The blanks before an element that is the first on its line. */
export function indentOf(text: string, { from }: XmlElement): string | undefined {
  const before = text.slice(lineStart(text, from), from).replace('\uFEFF', '')
  return before.trim() === '' ? before : undefined
}

/** By how much a level is indented in this file. */
export function unitOf(text: string, root: XmlElement): string {
  const outer = indentOf(text, root) ?? ''
  for (const child of elementsIn(root)) {
    const indent = text.slice(lineStart(text, root.from), child.from).includes('\n')
      ? indentOf(text, child)
      : undefined
    if (indent?.startsWith(outer) && indent.length > outer.length) return indent.slice(outer.length)
  }
  return '    '
}

// Its own line breaks between elements become this file's; what it holds as text stays.
function fragment(
  file: XmlFile,
  root: XmlElement,
  outer: XmlElement,
  given: string,
  indent: string | undefined,
): string {
  const source = given.trim()
  const element = scanXml(source, 'the XML to insert')
  if (!source.startsWith('<') || element.from !== 0 || element.to !== source.length)
    throw refused(
      'the XML to insert is not one element',
      'Insert one element at a time, without a comment beside it.',
    )
  const unit = unitOf(file.text, root)
  const eol = eolOf(file.text)
  const last = lastOf(file.charset)
  const splices: Splice[] = []
  const visit = (each: XmlElement, depth: number): void => {
    bound(each, outer)
    for (const { valueFrom, valueTo } of each.attributes)
      splices.push({
        from: valueFrom,
        to: valueTo,
        text: escapeAbove(source.slice(valueFrom, valueTo), last),
      })
    const layout = each.children.every(
      (child) => child.kind !== 'cdata' && (child.kind !== 'text' || child.value.trim() === ''),
    )
    for (const [at, child] of each.children.entries()) {
      if (child.kind === 'element') visit(child, depth + 1)
      else if (child.kind === 'text') {
        const written = source.slice(child.from, child.to)
        const breaks = layout && indent !== undefined && written.includes('\n') && each.children.length > 1
        const level = depth + (at === each.children.length - 1 ? 0 : 1)
        splices.push({
          from: child.from,
          to: child.to,
          text: breaks ? `${eol}${indent}${unit.repeat(level)}` : escapeAbove(written, last),
        })
      }
    }
  }
  visit(element, 0)
  return spliced(source, splices)
}

// A prefix that nothing declares would make a file that no reader of namespaces takes.
function bound(element: XmlElement, outer: XmlElement): void {
  for (const name of [element.name, ...element.attributes.map((each) => each.name)]) {
    const prefix = name.includes(':') ? (name.split(':')[0] ?? '') : ''
    if (prefix === '' || prefix === 'xmlns' || element.scope.has(prefix) || outer.scope.has(prefix)) continue
    throw refused(
      `nothing declares the prefix "${prefix}" of ${name} in the XML to insert`,
      `Declare it there: xmlns:${prefix}="..."`,
    )
  }
}
