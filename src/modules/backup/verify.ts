import { z } from 'zod'
import { type On, observe } from '../../model/action.ts'
import { provenDump as provenDatabase } from '../database/proof.ts'
import { provenDump as provenRepository } from '../svn/dump.ts'
import { provenAge } from './age.ts'
import { type Measured, measured, proofOf } from './artefact.ts'
import { provenTree } from './tree.ts'

/** Kinds of artefacts, by the word in their proofs. */
const kinds = {
  tree: provenTree,
  file: provenDatabase,
  svn: provenRepository,
  age: provenAge,
}

const shape = z.object({ kind: z.enum(['tree', 'file', 'svn', 'age']), ...measured })

/** What was verified, and in how many seconds. */
export type Verified = Measured & { readonly kind: 'tree' | 'database' | 'svn' | 'age' }

/**
 * Reads an artefact of any kind back whole (its proof, its bytes, what it holds, its entries, its end; a tree's list and base
 * too), and says what was recorded when it was made. Throws where anything of it is not so.
 *
 * @example
 * backup.verify({ file: '/srv/app/backups/20261123-010203-abcd/tree.tar.gz' })
 */
export const verify = observe('backup.verify', async (on, { file }: { readonly file: string }) =>
  verified(on, file),
)

/** The same for modules. */
export async function verified(on: On, file: string): Promise<Verified> {
  const { kind } = await proofOf(on, file, shape)
  const { sha256, bytes, content, entries, end } = await kinds[kind](on, file)
  return { kind: kind === 'file' ? 'database' : kind, file, sha256, bytes, content, entries, end }
}
