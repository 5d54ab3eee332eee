import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { BuildFailure, Metafile } from 'esbuild'
import { InputError, type Place, placeText } from '../model/errors.ts'
import { isPlaybook, type Playbook } from '../model/playbook.ts'
import { messageText } from './errors.ts'
import { importModule } from './import-module.ts'
import { placeOfMissingExport } from './missing-export.ts'
import { metaNames, metaPlugin, packagesPlugin } from './resolve.ts'

/** Where to load from and to: `packageUrl` is the file URL of our own built index. */
export interface LoadOptions {
  readonly cwd: string
  readonly runDir: string
  readonly packageUrl: string
}

/** A playbook with what a run keeps of it. */
export interface LoadedPlaybook {
  readonly playbook: Playbook
  /** SHA-256 over the names (from the playbook's directory) and contents of the inputs, hexadecimal. */
  readonly digest: string
  /** Absolute path of the module in the run's directory; {@link loadBundle} reads it again. */
  readonly bundle: string
  /** SHA-256 of the module's text. */
  readonly bundleDigest: string
  /** The playbook and all files of its project that it imports, absolute, sorted. */
  readonly inputs: readonly string[]
}

/** The absolute path of a playbook that is there; an InputError otherwise. */
export async function findPlaybook(file: string, cwd: string): Promise<string> {
  const path = resolve(cwd, file)
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true) return path
  throw new InputError(
    `${file}: expected a playbook, got ${found === undefined ? 'no such file' : 'no file'} in ${cwd}`,
    'Give the path of a .ts file, for instance playbooks/to-3.0.0.ts.',
  )
}

/** Bundles a playbook to one module in `runDir` and imports it. What is wrong with it is an InputError with `file:line:column`. */
export async function loadPlaybook(file: string, options: LoadOptions): Promise<LoadedPlaybook> {
  const entry = await findPlaybook(file, options.cwd)
  const { text, inputs } = await bundleModule(entry, options)
  const digest = await digestOf(inputs, dirname(entry))
  await mkdir(options.runDir, { recursive: true, mode: 0o700 })
  // The digest stands in the name, since a process imports a path once.
  const bundle = join(options.runDir, `playbook-${digest.slice(0, 16)}.mjs`)
  await writeFile(bundle, text, { mode: 0o600 })
  const playbook = await importPlaybook(bundle, { file, cwd: options.cwd, inputs })
  return { playbook, digest, bundle, bundleDigest: sha256(text), inputs }
}

/**
 * Imports the bundle of an earlier run again, as it was then: for resume and rollback. Throws an InputError when the file
 * is gone, or is not of that SHA-256 any more.
 */
export async function loadBundle(path: string, digest?: string): Promise<Playbook> {
  const text = await readFile(path).catch(() => undefined)
  if (text === undefined)
    throw new InputError(`${path}: expected the playbook that the run kept, got no such file`)
  if (digest !== undefined && sha256(text) !== digest)
    throw new InputError(
      `${path}: expected the playbook as the run kept it, got another text: it was changed afterwards, so it is not run.`,
      'Put the file back from a backup; without one, take the fleet back by playbooks/rollback.ts.',
    )
  return importPlaybook(path, { file: path, cwd: dirname(path), inputs: [] })
}

/** One module with all that it imports from its own project. Throws an InputError with the places of what is wrong. */
export async function bundleModule(
  entry: string,
  { cwd, runDir, packageUrl }: LoadOptions,
): Promise<{ text: string; inputs: readonly string[] }> {
  const { build } = await import('esbuild')
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
      // Beside the real bundle: paths of the source map are relative to it.
      outfile: join(runDir, 'playbook.mjs'),
      absWorkingDir: cwd,
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // Without esbuild's own `module`, which names files for bundlers only.
      conditions: [],
      sourcemap: 'inline',
      charset: 'utf8',
      logLevel: 'silent',
      define: metaNames,
      plugins: [metaPlugin(), packagesPlugin(packageUrl)],
    })
    return { text: outputFiles[0]?.text ?? '', inputs: inputsOf(metafile, cwd) }
  } catch (error) {
    const messages = (error as Partial<BuildFailure>).errors
    if (messages === undefined) throw error
    throw new InputError(
      messages.map(messageText),
      `Correct it, then try: upgrade-fleet check ${relative(cwd, entry)}`,
    )
  }
}

const inputsOf = ({ inputs }: Metafile, cwd: string): readonly string[] =>
  Object.keys(inputs)
    .filter((name) => !name.startsWith('meta:'))
    .map((name) => resolve(cwd, name))
    .sort()

async function digestOf(inputs: readonly string[], base: string): Promise<string> {
  const hash = createHash('sha256')
  for (const input of inputs) {
    const content = sha256(await readFile(input))
    hash.update(`${content}  ${relative(base, input)}\n`)
  }
  return hash.digest('hex')
}

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')

/** Where a bundle came from. */
export interface Origin {
  /** As the user wrote it. */
  readonly file: string
  readonly cwd: string
  readonly inputs: readonly string[]
}

async function importPlaybook(bundle: string, origin: Origin): Promise<Playbook> {
  const made = await importDefault(bundle, origin, async (value) => value)
  if (isPlaybook(made)) return made
  const got = made === undefined ? 'no default export' : 'something else'
  throw new InputError(
    `${origin.file}: expected a playbook as its default export, got ${got}`,
    'Write: export default playbook(...)',
  )
}

/** What `use` makes of a bundle's default export. What is thrown there, or while it is imported, is an InputError with the author's place. */
export const importDefault = <T>(
  bundle: string,
  origin: Origin,
  use: (value: unknown) => Promise<T>,
): Promise<T> => importBundle(bundle, origin, (exports) => use(exports['default']))

/** The same of all its exports, by name. */
export async function importBundle<T>(
  bundle: string,
  { file, cwd, inputs }: Origin,
  use: (exports: Readonly<Record<string, unknown>>) => Promise<T>,
): Promise<T> {
  const url = pathToFileURL(bundle).href
  try {
    return await use(await importModule(url))
  } catch (error) {
    if (error instanceof InputError) throw error
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const place = (await placeOfMissingExport(message, inputs)) ??
      firstFrame(error, bundle, inputs) ?? { file }
    const short = relative(cwd, place.file)
    const shown = { ...place, file: short === '' || short.startsWith('..') ? place.file : short }
    throw new InputError(`${placeText(shown)} cannot be loaded: ${message}`)
  }
}

// The first one that is the author's, if source maps made it one.
function firstFrame(error: unknown, bundle: string, inputs: readonly string[]): Place | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const [, path = '', line, column] of stack.matchAll(/((?:file:\/\/)?\/[^()\s]+):(\d+):(\d+)/g)) {
    const file = path.startsWith('file:') ? fileURLToPath(path) : path
    if (inputs.length > 0 ? inputs.includes(file) : file !== bundle) {
      return { file, line: Number(line), column: Number(column) }
    }
  }
  return undefined
}
