import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { InputError } from '../model/errors.ts'
import { type Fleet, isFleet } from '../model/fleet.ts'
import { bundleModule, importBundle, type LoadOptions } from './load-playbook.ts'

/** The fleet that a module exports, under whatever name. What is wrong with the module is an InputError with its place. */
export async function loadFleet(path: string, options: Omit<LoadOptions, 'runDir'>): Promise<Fleet> {
  const runDir = await mkdtemp(join(tmpdir(), 'upgrade-fleet-fleet-'))
  try {
    const { text, inputs } = await bundleModule(path, { ...options, runDir })
    const bundle = join(runDir, 'fleet.mjs')
    await writeFile(bundle, text, { mode: 0o600 })
    const file = relative(options.cwd, path)
    return await importBundle(bundle, { file, cwd: options.cwd, inputs }, async (exports) => {
      const [fleet, ...others] = Object.values(exports).filter(isFleet)
      if (fleet !== undefined && others.every((other) => other === fleet)) return fleet
      throw new InputError(
        `${file}: expected one fleet among its exports, got ${fleet === undefined ? 'none' : 'several'}`,
        'Write: export const fleet = defineFleet({ groups: { ... }, vars: z.object({ ... }) })',
      )
    })
  } finally {
    await rm(runDir, { recursive: true, force: true })
  }
}
