import { stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { withExtraVars } from '../inventory/extra-vars.ts'
import { plainValue } from '../inventory/plain-secrets.ts'
import { filesOfRun } from '../journal/kept-logs.ts'
import { listRecords, type RunRecord } from '../journal/runs.ts'
import { tarOf } from '../journal/tar.ts'
import { InputError } from '../model/errors.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Io } from '../model/io.ts'
import { redactDeep, redactor } from '../model/redact.ts'
import { sanitize } from '../model/sanitize.ts'
import { secretTitle } from '../model/secret-schema.ts'
import { isTelling } from '../model/telling.ts'
import { plural } from '../report/text.ts'
import { keptRun, rollbacksOf } from './known.ts'
import { revealQuietly, secretNames, secretsOf, varsOf } from './secret-names.ts'
import { version } from './version.ts'

/** Values that say nothing, and without which nothing could be read. */
const common = /^(true|false|yes|no|none|null|\d{1,5}|.{0,3})$/i

/** More than this is no password: a file of such a size is something else that a variable names. */
const largestSecret = 64 * 1024

/**
 * Writes a run and its rollbacks into one archive (0600, never over a file that is there) for a support ticket. Values of
 * secrets that can be looked up here are hidden wherever they stand; so are plain values of variables with telling names.
 */
export async function writeBundle(
  io: Io,
  state: string,
  id: string | undefined,
  file: string,
): Promise<void> {
  const kept = await listRecords(state)
  const run = keptRun(state, kept, id)
  const folders = [run, ...rollbacksOf(kept, run)].map((one) => one.folder)
  const runs = await Promise.all(folders.map(async (folder) => ({ folder, files: await filesOfRun(folder) })))
  const { values, unknown } = await secretsIn(
    io,
    runs.flatMap(({ files }) => files.flatMap(({ text, name }) => jsonOf(name, text))),
    runs.flatMap(({ files }) =>
      files.flatMap(({ text, name }) => (name === 'run.json' ? inventoryIn(text) : [])),
    ),
  )
  const redact = redactor(() => values)
  const files = runs.flatMap((one) =>
    one.files.map(({ name, text }) => ({
      name: `${one.folder.id}/${name}`,
      text:
        name === 'run.json'
          ? JSON.stringify(redactDeep(masked(JSON.parse(text)), redact), null, 2)
          : redact(text),
    })),
  )
  const about = [
    `upgrade-fleet ${version}, node ${io.node}`,
    `run ${run.folder.id} and ${plural(folders.length - 1, 'rollback')} of it, packed ${io.now().toISOString()}`,
    'Secret values are replaced by ***: checksums of journal lines that held one do not fit any more.',
    ...unknown.map((name) => `The value of ${name} could not be looked up, so it was not searched for.`),
    '',
  ].join('\n')
  const archive = tarOf([{ name: 'about.txt', text: about }, ...files], io.now().getTime() / 1000)
  await write(resolve(io.cwd, file), file, gzipSync(archive))
  io.out(`${file}: ${plural(files.length + 1, 'file')} of ${plural(folders.length, 'run')}\n`)
  if (unknown.length > 0)
    io.err(
      `warning: these secrets cannot be looked up here, so their values were not searched for: ${unknown.join(', ')}\nLook into the archive before you hand it on.\n`,
    )
}

async function write(path: string, typed: string, bytes: Buffer): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new InputError(
      code === 'EEXIST' ? `${typed}: expected the name of a new file, got one that is there` : message,
      'Name another file: upgrade-fleet logs RUN --bundle FILE.tar.gz',
    )
  }
}

/** What is JSON in a run's folder: its record, and the lines of its journal. Damage of a journal is no hindrance here. */
function jsonOf(name: string, text: string): readonly unknown[] {
  const texts = name === 'run.json' ? [text] : name === 'journal.jsonl' ? text.split('\n') : []
  return texts.flatMap((line) => {
    try {
      const { inventory, ...rest } = JSON.parse(line) as { readonly inventory?: Inventory }
      // Where things are written is no secret, and looks like the name of one: `{ file: ... }`.
      return [rest, inventory && varsOf(inventory)]
    } catch {
      return []
    }
  })
}

/** The inventory of a run's record, extra vars over it. */
function inventoryIn(text: string): readonly Inventory[] {
  try {
    const { inventory, extraVars } = JSON.parse(text) as Pick<RunRecord, 'inventory' | 'extraVars'>
    return [withExtraVars(inventory, extraVars)]
  } catch {
    return []
  }
}

async function secretsIn(
  io: Io,
  data: readonly unknown[],
  inventories: readonly Inventory[],
): Promise<{ readonly values: ReadonlySet<string>; readonly unknown: readonly string[] }> {
  const values = new Set<string>()
  const unknown: string[] = []
  const store = secretsOf(io)
  for (const value of plainSecrets(data)) values.add(value)
  for (const name of secretNames(data)) {
    const path = /^(?:\w+\|)*file:(.*)$/s.exec(name)?.[1]
    const found = path === undefined ? undefined : await stat(path).catch(() => undefined)
    // What a machine answered may look like a secret's name too, and name anything: no device is read, nor a whole disk.
    if (found !== undefined && (!found.isFile() || found.size > largestSecret)) continue
    const bare = name.replace(/^(?:\w+\|)+/, '')
    const plain = inventories.flatMap((inventory) => plainValue(inventory, bare) ?? [])
    const known = plain.length > 0 ? plain : [revealQuietly(store, name)].flatMap((one) => one ?? [])
    for (const value of known) values.add(value)
    if (known.length === 0) unknown.push(sanitize(secretTitle(name)))
  }
  return { values, unknown }
}

/** Plain texts and numbers under telling names, at any depth. */
function plainSecrets(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) =>
    typeof item !== 'string' && typeof item !== 'number'
      ? plainSecrets(item)
      : isTelling(key) && !common.test(String(item))
        ? [String(item)]
        : [],
  )
}

/** The same data with what stands under telling names hidden; names of secrets stay. */
function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      isTelling(key) && ['string', 'number'].includes(typeof item) ? '***' : masked(item),
    ]),
  )
}
