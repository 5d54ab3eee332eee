import { z } from 'zod'
import type { On } from '../../model/action.ts'
import { type Command, sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { sealing } from '../seal.ts'
import { ask, linesOf } from '../target.ts'
import { type Measured, measured, proofFile, proofOf, recording } from './artefact.ts'

/** An encrypted copy of an artefact: a tar of it and all that it needs, for whoever has an identity. */
export type Encrypted = Measured & {
  readonly kind: 'age'
  /** Bytes of the tar before it was encrypted. */
  readonly plain: number
  readonly recipients: readonly string[]
  /** SHA-256 of the digests of all that is in it: which artefact it is a copy of. */
  readonly of: string
}

const proof = z.object({
  kind: z.literal('age'),
  ...measured,
  plain: z.number(),
  recipients: z.array(z.string()),
  of: z.string(),
})

const end = 'the last chunk of age'

/**
 * Shell that fails unless `$1` begins as age's files do, with a header that has its MAC, and has the one length that `$2` bytes
 * have when they are encrypted with such a header: chunks of 64 KiB, each with 16 bytes more, behind a nonce of 16.
 */
const shaped: Command = sh.read`shaped() {
[ "$(head -n 1 -- "$1" | head -c 100)" = age-encryption.org/v1 ] || return 1
header=$(head -c 65536 -- "$1" | LC_ALL=C awk '{ n += length($0) + 1 } /^--- / { print n; exit }'); [ -n "$header" ] || return 1
chunks=$((($2 + 65535) / 65536)); [ "$chunks" -gt 0 ] || chunks=1
[ "$(stat -L -c %s -- "$1")" = $((header + 16 + $2 + 16 * chunks)) ]; }`

/** Throws unless that is what age calls a recipient; nothing secret is taken for one. */
export function mustBeRecipients(recipients: readonly string[]): void {
  const wrong = recipients.findIndex((each) => !/^age1[02-9ac-hj-np-z]{58}$/.test(each))
  if (recipients.length === 0 || wrong >= 0)
    throw new TaskError(
      `recipient ${wrong + 1} is none of age: expected age1... and 58 more characters, as \`upgrade-fleet secret keygen\` prints it`,
    )
}

/** Shell that encrypts files below the directory `root` into `file`, for recipients alone: no identity is on the machine. */
export function encrypting(
  root: string,
  files: readonly string[],
  file: string,
  recipients: readonly string[],
  of: string,
): Command {
  const part = `${file}.part`
  const packed = sh`tar -C ${root} --format=gnu --numeric-owner --owner=0 --group=0 --mtime=@0 -cf - -- ${files}`
  return sh`set -eu; umask 077; unset TAR_OPTIONS
${sealing}
${shaped}
rm -f -- ${part} ${file} ${proofFile(file)} ${`${part}.broken`}
t=${part}; trap 'rm -f -- "$t" "$t.broken"' EXIT; trap 'exit 143' HUP INT TERM
plain=$(${packed} | wc -c)
content=$(${packed} | sha256sum | cut -c1-64)
{ ${packed} || : >${`${part}.broken`}; } | age -o ${part} ${recipients.flatMap((each) => ['-r', each])}
[ ! -e ${`${part}.broken`} ] && shaped ${part} "$plain" || { echo 'the encrypted copy is not whole'; exit 4; }
measures=$(printf '"sha256":"%s","bytes":%s,"content":"%s","entries":%s,"end":"%s","plain":%s' "$(sha256sum <${part} | cut -c1-64)" "$(stat -c %s -- ${part})" "$content" ${files.length} ${end} "$plain")
${recording(part, file, { kind: 'age', file, recipients, of }, sh``)}`
}

/**
 * Reads an encrypted copy back: its proof, its size, the SHA-256 of what is encrypted, its header, its length. That it opens is known
 * to whoever has an identity alone.
 */
export async function provenAge(on: On, file: string): Promise<Encrypted> {
  const copy: Encrypted = await proofOf(on, file, proof)
  const { code, stdout } = await ask(
    on,
    sh.read`f=${file}; die() { printf '%s\n' "$1"; exit 4; }
${shaped}
[ -f "$f" ] || die 'it is not there'
n=$(stat -L -c %s -- "$f"); [ "$n" = ${copy.bytes} ] || die "it has $n bytes, and "${copy.bytes}' were recorded'
[ "$(sha256sum <"$f")" = ${`${copy.sha256}  -`} ] || die 'it has another SHA-256'
shaped "$f" ${copy.plain} || die 'it is no file of age of that length'`,
    { timeout: 24 * 3600 },
  )
  if (code !== 0)
    throw new TaskError(
      `${file} on ${on.name} is not what was recorded when it was made: ${linesOf(stdout).at(-1) ?? 'it cannot be read'}`,
    )
  return copy
}
