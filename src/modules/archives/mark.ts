import { createHash } from 'node:crypto'
import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { type Json, stableText } from '../../model/json.ts'
import { treePrinter } from '../files/keep-tree.ts'
import { absolute } from '../files/look.ts'

/** A digest of anything, short enough for a file's name. */
export const shortDigest = (value: Json): string =>
  createHash('sha256').update(stableText(value)).digest('hex').slice(0, 32)

/** A name beside a path for what is not whole yet, the same in every run: what one left there the next one sweeps. */
export function partOf(path: string): string {
  absolute(path)
  return `${path.slice(0, path.lastIndexOf('/'))}/.upgrade-fleet-part-${shortDigest(path)}`
}

/** Sets `w` to our own directory on the machine, or ends the script with 3 where there is none that can be trusted. */
export const ourDirectory = (on: On): Command => {
  const given = on.endpoint.workdir ?? '~/.upgrade-fleet'
  const path = given.startsWith('~/') ? sh.read`"$HOME"/${given.slice(2)}` : sh.read`${given}`
  return sh.read`w=${path}; [ -d "$w" ] && [ ! -L "$w" ] && [ -O "$w" ] || exit 3`
}

/**
 * Says by `content PATH` one SHA-256 of names, kinds, where links lead and the bytes of files of a tree, in an order that does
 * not depend on the machine. Modes, owners and times are left out.
 */
export const contentPrinter = sh.read`content() { ( cd -- "$1" && {
find . -type d -print0 | LC_ALL=C sort -z
find . -type l -print0 | LC_ALL=C sort -z
find . -type l -print0 | LC_ALL=C sort -z | xargs -0 -r -n 1 readlink --
find . -type f -print0 | LC_ALL=C sort -z
find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum -- | sed 's/^\\//' | cut -c1-64
} ) | sha256sum | cut -c1-64; }
${treePrinter}`

/** Sets `p` to the path of the mark of the directory `$1`, which is named by its path and its number in the file system. */
export const markPath = (to: string): Command =>
  sh.read`mark() { is=$(stat -c %d-%i -- "$1") || return 1; p=$w/unpacked/${shortDigest(to)}-$is; }`
