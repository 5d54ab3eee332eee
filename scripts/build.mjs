// src/ to dist/: main.js is the command, index.js what playbooks import; both load one engine, so there is one instance of the model.
// --types adds the declarations, if they are not those of these sources already.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

// Bundled: small, pure, and slow to find in node_modules one file at a time. All else stays a package.
const bundled = ['zod', 'commander', 'semver', 'smol-toml', 'strip-ansi', 'yaml', '@rgrove/parse-xml', 'ssh2']

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  write: false,
  metafile: true,
  logLevel: 'warning',
}
const engine = build({
  ...common,
  stdin: {
    contents: "exports.command = () => require('./main.ts'); exports.library = () => require('./index.ts')",
    resolveDir: join(root, 'src'),
    sourcefile: 'engine.js',
  },
  outfile: join(dist, 'engine.cjs'),
  format: 'cjs',
  external: [...(await packagesOutside()), 'cpu-features', '*.node'],
  // Code out of V8's cache cannot import: packages are required, and a playbook is imported by the loader.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'engineUrl' },
  plugins: [importOfLoader()],
  banner: { js: '(function (exports, require, __dirname, engineUrl, importModule) {' },
  footer: { js: '})' },
})
// The lab's stand-in is copied into hosts that have no node_modules: one file with everything.
const standin = existsSync(join(root, 'src/lab/standin/main.ts'))
  ? [
      build({
        ...common,
        entryPoints: ['src/lab/standin/main.ts'],
        outfile: join(dist, 'standin.mjs'),
        format: 'esm',
        banner: {
          js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
        },
      }),
    ]
  : []
// Esbuild has said why.
const built = await Promise.all([engine, ...standin]).catch(() => process.exit(1))
// Esbuild escapes what is not ASCII, but for comments.
const text = built[0].outputFiles[0].text.replace(/^ *(\/\/|\*).*/gm, (comment) =>
  comment.replace(/[^\0-\x7f]/g, '?'),
)
if (/[^\0-\x7f]/.test(text)) throw new Error('the engine is read byte by byte, so it must be ASCII')
const name = `engine-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.cjs`

await mkdir(dist, { recursive: true })
// The engine first: what names it finds it.
await store(name, text)
await store('engine.js', (await part('engine.js')).replace('ENGINE', name))
for (const result of built.slice(1)) await store('standin.mjs', result.outputFiles[0].contents)
await store('index.js', await library())
await store('main.js', await part('main.js'))
await store('THIRD-PARTY.txt', await notices())
await keepCode()
await removeOthers()
if (process.argv.includes('--types')) await declarations()

/** What playbooks import, by its names: `export *` cannot say what a file will give that is evaluated later. */
async function library() {
  const { engine } = await import(pathToFileURL(join(dist, 'engine.js')).href)
  const names = Object.keys(engine.library()).sort().join(', ')
  return `import { engine } from './engine.js'\n\nexport const { ${names} } = engine.library()\n`
}

/** V8's code for this engine and this Node, if it is not there yet. */
async function keepCode() {
  if (existsSync(join(dist, `${name}.${process.version}-${process.arch}`))) return
  const warm = join(root, 'scripts/built/warm.mjs')
  await promisify(execFile)(process.execPath, [warm, dist], { cwd: dist })
}

function importOfLoader() {
  return {
    name: 'import-of-loader',
    setup: (esbuild) =>
      esbuild.onLoad({ filter: /load\/import-module\.ts$/ }, () => ({
        contents: 'const own = importModule; export { own as importModule }',
      })),
  }
}

function part(file) {
  return readFile(join(root, 'scripts/built', file), 'utf8')
}

/** The dependencies that are not bundled, with their subpaths. */
async function packagesOutside() {
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const outside = Object.keys(dependencies).filter((name) => !bundled.includes(name))
  return outside.flatMap((name) => [name, `${name}/*`])
}

/** Only what differs is written, whole or not at all: a command may be running from here. */
async function store(file, contents) {
  const path = join(dist, file)
  const before = await readFile(path).catch(() => undefined)
  if (before && Buffer.from(contents).equals(before)) return
  const fresh = `${path}.${process.pid}.part`
  await writeFile(fresh, contents, { mode: file === 'main.js' ? 0o755 : 0o644 })
  await rename(fresh, path)
}

async function removeOthers() {
  const ours = new Set(['engine.js', 'index.js', 'main.js', 'standin.mjs', name])
  // V8's code for other Nodes of this engine stays.
  const isOther = (file) => /\.[cm]?js$|\.cjs\./.test(file) && !ours.has(file) && !file.startsWith(`${name}.`)
  const others = (await readdir(dist)).filter(isOther)
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
  return (await Promise.all(texts)).join('\n\n---\n\n')
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
  await store('docs.json', stdout)
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
