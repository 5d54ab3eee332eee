import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { docText } from '../../src/commands/docs.ts'
import { byRoom, listText, markdownText, optionsMarkdown } from '../../src/commands/docs-rooms.ts'
import { runProgram } from '../../src/commands/program.ts'
import { type ModuleDoc, moduleDocs } from '../../src/load/module-docs.ts'
import { typeCheck } from '../../src/load/type-check.ts'
import type { Action } from '../../src/model/action.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { fakeIo } from '../support/io.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

const types = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
const dir = join(fastDirectory(), `upgrade-fleet-docs-${process.pid}`)
let docs: readonly ModuleDoc[]
let local: LocalOn

/** Examples that ask for a server, a pack or a fleet that is not here: they are compiled and made, and what they are of has tests of its own against real ones. */
const made: readonly string[] = [
  ...[
    'archive.unpack',
    'backup.compare',
    'backup.copy',
    'backup.verify',
    'artifact.stage',
    'carry',
    'download',
    'unarchive',
  ],
  ...['http.ask', 'http.get', 'http.json', 'waitFor.http', 'waitFor.port', 'traffic.in', 'traffic.out'],
  ...['java.jdk', 'java.keystore', 'java.strong'],
  ...[
    'service.hold',
    'service.pointBack',
    'service.pointTo',
    'service.release',
    'service.restart',
    'service.start',
    'service.stop',
  ],
]
const isMade = ({ name, family }: ModuleDoc) =>
  made.includes(name) ||
  family === 'database' ||
  (family === 'svn' && !/\.(copies|none|purge|detach|installed)$/.test(name))

/** What the examples find at /srv/app. */
const files: Readonly<Record<string, string>> = {
  'app.conf': 'port = 8080\n# end\n',
  'old.conf': 'old\n',
  'app.tmpl': 'port = {{ port }}\n',
  'app.log': 'INFO started\n',
  'app.ini': '[main]\nport = 1\n',
  'carbon.xml':
    '<Server xmlns="http://wso2.org/projects/carbon/carbon.xml"><Ports><Offset>0</Offset></Ports></Server>\n',
  'deployment.toml': '[server]\nhostname = "old"\n',
  'log4j2.properties': 'rootLogger.level = INFO\n',
  'migration-config.yaml': 'currentVersion: "5.x.x"\n',
  'state.json': '{ "servers": [{ "port": 9763 }] }\n',
  'tool.sh': '#!/bin/sh\necho "$@"\n',
  'tree/a/file': 'in a tree\n',
  'tree/other': 'too\n',
}
const layOut = () => {
  rmSync(join(dir, 'app'), { recursive: true, force: true })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(dir, 'app', path, '..'), { recursive: true })
    writeFileSync(join(dir, 'app', path), text)
  }
}

beforeAll(async () => {
  local = await localOn(join(dir, 'here'), () => 'a secret')
  docs = await moduleDocs(types)
}, 120_000)
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true, force: true })
})

test('every module says what it promises, and every one that is not of APIM alone has an example', () => {
  expect(docs.length).toBeGreaterThan(100)
  expect(docs.filter(({ text }) => text === '').map(({ name }) => name)).toEqual([])
  const without = docs.filter(({ family, examples }) => family !== 'apim' && examples.length === 0)
  expect(without.map(({ name }) => name)).toEqual(withoutExample)
})

test('the table of docs/modules.md has every module, with what Ansible calls it and what its undo does', async () => {
  const table = await readFile(new URL('../../docs/modules.md', import.meta.url), 'utf8')
  const missing = docs
    .filter(({ family, name }) => family !== 'apim' && name !== 'fail' && !table.includes(`\`${name}\``))
    .map(({ name }) => name)
  expect(missing).toEqual([])
})

