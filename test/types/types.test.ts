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

/** The same with a block around every tenth task, with rescue and always, and a handler that all notify. */
const blocks = (length: number): string => `
import { play, playbook } from 'upgrade-fleet'
import { detect, fleet } from './world.ts'
export const book = playbook('x', { fleet }, (site) => [
  play('p', site.web)
    .handler('reload', () => detect({ home: '/' }))
    .task('t0', () => detect({ home: '/' }))
${Array.from({ length: length - 1 }, (_, n) => {
  const task = (tasks: string) =>
    `${tasks}.task('t${n + 1}', (seen) => detect({ home: seen.t0.version + seen.t${n}${n > 0 && n % 10 === 0 ? '?' : ''}.version }), { notify: 'reload' })`
  return n % 10 === 9
    ? `    .block('b${n}', (tasks) => ${task('tasks')}, {
      rescue: (tasks) => tasks.task('r${n}', ({ failure }) => detect({ home: failure.message })),
      always: (tasks) => tasks.task('a${n}', ({ t0 }) => detect({ home: t0.version })) })`
    : `    ${task('')}`
}).join('\n')}
])
`

const generated = new Map([
  [`${here}chain.ts`, chain(100)],
  [`${here}blocks.ts`, blocks(100)],
])

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

test('a chain of 100 tasks with blocks and a handler compiles', () => {
  expect(messages(`${here}blocks.ts`)).toEqual([])
})

test('nothing else is wrong', () => {
  const others = diagnostics.filter(({ file }) => !file?.fileName.startsWith(`${here}invalid/`))
  expect(others.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
})
