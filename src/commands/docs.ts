import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { ModuleDoc } from '../load/module-docs.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { didYouMean } from '../model/nearest.ts'
import { wrapped } from '../plan/wrap.ts'
import { typesFile } from './paths.ts'

/** `upgrade-fleet docs [MODULE]`: what modules there are, or all that the doc comments say of one. */
export function docsCommand(io: Io): Command {
  return new Command('docs')
    .description(
      'print the modules that playbooks are made of, or all of one: options, promises, undo, examples',
    )
    .argument('[module]', 'a module (file.copy), or a family of them (file)')
    .option('--json', 'print all that is known as JSON')
    .action(async (wanted: string | undefined, { json = false }: { readonly json?: boolean }) => {
      const docs = await allDocs()
      const chosen =
        wanted === undefined ? docs : docs.filter(({ name, family }) => name === wanted || family === wanted)
      if (chosen.length === 0)
        throw new InputError(
          `There is no module "${wanted}"${didYouMean(wanted ?? '', namesOf(docs))}`,
          'See what there is: upgrade-fleet docs',
        )
      if (json) io.out(`${JSON.stringify(chosen, null, 2)}\n`)
      else if (wanted === undefined || chosen.length > 1) io.out(listText(chosen, io.columns))
      else for (const doc of chosen) io.out(docText(doc, io.columns))
    })
}

const namesOf = (docs: readonly ModuleDoc[]): readonly string[] => [
  ...new Set(docs.flatMap(({ name, family }) => [name, ...(family === '' ? [] : [family])])),
]

// In our repository the sources are what counts; where we are installed, what was read when the package was made is quicker.
async function allDocs(): Promise<readonly ModuleDoc[]> {
  const types = await typesFile()
  const list = await readFile(new URL('./docs.json', import.meta.url), 'utf8').catch(() => undefined)
  if (list !== undefined && types.endsWith('.d.ts')) return JSON.parse(list)
  const { moduleDocs } = await import('../load/module-docs.ts')
  return moduleDocs(types)
}

/** One line each, by family. */
export function listText(docs: readonly ModuleDoc[], columns: number): string {
  const wide = Math.max(...docs.map(({ name }) => name.length))
  const lines = docs.map(({ name, text }) => {
    const [first = ''] = text.split(/(?<=[.:]) /)
    return `${name.padEnd(wide)}  ${first.replace(/[.:]$/, '')}`.slice(0, Math.max(60, columns))
  })
  return `${lines.join('\n')}\n`
}

/** All of one: what it promises, its options, what it gives, how it is called. */
export function docText({ name, text, options, output, examples }: ModuleDoc, columns: number): string {
  const width = Math.min(columns, 120)
  const wide = Math.max(0, ...options.map((option) => option.name.length + 1))
  const optionLines = options.flatMap((option) => {
    const head = `  ${`${option.name}${option.optional ? '?' : ''}`.padEnd(wide)}  ${option.type}`
    return [head, ...wrapped(option.text.split(' '), ' ', width - 6).map((line) => `      ${line}`)]
  })
  return [
    name,
    ...wrapped(text.split(' '), ' ', width - 2).map((line) => `  ${line}`),
    ...(options.length === 0 ? [] : ['', 'Options (? may be left out):', ...optionLines]),
    '',
    `Gives: ${output}`,
    ...examples.flatMap((example) => ['', 'Example:', ...example.split('\n').map((line) => `  ${line}`)]),
    '',
  ].join('\n')
}
