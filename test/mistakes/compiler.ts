import ts from 'typescript'
import { typeMessage } from '../../src/load/type-message.ts'
import { edited, type Mistake, root } from './mistake.ts'

/**
 * What the compiler says of each mistake first; undefined where it says nothing. One program for all: a mistake is a
 * file of its own beside the one that it was made in, so that it imports the same.
 */
export function compiled(list: readonly Mistake[]): readonly (string | undefined)[] {
  const file = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(file.config, ts.sys, root)
  // What is left over by an edit is no proof that the edit is refused, and `check` does not ask for it.
  Object.assign(options, { noUnusedLocals: false, noUnusedParameters: false })
  const host = ts.createCompilerHost(options, true)
  const names = list.map(({ file }, at) => `${root}${file.replace(/ts$/, `mistake-${at + 1}.ts`)}`)
  const variants = new Map(list.map((mistake, at) => [names[at] ?? '', edited(mistake)]))
  const { getSourceFile, fileExists } = host
  host.fileExists = (name) => variants.has(name) || fileExists(name)
  host.getSourceFile = (name, target, ...rest) => {
    const text = variants.get(name)
    return text === undefined
      ? getSourceFile(name, target, ...rest)
      : ts.createSourceFile(name, text, target, true)
  }
  const sources = names.filter((name) => name.endsWith('.ts'))
  const program = ts.createProgram(sources, options, host)
  const wrong = program.getOptionsDiagnostics()
  if (wrong.length > 0) throw new Error(`tsconfig.json: ${JSON.stringify(wrong[0]?.messageText)}`)
  return names.map((name) => {
    const source = program.getSourceFile(name)
    if (source === undefined) return undefined
    const [first] = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return first && typeMessage(ts, program, first)
  })
}
