import { mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A program of the tests as one file that Node runs, nearly all that it needs in it: it is started many times. */
export async function bundled(entry: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'upgrade-fleet-program-'))
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  const outfile = join(directory, 'program.mjs')
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // They find parts of themselves beside their own files.
    external: ['ssh2', 'esbuild', 'typescript'],
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module";const require=requireFrom(import.meta.url);',
    },
    alias: { 'upgrade-fleet': join(root, 'src/index.ts') },
    logLevel: 'silent',
  })
  return outfile
}
