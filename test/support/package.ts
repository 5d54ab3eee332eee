import { mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))
let built: Promise<string> | undefined

/** The types of `upgrade-fleet`, as a file. */
export const types = join(root, 'src/index.ts')

/** The file URL of our index, built into a new directory that has our node_modules: what a playbook's imports become. */
export function builtPackage(): Promise<string> {
  built ??= make()
  return built
}

async function make(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'upgrade-fleet-package-'))
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  const outfile = join(directory, 'index.js')
  await build({
    entryPoints: [types],
    outfile: outfile.replace(/\.js$/, '.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  })
  return pathToFileURL(outfile.replace(/\.js$/, '.mjs')).href
}
