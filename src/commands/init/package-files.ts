import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Files that a new project takes as they stand in this package: theirs to change from then on. */
const taken = [
  'inventory/fleet.ts',
  'inventory/artifacts.example.yml',
  'playbooks/to-3.0.0.ts',
  'playbooks/to-2.6.0.ts',
  'playbooks/backup.ts',
  'playbooks/rollback.ts',
  'playbooks/verify.ts',
  'playbooks/restart.ts',
  'playbooks/svn-repoint.ts',
  'playbooks/clean-up.ts',
]

/** These files with their texts, by their paths in a project. */
export async function packageFiles(): Promise<readonly (readonly [string, string])[]> {
  const root = await packageRoot(dirname(fileURLToPath(import.meta.url)))
  return Promise.all(taken.map(async (path) => [path, await readFile(join(root, path), 'utf8')] as const))
}

// Wherever this module lies in it: the sources, or what is built of them.
async function packageRoot(from: string): Promise<string> {
  const text = await readFile(join(from, 'package.json'), 'utf8').catch(() => '{}')
  const { name } = JSON.parse(text) as { readonly name?: string }
  if (name === 'upgrade-fleet') return from
  if (dirname(from) === from) throw new Error('the package of upgrade-fleet has no package.json')
  return packageRoot(dirname(from))
}
