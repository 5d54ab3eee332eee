import { createHash } from 'node:crypto'
import { type Command, sh } from '../model/command.ts'
import type { TreeEntry } from './tar.ts'

/** What is in a tree: its entries, and the SHA-256 of each of its files by path. */
export interface Contents {
  readonly entries: readonly TreeEntry[]
  readonly sums: ReadonlyMap<string, string>
}

/** The directory that a tree is: its mode, and when it was changed, in seconds since 1970. */
export interface Root {
  readonly mode: number
  readonly mtime: number
}

/** A tree: what it is, and what is in it. */
export interface Manifest extends Contents {
  readonly root: Root
}

/**
 * The SHA-256 of a manifest: kind, mode, size, link target and content of a tree and everything in it by its name, in
 * an order that both ends find by themselves. No name can be taken for another: a path never has two slashes in a row.
 */
export function manifestDigest({ root, entries, sums }: Manifest): string {
  const hash = createHash('sha256')
  const records = (kind: TreeEntry['kind'], text: (entry: TreeEntry) => string) => {
    const lines = all
      .filter((entry) => entry.kind === kind)
      .map((entry) => Buffer.from(text(entry), 'latin1'))
    for (const line of lines.sort(Buffer.compare)) hash.update(line).update('\0')
  }
  const all: readonly TreeEntry[] = [{ kind: 'directory', path: '', ...root }, ...entries]
  const mode = (entry: TreeEntry) => (entry.kind === 'link' ? '' : entry.mode.toString(8))
  records('directory', (entry) => `d ${mode(entry)} ${entry.path}`)
  records('link', (entry) => `l ${entry.path}//${entry.kind === 'link' ? entry.target : ''}`)
  records('file', (entry) => `f ${mode(entry)} ${entry.kind === 'file' ? entry.size : ''} ${entry.path}`)
  const paths = [...sums.keys()].map((path) => Buffer.from(path, 'latin1')).sort(Buffer.compare)
  for (const path of paths) hash.update(`${sums.get(path.toString('latin1'))}\n`)
  return hash.digest('hex')
}

/** Says the same digest of a directory of a machine. */
export function manifestScript(directory: string): Command {
  return sh.read`cd -- ${directory} && {
find . -type d -printf 'd %m %P\0' | LC_ALL=C sort -z
find . -type l -printf 'l %P//%l\0' | LC_ALL=C sort -z
find . -type f -printf 'f %m %s %P\0' | LC_ALL=C sort -z
find . -type f -printf '%P\0' | LC_ALL=C sort -z | sed -z 's|^|./|' | xargs -0 -r sha256sum | sed 's/^\\//' | cut -c1-64
} | sha256sum | cut -c1-64`
}
