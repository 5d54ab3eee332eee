import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { parse } from 'yaml'
import type { applied as apply } from '../../src/commands/prepare.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { InputError } from '../../src/model/errors.ts'
import type { Playbook } from '../../src/model/playbook.ts'
import { edited, type Mistake, root } from './mistake.ts'

/** The playbooks, each with the inventory that it is applied to, and what `-e` must give it. */
const books = [
  ...['to-3.0.0', 'backup', 'rollback', 'verify'].map((name) => ({
    file: `playbooks/${name}.ts`,
    hosts: 'inventory/hosts.example.yml',
    extraVars: {},
  })),
  {
    file: 'examples/web-tier/web-tier.ts',
    hosts: 'examples/web-tier/hosts.example.yml',
    extraVars: { release: '2026.11' },
  },
]

/** What `check` makes of the playbooks with a mistake in one of their files: the first line of its refusal, or undefined. */
export async function checked(mistake?: Mistake): Promise<string | undefined> {
  const cwd = await inventoryOf(mistake)
  try {
    const { applied, ...bundle } = await bundled(cwd, mistake)
    for (const [at, { hosts, extraVars }] of books.entries()) {
      const inventory = await loadInventory({ sources: [hosts.replace('.example', '')], cwd, env: {} })
      applied(bundle[`p${at}`] as Playbook, { inventory, extraVars, limit: undefined })
    }
    return undefined
  } catch (error) {
    if (!(error instanceof Error) || error.name !== InputError.name) throw error
    const [line = ''] = error.message.split('\n')
    // Where it stands in the bundle says nothing.
    return line.replace(/ \(\/[^)]*\)/, '')
  }
}

/** The example inventories as a reader would use them, in a directory of its own. */
async function inventoryOf(mistake: Mistake | undefined): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'mistake-'))
  await symlink(`${root}node_modules`, join(cwd, 'node_modules'))
  await mkdir(join(cwd, 'inventory'))
  await mkdir(join(cwd, 'examples/web-tier'), { recursive: true })
  const read = (file: string) =>
    mistake?.file === file ? edited(mistake) : readFile(`${root}${file}`, 'utf8')
  for (const file of new Set(books.map(({ hosts }) => hosts)))
    await writeFile(join(cwd, file.replace('.example', '')), await read(file))
  const artifacts = await read('inventory/artifacts.example.yml')
  await writeFile(join(cwd, 'inventory/artifacts.yml'), artifacts)
  const listed: { artifacts: readonly { file: string }[] } = parse(artifacts)
  await mkdir(join(cwd, 'inventory/packs'))
  for (const { file } of listed.artifacts) await writeFile(join(cwd, 'inventory', file), '')
  return cwd
}

type Bundled = { readonly applied: typeof apply } & Readonly<Record<string, unknown>>

/** The playbooks and what applies them to an inventory in one bundle, as the built command has them. */
async function bundled(cwd: string, mistake: Mistake | undefined): Promise<Bundled> {
  const outfile = join(cwd, 'bundle.mjs')
  const imports = books.map(({ file }, at) => `export { default as p${at} } from './${file}'`)
  await build({
    stdin: {
      contents: ["export { applied } from './src/commands/prepare.ts'", ...imports].join('\n'),
      resolveDir: root,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    alias: { 'upgrade-fleet': `${root}src/index.ts` },
    packages: 'external',
    logLevel: 'silent',
    plugins: [
      {
        name: 'mistake',
        setup: ({ onLoad }) => {
          onLoad({ filter: /\.ts$/ }, ({ path }) =>
            mistake !== undefined && path === `${root}${mistake.file}`
              ? { contents: edited(mistake), loader: 'ts' }
              : undefined,
          )
        },
      },
    ],
  })
  return (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as Bundled
}
