import { dirname, join } from 'node:path'
import ts from 'typescript'

/** What a source file imports, and the words it may not hold. */
export interface Sighting {
  /** Specifiers as they stand in the file, types too. */
  readonly imports: readonly string[]
  readonly touchesProcess: boolean
  readonly exportsDefault: boolean
}

/** Reads one TypeScript file's text. */
export function sight(path: string, text: string): Sighting {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  let touchesProcess = false
  let exportsDefault = false
  const imports = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === 'process' && !ts.isPropertyAssignment(node.parent)) {
      const named = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node
      if (named ? node.parent.getText(source) === 'globalThis.process' : !bound(node)) touchesProcess = true
    }
    if (ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword) {
      exportsDefault ||= ts.isExportAssignment(node) || !ts.isDefaultClause(node.parent)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  touchesProcess ||= imports.some((name) => /^(node:)?process$/.test(name))
  return { imports, touchesProcess, exportsDefault }
}

/** Whether a name is the file's own: declared around its use, or imported from another file. */
function bound(name: ts.Identifier): boolean {
  for (let scope: ts.Node = name; scope !== undefined; scope = scope.parent) {
    if (declared(scope).some((pattern) => pattern !== undefined && binds(pattern, name.text))) return true
  }
  return false
}

function declared(scope: ts.Node): readonly (ts.BindingName | undefined)[] {
  if (ts.isFunctionLike(scope)) return scope.parameters.map((parameter) => parameter.name)
  if (ts.isCatchClause(scope)) return [scope.variableDeclaration?.name]
  const lists =
    ts.isForStatement(scope) || ts.isForOfStatement(scope) || ts.isForInStatement(scope)
      ? [scope.initializer]
      : ts.isBlock(scope) || ts.isSourceFile(scope)
        ? scope.statements.map((statement) =>
            ts.isVariableStatement(statement) ? statement.declarationList : undefined,
          )
        : []
  const imported = ts.isSourceFile(scope)
    ? scope.statements
        .filter(ts.isImportDeclaration)
        .flatMap(({ importClause: clause }) =>
          clause?.namedBindings && ts.isNamedImports(clause.namedBindings)
            ? clause.namedBindings.elements.map((element) => element.name)
            : [],
        )
    : []
  const variables = lists.flatMap((list) =>
    list !== undefined && ts.isVariableDeclarationList(list) ? list.declarations.map(({ name }) => name) : [],
  )
  return [...variables, ...imported]
}

function binds(pattern: ts.BindingName, name: string): boolean {
  if (ts.isIdentifier(pattern)) return pattern.text === name
  return pattern.elements.some((element) => ts.isBindingElement(element) && binds(element.name, name))
}

/** Which room of the house a file of `src/` is in: its folder, or its own name at the top. */
function roomOf(path: string): string {
  const [first = '', second] = path.replace(/^src\//, '').split('/')
  return second === undefined ? first.replace(/\.ts$/, '') : first
}

/** The imports of `path` that the table does not allow, each as a sentence that names the arrow. */
export function wrongArrows(
  path: string,
  imports: readonly string[],
  arrows: Readonly<Record<string, readonly string[]>>,
  packages: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const room = roomOf(path)
  const allowed = arrows[room]
  if (allowed === undefined) return [`${path}: there is no room "${room}" in the house`]
  return imports.flatMap((name) => {
    if (name.startsWith('.')) {
      const target = join(dirname(path), name)
      if (target === 'package.json' && room === 'commands') return []
      const other = roomOf(target)
      const good = target.startsWith('src/') && (other === room || allowed.includes(other))
      return good ? [] : [`${path}: ${room} -> ${other} (imports ${name})`]
    }
    if (name === 'upgrade-fleet') return [`${path}: ${room} -> index (imports ${name})`]
    const known = packages[room]
    return known === undefined || known.includes(name) ? [] : [`${path}: ${room} -> package ${name}`]
  })
}
