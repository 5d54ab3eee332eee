import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path/posix'
import { z } from 'zod'
import { change, type On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { streamOf } from '../carry.ts'
import { absolute } from '../files/look.ts'
import { room } from '../room.ts'
import { unsealed } from '../seal.ts'
import { holds, runJob } from '../target.ts'
import { encrypting, mustBeRecipients, provenAge } from './age.ts'
import { proofFile } from './artefact.ts'
import { type Verified, verified } from './verify.ts'

export type CopyInput = {
  /** The artefact. */
  readonly file: string
  /** Another directory of backups, which must be there: what is not mounted is not made. */
  readonly to: string
  /** The host where the artefact lies; without it this one. */
  readonly from?: string | undefined
  /** Who may read the copy (`age1...`); without them it is as the artefact is. */
  readonly recipients?: readonly string[] | undefined
}

/** A file of an artefact, and the digest that it has. */
type Part = { readonly path: string; readonly sha256: string; readonly bytes: number }
type Source = Pick<Awaited<ReturnType<On['peer']>>, 'exec'>

const long = { timeout: 24 * 3600 }

/**
 * An artefact in a second place, below the same run's name there, with its proof, its list and its base; read back whole. From another
 * host it comes through the controller, which keeps nothing of it. With `recipients` it is one file, encrypted by `age` where it lies.
 * Undo removes it; the artefact itself stays.
 *
 * @example
 * backup.copy({ file: '/srv/app/backups/20261123-010203-abcd/tree.tar.gz', to: '/mnt/second' })
 */
export const copy = change<CopyInput, Verified, { readonly absent: string[] }>('backup.copy', {
  check: (on, input) => already(on, input),
  diff: async (_on, input) => [
    {
      path: copyOf(input),
      before: '',
      after: `a copy of ${input.file}${input.recipients ? ', encrypted' : ''}\n`,
    },
  ],
  async remember(on, input) {
    mustBeSane(input)
    if (!(await holds(on, sh.read`[ -d ${input.to} ]`)))
      throw new TaskError(
        `${input.to} on ${on.name} is no directory: mount it, or make it, before backups are copied there`,
      )
    if (input.recipients && !(await holds(on, sh.read`command -v age >/dev/null`)))
      throw new TaskError(
        `age is needed to encrypt, and is not on ${on.name}: install it (Debian: apt-get install age), or leave recipients out`,
      )
    const absent: string[] = []
    for (const path of await targets(on, input))
      if (!(await holds(on, sh.read`[ -e ${path} ] || [ -L ${path} ]`))) absent.push(path)
    if (input.recipients && absent.length === 0)
      throw new TaskError(`${copyOf(input)} on ${on.name} is there, and is no copy of this: move it away`)
    return { absent }
  },
  async apply(on, input) {
    const { file, to, from, recipients } = input
    const done = await already(on, input)
    if (done !== undefined) return done
    const source = await sourceOf(on, input)
    const parts = await partsOf(source, file)
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
    const target = copyOf(input)
    const before = () => room(on, target, bytes * 1.02, `a copy of ${file}`)
    if (recipients === undefined) await before()
    await on.must(
      sh`umask 077; mkdir -p -- ${[...new Set(parts.map(({ path }) => dirname(placeOf(path, to))))]}`,
    )
    if (recipients) {
      await verified(on, file)
      const root = dirname(dirname(file))
      const names = parts.map(({ path }) => path.slice(root.length + 1))
      await runJob(on, 'encrypt', encrypting(root, names, target, recipients, digestOf(parts)), {
        before,
        grows: { file: `${target}.part`, bytes },
      })
    }
    // Proofs come last, and that of the base before what rests on it.
    else
      for (const part of parts.toReversed())
        if (from === undefined) await copyHere(on, part, placeOf(part.path, to))
        else await bring(on, from, part, placeOf(part.path, to))
    return verified(on, target)
  },
  async undo(on, { to, file }, { absent }) {
    if (absent.length === 0) return
    const parts = absent.map((path) => `${path}.part`)
    const directories = [...new Set(absent.map((path) => dirname(path)))]
    on.say(`the copy of ${file} in ${to} is removed`)
    await on.must(
      sh`rm -f -- ${absent} ${parts} && for d in ${directories}; do rmdir -- "$d" 2>/dev/null || :; done`,
      long,
    )
  },
})

async function already(on: On, input: CopyInput): Promise<Verified | undefined> {
  mustBeSane(input)
  const file = copyOf(input)
  if (!(await holds(on, sh.read`[ -f ${proofFile(file)} ]`))) return undefined
  const parts = await partsOf(await sourceOf(on, input), input.file)
  const found = await verified(on, file)
  const same = input.recipients
    ? (await provenAge(on, file)).of === digestOf(parts)
    : parts.some(({ path, sha256 }) => path === input.file && sha256 === found.sha256)
  return same ? found : undefined
}

/** Where something of an artefact goes: below the same run's name. */
const placeOf = (path: string, to: string): string => `${to}/${basename(dirname(path))}/${basename(path)}`
const copyOf = ({ file, to, recipients }: CopyInput): string =>
  `${placeOf(file, to)}${recipients ? '.age' : ''}`

function mustBeSane({ file, to, from, recipients }: CopyInput): void {
  absolute(file)
  absolute(to)
  if (recipients) mustBeRecipients(recipients)
  if (recipients && from !== undefined)
    throw new TaskError(
      `${file}: encrypt it on ${from}, where it lies, then bring the encrypted copy from there`,
    )
  if (from === undefined && !recipients && placeOf(file, to) === file)
    throw new TaskError(`${to} is where ${file} lies: a second place is another one`)
}

const sourceOf = async (on: On, { from }: CopyInput): Promise<Source> =>
  from === undefined ? on : on.peer(from)

async function targets(on: On, input: CopyInput): Promise<readonly string[]> {
  const file = copyOf(input)
  if (input.recipients) return [file, proofFile(file)]
  const parts = await partsOf(await sourceOf(on, input), input.file)
  return parts.map(({ path }) => placeOf(path, input.to))
}

const shape = z.object({
  sha256: z.string(),
  bytes: z.number(),
  list: z.string().optional(),
  base: z.object({ file: z.string() }).nullish(),
})

/** All that makes an artefact: its file, list and proof, and those of its base, in an order in which what is needed comes later. */
async function partsOf(source: Source, file: string): Promise<readonly Part[]> {
  const said = await source.exec(
    sh.read`cat -- ${proofFile(file)}; stat -L -c %s -- ${`${file}.list`} 2>/dev/null || echo 0`,
  )
  const at = said.stdout.lastIndexOf('\n', said.stdout.length - 2) + 1
  const text = said.stdout.slice(0, at)
  const body = said.kind === 'exit' && said.code === 0 ? unsealed(text) : undefined
  if (body === undefined) throw new TaskError(`${file}: there is no whole backup to copy`)
  const { sha256, bytes, list, base } = shape.parse(JSON.parse(body))
  const whole = { path: file, sha256, bytes }
  const proof = {
    path: proofFile(file),
    sha256: sum(text),
    bytes: Buffer.byteLength(text),
  }
  return [
    proof,
    whole,
    ...(list === undefined
      ? []
      : [{ path: `${file}.list`, sha256: list, bytes: Number(said.stdout.slice(at)) }]),
    ...(base ? await partsOf(source, `${dirname(dirname(file))}/${base.file}`) : []),
  ]
}

async function copyHere(on: On, { path, sha256, bytes }: Part, to: string): Promise<void> {
  const part = `${to}.part`
  await runJob(
    on,
    `copy ${shortOf(to)}`,
    sh`set -eu; umask 077; f=${to}; t=${part}
is() { [ "$(sha256sum <"$1")" = ${`${sha256}  -`} ]; }
if [ -e "$f" ] || [ -L "$f" ]; then is "$f" && exit 0; echo "$f is there, and is something else: move it away"; exit 3; fi
trap 'rm -f -- "$t"' EXIT; trap 'exit 143' HUP INT TERM
cp -- ${path} "$t"; sync -- "$t" 2>/dev/null || sync
is "$t" || { echo ${`${path} is not what was recorded when it was made`}; exit 4; }
mv -T -- "$t" "$f"; sync -- "$(dirname -- "$f")" 2>/dev/null || sync`,
    { grows: { file: part, bytes: Math.max(1, bytes) } },
  )
}

async function bring(on: On, from: string, { path, sha256, bytes }: Part, to: string): Promise<void> {
  if (await holds(on, sh.read`[ "$(sha256sum <${to} 2>/dev/null)" = ${`${sha256}  -`} ]`, long)) return
  const peer = await on.peer(from)
  const { signal } = on
  await on.put({ stream: () => streamOf(peer, path, signal), size: bytes }, to, {
    sha256,
    exclusive: true,
    signal,
    onProgress: (done, total) => on.progress(done, total, 'bytes'),
  })
}

const sum = (text: string): string => createHash('sha256').update(text).digest('hex')
const shortOf = (path: string): string => sum(path).slice(0, 12)
const digestOf = (parts: readonly Part[]): string => sum(parts.map(({ sha256 }) => sha256).join('\n'))
