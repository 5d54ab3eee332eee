import { z } from 'zod'
import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { sealing, unsealed } from '../seal.ts'
import { ask, linesOf } from '../target.ts'

/** What is recorded of every artefact when it is made, beside what its kind knows. Hexadecimal digests, sizes in bytes. */
export type Measured = {
  /** Its file on the machine, with gzip. */
  readonly file: string
  readonly sha256: string
  readonly bytes: number
  /** SHA-256 of what it holds before it was compressed. */
  readonly content: string
  /** What is counted in it: entries of a tree, tables of a database, revisions of a repository. */
  readonly entries: number
  /** How what it holds ends, in words; it was looked for when it was made. */
  readonly end: string
}

/** The same, for the shapes of proofs. */
export const measured = {
  file: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  content: z.string(),
  entries: z.number(),
  end: z.string(),
}

/** How a kind of artefact is read: shell that gets what it holds on stdin. */
export type Reading = {
  /** Prints how many entries it has. */
  readonly count: Command
  /** Fails unless it ends as it must. */
  readonly ends: Command
  /** The end in words. */
  readonly end: string
}

/** The file beside an artefact that says what it was when it was made. It is there only when the artefact is whole. */
export const proofFile = (file: string): string => `${file}.proof`

/**
 * Shell with `through FILE`, which reads an artefact once, and sets `sum` of what it holds, `entries`, and `ended`, which is empty
 * where it does not end as it must.
 */
const through = ({ count, ends }: Reading): Command => sh.read`through() { said=$({ gzip -dc <"$1" |
{ tee /dev/fd/5 | { tee /dev/fd/6 | sha256sum >&4; } 6>&1 | { if ${ends}; then echo ended; fi; cat >/dev/null; } >&4; } 5>&1 |
{ ${count}; cat >/dev/null; } >&4; } 4>&1)
sum=$(printf '%s\n' "$said" | sed -n 's/  -$//p'); ended=$(printf '%s\n' "$said" | grep -x ended) || :; entries=$(printf '%s\n' "$said" | grep -x '[0-9]*') || :; }`

/**
 * Shell that measures the artefact `part`, wants at least `least` entries and its end, and has `"sha256":...,"end":...` in `$measures`.
 * It exits 4 with the reason otherwise. What it holds is read back from the disk, once.
 */
export const measuring = (part: string, reading: Reading, least: Command): Command => sh.read`${sealing}
${through(reading)}
least=${least}; through ${part}
[ "$entries" -ge "$least" ] || { echo "only $entries entries are in the artefact, of $least"; exit 4; }
[ -n "$ended" ] || { echo ${`the artefact has no end marker (${reading.end})`}; exit 4; }
measures=$(printf '"sha256":"%s","bytes":%s,"content":"%s","entries":%s,"end":"%s"' "$(sha256sum <${part} | cut -c1-64)" "$(stat -c %s -- ${part})" "$sum" "$entries" ${reading.end})`

/** Shell that gives the artefact its name and then, synced, its proof: the JSON `$measures` behind a beginning, sealed. */
export const recording = (
  part: string,
  file: string,
  known: object,
  more: Command,
): Command => sh`mv -- ${part} ${file}
sync
seal ${JSON.stringify(known).slice(0, -1)}",$measures"${more}"}" >${`${proofFile(file)}.part`}
mv -- ${`${proofFile(file)}.part`} ${proofFile(file)}
sync`

/** Reads an artefact's proof of that shape. Throws {@link TaskError} where there is none, or one that is damaged. */
export async function proofOf<T extends { readonly file: string }>(
  on: On,
  file: string,
  shape: z.ZodType<T>,
): Promise<T> {
  const { code, stdout } = await ask(on, sh.read`cat -- ${proofFile(file)} 2>/dev/null`)
  const body = code === 0 ? unsealed(stdout) : undefined
  const read = body === undefined ? undefined : shape.safeParse(jsonOf(body))
  if (read?.success !== true)
    throw new TaskError(
      `${file} on ${on.name}: there is no whole backup, since what was recorded of it ${code === 0 ? 'is damaged' : 'is not there'} (${proofFile(file)})`,
    )
  // It may have been brought to another place since.
  return { ...read.data, file }
}

/**
 * Reads all of an artefact back: size, SHA-256, what it holds, its entries and its end must be as recorded. Throws
 * {@link TaskError} with what is wrong otherwise.
 */
export async function proveArtefact(
  on: On,
  { file, sha256, bytes, content, entries }: Measured,
  reading: Reading,
): Promise<void> {
  const { code, stdout, stderr } = await ask(
    on,
    sh.read`f=${file}; die() { printf '%s\n' "$1"; exit 4; }
[ -f "$f" ] || die 'it is not there'
n=$(stat -L -c %s -- "$f"); [ "$n" = ${bytes} ] || die "it has $n bytes, and "${bytes}' were recorded'
[ "$(sha256sum <"$f")" = ${`${sha256}  -`} ] || die 'it has another SHA-256'
${through(reading)}
through "$f"; [ "$sum" = ${content} ] || die 'it holds something else'
[ "$entries" = ${entries} ] || die "it has $entries entries, and "${entries}' were recorded'
[ -n "$ended" ] || die ${`its end is missing (${reading.end})`}`,
    { timeout: 24 * 3600 },
  )
  if (code !== 0)
    throw new TaskError(
      `${file} on ${on.name} is not what was recorded when it was made, and will not be restored: ${linesOf(stdout).at(-1) ?? 'it cannot be read'}`,
      linesOf(stderr).slice(-5),
    )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
