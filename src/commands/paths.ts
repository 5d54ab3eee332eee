import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Io } from '../model/io.ts'

/** The state directory: `--state`, else UPGRADE_FLEET_STATE, else `.upgrade-fleet` here. */
export function stateDirectory(io: Io, flag: string | undefined): string {
  return resolve(io.cwd, flag ?? io.env['UPGRADE_FLEET_STATE'] ?? '.upgrade-fleet')
}

/** A key file as it was typed, as an absolute path. */
export const keyPath = (io: Pick<Io, 'cwd' | 'home'>, file: string): string =>
  resolve(
    io.cwd,
    file.replace(/^~(?=\/)/, () => io.home),
  )

/** The file URL of our own built index, beside this module. */
export const packageUrl = (): string => new URL('./index.js', import.meta.url).href

/** The path of a run's bundled playbook. */
export const bundlePath = (folder: { readonly path: string }, record: { readonly bundle: string }): string =>
  join(folder.path, record.bundle)

/** Our own types: the sources in our repository, the declarations where we are installed. */
export async function typesFile(): Promise<string> {
  const source = fileURLToPath(new URL('../src/index.ts', import.meta.url))
  return access(source).then(
    () => source,
    () => fileURLToPath(new URL('./types/index.d.ts', import.meta.url)),
  )
}
