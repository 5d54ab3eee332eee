import { type Command, sh } from '../../model/command.ts'
import type { Format } from './list.ts'
import type { Tree } from './listing.ts'

/** How each kind is made plain again; a tar is read from that. */
export const plainTar = (format: Exclude<Format, 'zip'>): Command =>
  ({ tar: sh.read`cat`, 'tar.gz': sh.read`gzip -dc`, 'tar.zst': sh.read`zstd -qdc` })[format]

/**
 * Unpacks the archive `$a` in the directory where it is; ends the script where that fails. No file becomes larger than the
 * largest that the archive lists: a zip may hold more than it says.
 */
export function unpacker(format: Format, { largest }: Tree): Command {
  const blocks = Math.ceil(largest / 512) + 1
  if (format === 'zip')
    return sh`( ulimit -f ${blocks} && if command -v unzip >/dev/null; then exec unzip -qo ../a.zip; else exec jar xf ../a.zip; fi ) </dev/null || die "it could not be unpacked"
find . -type d -exec chmod 0755 -- {} + && find . -type f -exec chmod 0644 -- {} + || exit 1`
  return sh`( ulimit -f ${blocks} && { ${plainTar(format)} <"$a" || echo broken >../broken; } | tar -xf - --no-same-owner --no-same-permissions ) && [ ! -e ../broken ] || die "it could not be unpacked"`
}
