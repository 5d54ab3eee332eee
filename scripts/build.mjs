// src/ to dist/: main.js is the command, index.js what playbooks import; both share their chunks, so one instance of the model.
// --types adds the declarations, if they are not those of these sources already.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

// Bundled: small, pure, and slow to find in node_modules one file at a time. All else stays a package.
const bundled = [
  'zod',
  'commander',
  'semver',
  'smol-toml',
  'string-width',
  'strip-ansi',
  'yaml',
  '@rgrove/parse-xml',
]

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  write: false,
  metafile: true,
  logLevel: 'warning',
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
  },
}
const command = build({
  ...common,
  entryPoints: ['src/main.ts', 'src/index.ts'],
  outdir: dist,
  splitting: true,
  external: await packagesOutside(),
})
// The lab's stand-in is copied into hosts that have no node_modules: one file with everything.
const standin = existsSync(join(root, 'src/lab/standin/main.ts'))
  ? [build({ ...common, entryPoints: ['src/lab/standin/main.ts'], outfile: join(dist, 'standin.mjs') })]
  : []
// Esbuild has said why.
const built = await Promise.all([command, ...standin]).catch(() => process.exit(1))
const outputFiles = built.flatMap((result) => result.outputFiles)

await mkdir(dist, { recursive: true })
await Promise.all([...outputFiles, await notices()].map(({ path, contents }) => store(path, contents)))
await chmod(join(dist, 'main.js'), 0o755)
await removeOthers()
if (process.argv.includes('--types')) await declarations()

/** The dependencies that are not bundled, with their subpaths. */
async function packagesOutside() {
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const outside = Object.keys(dependencies).filter((name) => !bundled.includes(name))
  return outside.flatMap((name) => [name, `${name}/*`])
}

/** Only what differs is written, whole or not at all: a command may be running from here. */
async function store(path, contents) {
  const before = await readFile(path).catch(() => undefined)
  if (before && Buffer.from(contents).equals(before)) return
  const part = `${path}.${process.pid}.part`
  await writeFile(part, contents, { mode: path.endsWith('main.js') ? 0o755 : 0o644 })
  await rename(part, path)
}

async function removeOthers() {
  const made = new Set(outputFiles.map(({ path }) => relative(dist, path)))
  const others = (await readdir(dist)).filter((name) => /\.m?js$/.test(name) && !made.has(name))
  await Promise.all(others.map((name) => rm(join(dist, name), { force: true })))
}

/** The licences of what was bundled travel with it. */
async function notices() {
  const inputs = built
    .flatMap(({ metafile }) => Object.keys(metafile.inputs))
    .map((path) => path.match(/(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//))
  const packages = new Map(inputs.filter(Boolean).map(([, folder, name]) => [name, resolve(root, folder)]))
  const texts = [...packages].sort().map(async ([name, folder]) => {
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    return `${name}\n\n${file ? await readFile(join(folder, file), 'utf8') : 'see its package'}`
  })
  return {
    path: join(dist, 'THIRD-PARTY.txt'),
    contents: Buffer.from((await Promise.all(texts)).join('\n\n---\n\n')),
  }
}

async function declarations() {
  const types = join(dist, 'types')
  const stamp = join(types, '.of')
  const sources = await digestOfSources()
  if ((await readFile(stamp, 'utf8').catch(() => '')) === sources) return
  // Beside the old ones first: another build may be at work, and a reader always finds some.
  const fresh = `${types}.${process.pid}.part`
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', 'tsconfig.types.json', '--outDir', fresh]
  await promisify(execFile)(process.execPath, args, { cwd: root }).catch(async (error) => {
    await rm(fresh, { recursive: true, force: true })
    throw new Error(`no declarations:\n${error.stdout}`)
  })
  // What `docs` prints: read once here, so that nobody has to wait for the compiler there.
  const { stdout } = await promisify(execFile)(process.execPath, [join(dist, 'main.js'), 'docs', '--json'], {
    maxBuffer: 1 << 26,
  })
  await store(join(dist, 'docs.json'), Buffer.from(stdout))
  await writeFile(join(fresh, '.of'), sources)
  await rm(types, { recursive: true, force: true })
  await rename(fresh, types).catch(() => rm(fresh, { recursive: true, force: true }))
}

async function digestOfSources() {
  const hash = createHash('sha256')
  const names = (await readdir(join(root, 'src'), { recursive: true }))
    .filter((name) => name.endsWith('.ts'))
    .sort()
  for (const path of [
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.types.json',
    ...names.map((name) => `src/${name}`),
  ])
    hash.update(`${path}\0`).update(await readFile(join(root, path)))
  return hash.digest('hex')
}
