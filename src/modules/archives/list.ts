import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask, readBytes } from '../target.ts'
import { judge, type Limits, type Tree, usualLimits } from './listing.ts'
import { tarListing } from './tar-listing.ts'
import { plainTar } from './unpack.ts'
import { findDirectory, longestEnd, readDirectory } from './zip.ts'

/** What kind of archive. */
export type Format = 'zip' | 'tar' | 'tar.gz' | 'tar.zst'

const ends: readonly (readonly [RegExp, Format])[] = [
  [/\.(zip|jar|war|car)$/i, 'zip'],
  [/\.tar$/i, 'tar'],
  [/\.(tar\.gz|tgz)$/i, 'tar.gz'],
  [/\.(tar\.zst|tzst)$/i, 'tar.zst'],
]

/** The kind that is told, or that the name's end says. Throws {@link TaskError} where neither does. */
export function formatOf(path: string, format: Format | undefined): Format {
  const is = format ?? ends.find(([end]) => end.test(path))?.[1]
  if (is === undefined) throw new TaskError(`${path}: say \`format\`: zip, tar, tar.gz or tar.zst`)
  return is
}

export type ListInput = {
  readonly src: string
  readonly sha256: string
  readonly format: Format
  readonly root?: string | true | undefined
  readonly limits?: Limits | undefined
}

const long = { timeout: 24 * 3600 }
const largestDirectory = 256 * 1024 * 1024

/**
 * Says what an archive of the machine holds, its digest proved before it is looked into. Reads alone. The directory of a zip
 * is read here; a tar is listed there by the program that will unpack it, so that both read the same. Throws
 * {@link TaskError} for an archive that is not to be unpacked, and where a program for it is missing.
 */
export async function list(on: On, input: ListInput): Promise<Tree> {
  const { src, sha256, format, root, limits } = input
  const size = await proved(on, input)
  try {
    if (format !== 'zip') return judge(await tarEntries(on, input), size, root, limits)
    const tail = await readBytes(on, src, longestEnd, Math.max(0, size - longestEnd))
    const directory = findDirectory(tail, size)
    if (directory.size > largestDirectory) throw new TaskError('its directory is too large')
    const bytes = await readBytes(on, src, directory.size + longestEnd, directory.offset)
    return judge(readDirectory(bytes.subarray(0, directory.size), directory), size, root, limits)
  } catch (error) {
    if (!(error instanceof TaskError)) throw error
    throw new TaskError(
      `${src} on ${on.name} is not unpacked: ${error.message} (SHA-256 ${sha256.slice(0, 12)}...)`,
      error.evidence,
    )
  }
}

const programs: Readonly<Record<Format, Command>> = {
  zip: sh.read`command -v unzip >/dev/null || command -v jar >/dev/null || need "unzip, or the jar of a JDK on the PATH,"`,
  tar: sh.read`gnu`,
  'tar.gz': sh.read`gnu; command -v gzip >/dev/null || need gzip`,
  'tar.zst': sh.read`gnu; command -v zstd >/dev/null || need zstd`,
}

async function proved(on: On, { src, sha256, format }: ListInput): Promise<number> {
  const { code, stdout, stderr } = await ask(
    on,
    sh.read`a=${src}
need() { printf '%s is needed to unpack %s, and is not there\n' "$1" "$a" >&2; exit 5; }
gnu() { tar --version 2>/dev/null | grep -q 'GNU tar' || need 'GNU tar'; }
[ -f "$a" ] || { printf '%s is no file\n' "$a" >&2; exit 5; }
${programs[format]}
sha256sum <"$a" && stat -L -c %s -- "$a"`,
    long,
  )
  if (code !== 0) throw new TaskError(`${on.name}: ${stderr.trim() || `${src} cannot be read`}`)
  const [, is = '', size = ''] = /^([0-9a-f]{64}) {2}-\n(\d+)\n$/.exec(stdout) ?? []
  if (is !== sha256)
    throw new TaskError(
      `${src} on ${on.name} has another SHA-256 (${is}) than was told (${sha256}): nothing was unpacked`,
    )
  return Number(size)
}

async function tarEntries(on: On, { src, format, limits }: ListInput) {
  if (format === 'zip') throw new TypeError('a zip is no tar')
  const most = limits?.entries ?? usualLimits.entries
  const listing = tarListing()
  let wrong: unknown
  let count = 0
  const take = (line: string) => {
    count += 1
    if (wrong !== undefined) return
    try {
      if (line.length > 60_000) throw new TaskError('the archive holds a name that is too long')
      listing.take(line)
    } catch (error) {
      wrong = error
    }
  }
  const bytes = (limits?.bytes ?? usualLimits.bytes) + 1024 * 1024 + most * 2048
  const { code, stderr } = await ask(
    on,
    sh.read`unset TAR_OPTIONS GZIP; export LC_ALL=C TZ=UTC0
{ { { ${plainTar(format)} <${src}; echo $? >&5; } | head -c ${bytes} | { tar --quoting-style=c --numeric-owner --full-time -tvRf -; echo $? >&5; } | head -n ${most + 2} >&6; } 5>&1 |
{ ok=y; while read -r code; do [ "$code" = 0 ] || ok=; done; [ -n "$ok" ]; }; } 6>&1`,
    { ...long, onLine: (line, stream) => stream === 'stdout' && take(line) },
  )
  if (wrong !== undefined) throw wrong
  if (count > most + 1) throw new TaskError(`the archive holds more than ${most} entries`)
  if (code !== 0)
    throw new TaskError('it is damaged, or larger than may be unpacked', stderr.trim().split('\n').slice(-5))
  return listing.end()
}