const modulesFile = fileURLToPath(new URL('../../docs/modules.md', import.meta.url))
/** What the tables that are written by hand say of a module: its row without the name. */
const rowsOf = (text: string): readonly (readonly [string, readonly string[]])[] =>
  text
    .slice(0, text.indexOf(begin))
    .split('\n')
    .filter((line) => /^\| `[a-zA-Z.]+`/.test(line))
    .flatMap((line) => {
      const [, names = '', ...cells] = line.split(/(?<!\\)\|/)
      return [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, cells] as const)
    })
const begin =
  '<!-- The rest is made out of the types and comments; GOLDEN=renew npx vitest run --project real test/load/module-docs.real.ts -->'

test('the options in docs/modules.md are those of the code: names, types, defaults, which are needed', async () => {
  const text = await readFile(modulesFile, 'utf8')
  const made = `${text.slice(0, text.indexOf(begin))}${begin}\n\n${optionsMarkdown(docs)}\n`
  if (process.env['GOLDEN'] === 'renew') writeFileSync(modulesFile, made)
  expect(text.split(begin)).toHaveLength(2)
  expect(await readFile(modulesFile, 'utf8')).toBe(made)
})

test('each row written by hand names options that there are, `?` where they may be left out, and all that are needed', async () => {
  const wrong: string[] = []
  for (const [name, [, options = '']] of rowsOf(await readFile(modulesFile, 'utf8'))) {
    const doc = docs.find((each) => each.name === name)
    if (doc === undefined) wrong.push(`${name}: no such module`)
    // Structured edits are a list of edits; others are said to be as another one.
    if (doc === undefined || /\{|^ *(?:the same|as |the output)| as (?:`|below|above)/.test(options)) continue
    const bare = options.replaceAll(/\([^)]*\)/g, '')
    const said = [...bare.matchAll(/`(\w+)(\??)[^`]*`/g)].map(([, option = '', sign]) => ({ option, sign }))
    for (const option of doc.options) {
      const row = said.find((each) => each.option === option.name)
      if (row === undefined && !option.optional) wrong.push(`${name}: ${option.name} is needed`)
      if (row !== undefined && (row.sign === '?') !== option.optional && !/\bor\b|;/.test(bare))
        wrong.push(`${name}: ${option.name}${row.sign}`)
      const [, shown] = new RegExp(`\`${option.name}\\?\` \\((\\d+)(?: \\w+)?\\)`).exec(options) ?? []
      if (shown !== undefined && shown !== option.default && !doc.text.includes(`mode ${shown} unless told`))
        wrong.push(`${name}: ${option.name} is ${option.default} when left out, not ${shown}`)
    }
    for (const { option } of said)
      if (!doc.options.some((each) => each.name === option) && !/^(?:ls|true|sh|id)$/.test(option))
        wrong.push(`${name}: there is no ${option}`)
  }
  expect(wrong).toEqual([])
})

test('each row says what undo does where the module changes something, and nothing where it reads', async () => {
  const rows = rowsOf(await readFile(modulesFile, 'utf8'))
  expect(rows.length).toBeGreaterThan(90)
  const edits = ['xml', 'toml', 'yaml', 'json', 'properties', 'iniFile']
  const wrong = rows
    .filter(([name]) => !edits.includes(name))
    .filter(([name, cells]) => {
      const reads =
        /^\s*(?:reads|a gate|holds|read\b)/.test(cells[2] ?? '') || /^(?:waitFor|http)\./.test(name)
      return cells.length < 5 || (!reads && name !== 'assert' && (cells[3] ?? '').trim() === '')
    })
    .map(([name]) => name)
  expect(wrong).toEqual([])
})

test('every module is in a room, and Markdown has all of all', () => {
  const titles = byRoom(docs).map(({ title }) => title)
  const headings = readFileSync(modulesFile, 'utf8').match(/(?<=^## )[^(\n]+/gm) ?? []
  expect(titles).toEqual([...headings.map((heading) => heading.trim()), 'API Manager'])
  expect(listText(docs, 100)).toMatch(/^Files\n {2}file\.absent/)
  const text = markdownText(docs)
  for (const { name, text: said, examples } of docs) {
    expect(text).toContain(`\n### \`${name}\`\n\n${said}`)
    for (const example of examples) expect(text).toContain(example)
  }
  expect(text).toContain('| `status` | `number \\| readonly number[]` |  | `200` | The statuses')
})

// What needs a value that an earlier task returned has its example in the playbooks.
const withoutExample = [
  ...['backup.rehearse', 'backup.restore', 'database.rehearse', 'database.restore'],
  ...['fail', 'svn.load', 'svn.rehearse'],
]

test('docs of one: its options with types and texts, what it gives, its example', () => {
  const copy = docs.find(({ name }) => name === 'file.copy')
  if (copy === undefined) throw new Error('there is no file.copy')
  const text = docText(copy, 100)
  expect(text).toMatch(/^file\.copy\n {2}A file with this content/)
  expect(text).toMatch(/^ {2}content\? +Text$/m)
  expect(text).toMatch(/^ {2}dest +string$/m)
  expect(text).toMatch(/^Example:\n {2}file\.copy\(\{$/m)
  expect(text.split('\n').filter((line) => line.length > 120)).toEqual([])
  expect(listText(docs, 100)).toMatch(/^ {2}file\.copy +A file with this content/m)
})

test('an unknown module names the nearest', async () => {
  const io = fakeIo()
  expect(await runProgram(io, ['docs', 'file.cpy'])).toBe(2)
  expect(io.written.err).toBe(
    'There is no module "file.cpy"; did you mean "file.copy"?\nSee what there is: upgrade-fleet docs\n',
  )
})

test('every example compiles, and is done, done twice without a change, and undone', async () => {
  const all = docs.flatMap((doc) => doc.examples.map((example) => ({ doc, example })))
  const names = [
    ...new Set(docs.map(({ name, family }) => family || name)),
    'sh',
    'z',
    'irreversible',
    'secret',
  ]
  const sqlTag = 'const sql = database.sql\n'
  const source = [
    `import { ${names.join(', ')} } from 'upgrade-fleet'`,
    sqlTag,
    'export const examples = [',
    ...all.map(({ example }) => `() => ${example.replaceAll('/srv/app', join(dir, 'app'))},`),
    ']',
  ].join('\n')
  mkdirSync(dir, { recursive: true })
  const file = join(dir, 'examples.ts')
  writeFileSync(file, `${source}\n`)
  expect(await typeCheck([file], { cwd: dir, types })).toEqual([])

  const outfile = join(dir, 'examples.mjs')
  const root = fileURLToPath(new URL('../..', import.meta.url))
  await build({
    entryPoints: [file],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    alias: { 'upgrade-fleet': types },
    nodePaths: [join(root, 'node_modules')],
    packages: 'bundle',
    external: ['esbuild', 'typescript', 'ssh2', 'cpu-features'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  const { examples } = (await import(pathToFileURL(outfile).href)) as {
    readonly examples: readonly (() => Action)[]
  }
  const done: string[] = []
  const wrong: string[] = []
  for (const [at, { doc }] of all.entries()) {
    const action = examples[at]?.()
    if (action === undefined) throw new Error(`${doc.name}: there is no action`)
    if (isMade(doc)) continue
    layOut()
    try {
      const first = await perform(local, action)
      const again = await perform(local, action)
      const isAsked = action.work.kind === 'observe' || action.work.check === undefined
      if (!isAsked && again.changed && !/^command\.|^file\.setAside|^local\./.test(doc.name))
        wrong.push(`${doc.name}: done twice, it changes twice`)
      if (action.work.kind === 'change' && typeof action.work.undo === 'function') await first.undo()
      done.push(doc.name)
    } catch (error) {
      wrong.push(`${doc.name}: ${(error as Error).message}`)
    }
  }
  expect(wrong).toEqual([])
  expect(done.length).toBeGreaterThanOrEqual(45)
})
