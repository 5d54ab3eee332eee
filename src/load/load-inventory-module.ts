import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { InputError } from '../model/errors.ts'
import { bundleModule, importDefault, type LoadOptions } from './load-playbook.ts'

/**
 * The default export of an inventory that is a module: data, or what a function gives, which may be async and has `deadline`
 * seconds. What is wrong with the module is an InputError with its place; what is wrong with the data is not looked at.
 */
export async function loadInventoryModule(
  path: string,
  options: Omit<LoadOptions, 'runDir'>,
  deadline = 60,
): Promise<unknown> {
  const runDir = await mkdtemp(join(tmpdir(), 'upgrade-fleet-inventory-'))
  try {
    const { text, inputs } = await bundleModule(path, { ...options, runDir })
    const bundle = join(runDir, 'inventory.mjs')
    await writeFile(bundle, text, { mode: 0o600 })
    const file = relative(options.cwd, path)
    return await importDefault(bundle, { file, cwd: options.cwd, inputs }, async (made) => {
      if (made === undefined)
        throw new InputError(
          `${file}: expected groups as its default export, or a function that gives them, got none`,
          'Write: export default { web: { hosts: { web1: {} } } }',
        )
      return typeof made === 'function' ? within(deadline, file, async () => made()) : made
    })
  } finally {
    await rm(runDir, { recursive: true, force: true })
  }
}

async function within(deadline: number, file: string, work: () => Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const message = `${file}: expected its function to end within ${deadline} s, it has not`
    timer = setTimeout(() => reject(new InputError(message)), deadline * 1000)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
