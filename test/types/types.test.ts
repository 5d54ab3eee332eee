import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))
const invalid = readdirSync(`${here}invalid`).map((name) => `${here}invalid/${name}`)

/** A chain of tasks, each reading the output of the one before it and of the first. */
const chain = (length: number): string => `
import { play, playbook } from 'upgrade-fleet'
import { detect, fleet } from './world.ts'
export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .task('t0', () => detect({ home: '/' }))
${Array.from({ length: length - 1 }, (_, n) => `    .task('t${n + 1}', (seen) => detect({ home: seen.t0.version + seen.t${n}.version }))`).join('\n')}
])
`

const generated = new Map([[`${here}chain.ts`, chain(100)]])

/** Everything is checked in one program: the mistakes, and the chain. */
const diagnostics = (() => {
  const file = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(file.config, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = (name) => generated.has(name) || fileExists(name)
  host.getSourceFile = (name, target, ...rest) => {
    const text = generated.get(name)
    return text === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, text, target)
  }
  const program = ts.createProgram([...invalid, ...generated.keys()], options, host)
  return ts.getPreEmitDiagnostics(program)
})()

const messages = (name: string) =>
  diagnostics
    .filter((diagnostic) => diagnostic.file?.fileName === name)
    .map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'))

test.each(invalid.map((path) => [path.slice(`${here}invalid/`.length), path]))(
  '%s must not compile',
  (_name, path) => {
    const [, expected] = /^\/\/ error: (.*)$/m.exec(readFileSync(path, 'utf8')) ?? []
    expect(messages(path).join('\n')).toContain(expected)
  },
)

test('a chain of 100 tasks compiles', () => {
  expect(messages(`${here}chain.ts`)).toEqual([])
})

test('nothing else is wrong', () => {
  const others = diagnostics.filter(({ file }) => !file?.fileName.startsWith(`${here}invalid/`))
  expect(others.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
})
