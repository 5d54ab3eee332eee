import { z } from 'zod'
import type { On } from '../../model/action.ts'
import { measured, proofOf, proveArtefact } from '../backup/artefact.ts'
import { fullEngineOf } from './engines.ts'
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
  ...measured,
  digest: z.string(),
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

/** Reads a dump back from the disk and refuses one that is not what was recorded. */
export async function provenDump(on: On, file: string): Promise<FileDump> {
  const dump: FileDump = await proofOf(on, file, proof)
  await proveFile(on, dump)
  return dump
}

/** Refuses a dump that is not what was recorded; all of it is read. */
export const proveFile = (on: On, dump: FileDump): Promise<void> =>
  proveArtefact(on, dump, fullEngineOf({ engine: dump.engine, name: dump.file }, 'a dump').reading)
