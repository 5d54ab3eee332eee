import type ts from 'typescript'
import { didYouMean } from '../model/nearest.ts'

/**
 * What the compiler found, in one line that can be read: long types are shortened, of a chain of reasons the last one is
 * told, and of a property that is not there the name that was probably meant, else those that are there.
 */
export function typeMessage(
  typescript: typeof ts,
  program: ts.Program,
  { file, start, code, messageText }: ts.Diagnostic,
): string {
  const missing = file !== undefined && start !== undefined && notThere.has(code)
  const names = missing ? namesAt(typescript, program, file, start) : undefined
  const lines = typescript.flattenDiagnosticMessageText(messageText, '\n').split('\n')
  const [first = '', last = first] = [lines[0], lines.at(-1)].map((line) => shortened(line?.trim() ?? ''))
  const [, name] = /^Property '(.*?)' does not exist/.exec(first) ?? []
  if (name !== undefined && names !== undefined) {
    const near = didYouMean(name, names)
    return `Property '${name}' does not exist${near === '' ? `; there is: ${names.join(', ')}` : near}`
  }
  const [, needed, by] =
    /^Property '(.*?)' is missing in type .* but required in type '(.*)'\.$/.exec(last) ?? []
  if (needed !== undefined) return `Property '${needed}' is missing; it is required in type '${by}'`
  if (first.includes("type 'Secret' is not") || first.startsWith("Type 'Secret' is not"))
    return `${first} Secrets go to a command by its stdin, and into a text as a part of a list.`
  const [, word, wanted] =
    /(?:Type|Argument of type) '"(.*?)"' is not assignable to .*type '(.*)'\.$/.exec(last) ?? []
  if (word !== undefined)
    return `${last.slice(0, -1)}${didYouMean(
      word,
      [...(wanted?.matchAll(/"(.*?)"/g) ?? [])].map(([, one = '']) => one),
    )}`
  if (first.startsWith('No overload') || last.startsWith('Object literal may only')) return last
  return last === first ? first : `${first.replace(/\.$/, '')}: ${last}`
}

/** `Property does not exist`, with TypeScript's own suggestion and without. */
const notThere: ReadonlySet<number> = new Set([2339, 2551])

/** The properties of what was asked for one that it does not have: `a.b`, `a['b']` or `({ b }) =>`. */
function namesAt(
  typescript: typeof ts,
  program: ts.Program,
  file: ts.SourceFile,
  start: number,
): readonly string[] | undefined {
  const checker = program.getTypeChecker()
  const { parent } = nodeAt(typescript, file, start)
  const asked =
    typescript.isPropertyAccessExpression(parent) || typescript.isElementAccessExpression(parent)
      ? parent.expression
      : typescript.isBindingElement(parent)
        ? parent.parent
        : undefined
  if (asked === undefined) return undefined
  const names = checker
    .getTypeAtLocation(asked)
    .getProperties()
    .map((property) => property.name)
  return names.length === 0 || names.length > 20 ? undefined : names
}

function nodeAt(typescript: typeof ts, file: ts.SourceFile, start: number): ts.Node {
  let found: ts.Node = file
  const visit = (node: ts.Node): void => {
    if (node.getStart(file) > start || node.end <= start) return
    found = node
    typescript.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** A message with the members of its types left out where they are long. */
function shortened(message: string): string {
  for (let text = message; ; ) {
    const shorter = text.replace(
      /\{ (?!\.\.\. \})[^{}]{40,}\}|(?<=\{ [^{}]*)\{ \.\.\. \}(?=[^{}]*\})/g,
      (part) => (part === '{ ... }' ? '...' : '{ ... }'),
    )
    if (shorter === text) return text
    text = shorter
  }
}
