import { access, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Argument, Command } from 'commander'
import { findInventory } from '../inventory/find-inventory.ts'
import { editorSchema, type SchemaKind, schemaKinds } from '../inventory/json-schema.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { packageUrl } from './paths.ts'

/** `inventory schema [hosts|vars|artifacts]`: the JSON Schema that the fleet's declaration makes, for editors. */
export function schemaCommand(io: Io): Command {
  return new Command('schema')
    .description(
      'prints a JSON Schema for editors: of inventories, of group_vars and host_vars, or of artifacts.yml',
    )
    .addArgument(new Argument('[kind]', 'what files it is for').choices(schemaKinds).default('hosts'))
    .option('--fleet <file>', 'the module that declares the fleet (default: fleet.ts beside the inventory)')
    .option('--out <file>', 'write it there')
    .action(async (kind: SchemaKind, flags: { readonly fleet?: string; readonly out?: string }) => {
      const path = await findFleet(io, flags.fleet)
      const { loadFleet } = await import('../load/load-fleet.ts')
      const fleet = await loadFleet(path, { cwd: io.cwd, packageUrl: packageUrl() })
      const text = `${JSON.stringify(editorSchema(fleet, kind), null, 2)}\n`
      if (flags.out === undefined) io.out(text)
      else
        await writeFile(resolve(io.cwd, flags.out), text).catch((error: Error) => {
          throw new InputError(
            `--out ${flags.out}: ${error.message}`,
            'Name a file in a directory that is there.',
          )
        })
    })
}

/** The module that declares the fleet: the one that was named, else `fleet.ts` beside the inventory, else that of `inventory/`. Throws an {@link InputError}. */
export async function findFleet(io: Pick<Io, 'cwd' | 'env'>, given?: string): Promise<string> {
  const { sources } = await findInventory(io, []).catch(() => ({ sources: [] }))
  const beside = sources.map((source) => resolve(io.cwd, dirname(source), 'fleet.ts'))
  const candidates =
    given === undefined ? [...beside, resolve(io.cwd, 'inventory/fleet.ts')] : [resolve(io.cwd, given)]
  for (const path of candidates) if (await isThere(path)) return path
  throw new InputError(
    `${given ?? 'inventory/fleet.ts'}: expected the module that declares the fleet, got no such file`,
    given === undefined
      ? 'Name it: --fleet FILE; or make a project: upgrade-fleet init'
      : 'Name the file in which defineFleet is called; without --fleet it is fleet.ts beside the inventory.',
  )
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
