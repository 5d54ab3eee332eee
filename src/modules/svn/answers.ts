import { parseXml, type XmlDocument, XmlElement } from '@rgrove/parse-xml'
import { TaskError } from '../../model/errors.ts'

/** What `svn info` tells. */
export type Info = {
  readonly kind: 'file' | 'dir'
  readonly url: string
  readonly root: string
  readonly uuid: string
  /** The revision that was asked for: the youngest, unless another was. */
  readonly revision: number
  /** The last revision in which it, or anything below it, was changed. */
  readonly changed: number
  readonly author: string | null
  /** In UTC. */
  readonly date: string | null
}

/** A file or directory of a repository. */
export type Entry = {
  /** Relative to what was listed. */
  readonly path: string
  readonly kind: 'file' | 'dir'
  /** Bytes; null for a directory. */
  readonly size: number | null
  readonly changed: number
  readonly author: string | null
  readonly date: string | null
}

/** Reads the answer to `svn info --xml` of one thing. Throws {@link TaskError} where it is none. */
export function infoOf(text: string): Info {
  const entry = only(rootOf(text, 'info'), 'entry')
  return {
    kind: kindOf(entry),
    url: textOf(entry, 'url'),
    root: textOf(only(entry, 'repository'), 'root'),
    uuid: textOf(only(entry, 'repository'), 'uuid'),
    revision: numberOf(entry, 'revision'),
    ...commitOf(entry),
  }
}

/** Reads the answer to `svn ls --xml`. */
export function entriesOf(text: string): readonly Entry[] {
  return childrenOf(only(rootOf(text, 'lists'), 'list'), 'entry').map((entry) => ({
    path: textOf(entry, 'name'),
    kind: kindOf(entry),
    size: kindOf(entry) === 'file' ? Number(textOf(entry, 'size')) : null,
    ...commitOf(entry),
  }))
}

/** Reads the answer to `svn log --xml`: number and message of each revision, as they were told. */
export function logOf(text: string): readonly { readonly revision: number; readonly message: string }[] {
  return childrenOf(rootOf(text, 'log'), 'logentry').map((entry) => ({
    revision: numberOf(entry, 'revision'),
    message: childrenOf(entry, 'msg')[0]?.text ?? '',
  }))
}

function commitOf(entry: XmlElement): Pick<Entry, 'changed' | 'author' | 'date'> {
  const commit = only(entry, 'commit')
  return {
    changed: numberOf(commit, 'revision'),
    author: childrenOf(commit, 'author')[0]?.text ?? null,
    date: childrenOf(commit, 'date')[0]?.text ?? null,
  }
}

function rootOf(text: string, name: string): XmlElement {
  let document: XmlDocument | undefined
  try {
    if (!/<!(DOCTYPE|ENTITY)/i.test(text)) document = parseXml(text)
  } catch {
    // Told below, with what was answered.
  }
  if (document?.root?.name !== name)
    throw new TaskError(`svn answered something that is no <${name}>`, text.split('\n').slice(0, 3))
  return document.root
}

const childrenOf = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.filter((child): child is XmlElement => child instanceof XmlElement && child.name === name)

function only(element: XmlElement, name: string): XmlElement {
  const [first, second] = childrenOf(element, name)
  if (first === undefined || second !== undefined)
    throw new TaskError(`svn answered ${first ? 'more than one' : 'no'} <${name}> in <${element.name}>`)
  return first
}

const textOf = (element: XmlElement, name: string): string => only(element, name).text

function numberOf(element: XmlElement, name: string): number {
  const number = Number(element.attributes[name])
  if (!Number.isSafeInteger(number))
    throw new TaskError(`svn answered no number as ${name} of <${element.name}>`)
  return number
}

function kindOf(element: XmlElement): Entry['kind'] {
  const { kind } = element.attributes
  if (kind !== 'file' && kind !== 'dir') throw new TaskError(`svn answered "${kind}" as the kind of an entry`)
  return kind
}
