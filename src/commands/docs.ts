import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { ModuleDoc } from '../load/module-docs.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { didYouMean } from '../model/nearest.ts'
import { wrapped } from '../plan/wrap.ts'
import { listText, markdownText } from './docs-rooms.ts'
import { typesFile } from './paths.ts'

/** `upgrade-fleet docs [MODULE]`: what modules there are, or all that the doc comments say of one. */
export function docsCommand(io: Io): Command {
  return new Command('docs')
    .description(
      'print the modules that playbooks are made of, or all of one: options, promises, undo, examples',
    )
    .argument('[module]', 'a module (file.copy), or a family of them (file)')
    .option('--json', 'print all that is known as JSON')
    .option('--markdown', 'print all that is known as Markdown')
    .action(async (wanted: string | undefined, { json, markdown }: Options) => {
      const docs = await allDocs()
      const chosen =
        wanted === undefined ? docs : docs.filter(({ name, family }) => name === wanted || family === wanted)
      if (chosen.length === 0)
        throw new InputError(
          `There is no module "${wanted}"${didYouMean(wanted ?? '', namesOf(docs))}`,
          'See what there is: upgrade-fleet docs',
        )
      if (json === true) io.out(`${JSON.stringify(chosen, null, 2)}\n`)
      else if (markdown === true) io.out(markdownText(chosen))
      else if (wanted === undefined || chosen.length > 1) io.out(listText(chosen, io.columns))
      else for (const doc of chosen) io.out(docText(doc, io.columns))
    })
}

type Options = { readonly json?: boolean; readonly markdown?: boolean }

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
