import { z } from 'zod'
import type { On } from '../../model/action.ts'
import { sh } from '../../model/command.ts'
import { TaskError } from '../../model/errors.ts'
import { ask, holds } from '../target.ts'
import type { FileDump } from './types.ts'

/** What is known of a dump before it is made; the rest is measured where it lies. */
export type Known = Pick<
  FileDump,
  'kind' | 'engine' | 'server' | 'file' | 'schemas' | 'outside' | 'rows' | 'needs'
>

const proof = z.object({
  kind: z.literal('file'),
  engine: z.enum(['mysql', 'postgresql', 'oracle', 'mssql', 'db2']),
  server: z.string(),
  file: z.string(),
  sha256: z.string(),
  digest: z.string(),
  bytes: z.number(),
  plain: z.number(),
  seconds: z.number(),
  position: z.string(),
  schemas: z.array(z.object({ name: z.string(), charset: z.string(), collation: z.string() })),
  outside: z.array(z.string()),
  rows: z.record(z.string(), z.number()),
  needs: z.object({
    owners: z.array(z.string()),
    extensions: z.array(z.string()),
    creators: z.array(z.string()),
    superuser: z.boolean(),
  }),
})

/** The file beside a dump that says what it was when it was made. It is there only when the dump is whole. */
export const proofFile = (file: string): string => `${file}.proof`

/** What {@link Known} is as the beginning of the proof's JSON, for a script to end it with `,"sha256":...}`. */
export const beginning = (known: Known): string => JSON.stringify(known).slice(0, -1)

/** Reads a dump back from the disk and refuses one that is not what was recorded. */
export async function provenDump(on: On, file: string): Promise<FileDump> {
  const { code, stdout } = await ask(on, sh.read`cat -- ${proofFile(file)} 2>/dev/null`)
  const read = code === 0 ? proof.safeParse(jsonOf(stdout)) : undefined
  if (read?.success !== true) throw new TaskError(`${file} on ${on.name}: there is no whole dump`)
  // It may have been brought to another place since.
  const dump = { ...read.data, file }
  await proveFile(on, dump)
  return dump
}

/** Refuses a dump that is not what was recorded; all of it is read. */
export async function proveFile(on: On, { file, sha256 }: Pick<FileDump, 'file' | 'sha256'>): Promise<void> {
  const whole = sh.read`[ "$(sha256sum < ${file} | cut -c1-64)" = ${sha256} ] && gzip -t < ${file}`
  if (!(await holds(on, whole, { timeout: 4 * 3600 })))
    throw new TaskError(
      `${file} on ${on.name} is not what was recorded when it was dumped: it will not be restored`,
    )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
