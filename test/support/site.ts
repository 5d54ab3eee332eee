import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../src/model/errors.ts'
import { any, defineFleet, one, some } from '../../src/model/fleet.ts'
import { secretRef } from '../../src/model/secret-schema.ts'

/** Writes files into a new directory and gives its path. */
export async function files(contents: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'upgrade-fleet-'))
  for (const [name, text] of Object.entries(contents)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  return directory
}

/** The problems of the InputError that something throws. */
export async function problemsOf(work: () => unknown): Promise<readonly string[]> {
  try {
    await work()
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return []
}

const version = z
  .string('expected a version such as "1.9.1"')
  .regex(/^\d+\.\d+\.\d+$/, 'expected a version such as "1.9.1"')

/** The schema of a node of the test fleet. */
export const node = z.object({ apim_home: z.string().optional(), apim_version: version })

/** A small fleet like the real one. */
export const testFleet = defineFleet({
  groups: { migration: one(node), stores: some(node), workers: any(node.extend({ weight: z.number() })) },
  vars: z.object({
    apim_version: version,
    databases: z.array(
      z.object({ name: z.string(), engine: z.enum(['mysql', 'postgresql']), password: secretRef() }),
    ),
  }),
})
