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

/** Our own types: the sources in our repository, built or not; the declarations where we are installed. */
export async function typesFile(): Promise<string> {
  for (const beside of ['../src/index.ts', '../index.ts']) {
    const source = fileURLToPath(new URL(beside, import.meta.url))
    const isThere = await access(source).then(
      () => true,
      () => false,
    )
    if (isThere) return source
  }
  return fileURLToPath(new URL('./types/index.d.ts', import.meta.url))
}
