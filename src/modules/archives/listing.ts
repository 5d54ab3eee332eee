import { createHash } from 'node:crypto'
import { TaskError } from '../../model/errors.ts'
import { staysInside } from '../tar.ts'

/** What an archive says that it holds. Names are bytes, each a character (latin1). */
export interface Listed {
  readonly kind: 'file' | 'directory' | 'link'
  readonly path: string
  readonly mode: number
  readonly size: number
  /** Where a link leads. */
  readonly target?: string
}

/** More than this is no archive of ours: bytes unpacked, entries with the directories that they imply, bytes unpacked for each packed one. */
export type Limits = {
  readonly bytes?: number | undefined
  readonly entries?: number | undefined
  readonly ratio?: number | undefined
}

/** Limits where none are given: far more than any pack has. */
export const usualLimits = { bytes: 16 * 1024 ** 3, entries: 200_000, ratio: 200 } as const

/** What is unpacked, and how it is known again. */
export interface Tree {
  /** The one directory of the archive that is wanted; '' for all of it. */
  readonly root: string
  readonly entries: number
  readonly bytes: number
  /** Bytes of the largest file. */
  readonly largest: number
  /** SHA-256 of the sorted names, of the sizes of the files, of where the links lead, in the order of their names. */
  readonly names: string
  readonly sizes: string
  readonly links: string
  /** Files by their modes, but those of mode 0644; from the top of the archive. */
  readonly modes: ReadonlyMap<number, readonly string[]>
}

const deepest = 100
const longestPart = 255
const smallest = 1024 * 1024

/**
 * Judges a listing before anything is unpacked. Throws {@link TaskError} for a name that leads out or through a link, is
 * there twice or in a file; for a link that leads out of what is unpacked; for the bits of another user; and for more than
 * the limits allow. `packed` is the size of the archive; `root` its one directory, or true for whatever that is called.
 */
export function judge(
  listed: readonly Listed[],
  packed: number,
  root: string | true | undefined,
  limits: Limits = {},
): Tree {
  const most = {
    bytes: limits.bytes ?? usualLimits.bytes,
    entries: limits.entries ?? usualLimits.entries,
    ratio: limits.ratio ?? usualLimits.ratio,
  }
  const seen = new Map<string, Listed | undefined>()
  const add = (path: string, entry: Listed | undefined) => {
    seen.set(path, entry)
    if (seen.size > most.entries) throw new TaskError(`the archive holds more than ${most.entries} entries`)
  }
  let bytes = 0
  for (const entry of listed) {
    const path = placeOf(entry)
    if (path === '') continue
    const parts = path.split('/')
    for (let at = 1; at < parts.length; at++) {
      const above = parts.slice(0, at).join('/')
      const is = seen.get(above)
      if (is !== undefined && is.kind !== 'directory') refuse(entry.path, `it is in a ${is.kind}`)
      if (!seen.has(above)) add(above, undefined)
    }
    // A directory may be told of behind what is in it, but only once.
    if (seen.get(path) !== undefined || (seen.has(path) && entry.kind !== 'directory'))
      refuse(entry.path, 'it is there twice')
    if ((entry.mode & 0o6000) !== 0) refuse(entry.path, 'it has the bits of another user')
    add(path, entry)
    if (entry.kind === 'file') bytes += entry.size
    if (bytes > most.bytes)
      throw new TaskError(`the archive holds more than ${most.bytes} bytes: \`limits\` says how many it may`)
  }
  if (bytes > smallest && bytes > packed * most.ratio)
    throw new TaskError(
      `the archive has ${packed} bytes and would become ${bytes}: \`limits\` says what it may`,
    )
  return treeOf(seen, rootOf(seen, root), bytes)
}

function placeOf({ path: given, kind }: Listed): string {
  const path = given.replace(/^(\.\/)+/, '').replace(/\/+$/, '')
  if (path === '' || path === '.') {
    if (kind !== 'directory' || given === '' || given.startsWith('/')) refuse(given, 'a name that is none')
    return ''
  }
  const parts = path.split('/')
  if (path.startsWith('/') || parts.some((part) => part === '' || part === '.' || part === '..'))
    refuse(given, 'a name that leads out of the tree')
  if (path.includes('\0')) refuse(given, 'a name that is none')
  if (kind !== 'directory' && given.endsWith('/'))
    refuse(given, 'it is no directory, and has the name of one')
  if (parts.length > deepest) refuse(given, `it is more than ${deepest} directories deep`)
  if (parts.some((part) => part.length > longestPart)) refuse(given, 'a name that is too long')
  return path
}

function rootOf(seen: ReadonlyMap<string, Listed | undefined>, root: string | true | undefined): string {
  if (root === undefined) return ''
  const tops = new Set([...seen.keys()].map((path) => path.split('/')[0] ?? ''))
  const [top = ''] = tops
  const name = root === true ? top : Buffer.from(root).toString('latin1')
  const is = seen.get(name)
  if (tops.size !== 1 || top !== name || (is !== undefined && is.kind !== 'directory'))
    throw new TaskError(
      `the archive has names outside of its one directory${root === true ? '' : ` ${root}`}: ${[...tops].slice(0, 3).join(', ') || 'it is empty'}`,
    )
  return name
}

function treeOf(seen: ReadonlyMap<string, Listed | undefined>, root: string, bytes: number): Tree {
  const names = createHash('sha256')
  const sizes = createHash('sha256')
  const links = createHash('sha256')
  const modes = new Map<number, string[]>()
  let largest = 0
  const within = root === '' ? 0 : root.length + 1
  for (const path of [...seen.keys()].sort()) {
    names.update(Buffer.from(`./${path}\0`, 'latin1'))
    const entry = seen.get(path)
    if (entry?.kind === 'file') {
      sizes.update(`${entry.size}\n`)
      largest = Math.max(largest, entry.size)
      const mode = entry.mode & 0o755
      if (mode !== 0o644) modes.set(mode, [...(modes.get(mode) ?? []), path])
    }
    if (entry?.kind === 'link') {
      const target = entry.target ?? ''
      if (target === '' || target.includes('\0') || !staysInside(path.slice(within), target))
        refuse(path, `a link that leads out of the tree, to ${JSON.stringify(target)}`)
      links.update(Buffer.from(`${target}\n`, 'latin1'))
    }
  }
  return {
    root,
    entries: seen.size - (root === '' ? 0 : 1),
    bytes,
    largest,
    names: names.digest('hex'),
    sizes: sizes.digest('hex'),
    links: links.digest('hex'),
    modes,
  }
}

function refuse(path: string, why: string): never {
  const shown = path.length > 200 ? `${path.slice(0, 200)}...` : path
  throw new TaskError(`the archive holds ${JSON.stringify(Buffer.from(shown, 'latin1').toString())}: ${why}`)
}
