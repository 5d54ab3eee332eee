import { dirname } from 'node:path'
import type ts from 'typescript'

/** One option of a module, or one field of what it returns. */
export interface OptionDoc {
  readonly name: string
  readonly type: string
  readonly optional: boolean
  readonly text: string
  /** What it is where it is left out, where its text says so. */
  readonly default?: string
}

/** What the doc comments and types say of a module: a function of the package that makes an action. */
export interface ModuleDoc {
  /** As a playbook calls it: `file.copy`, `unarchive`. */
  readonly name: string
  /** What stands before the dot; empty for those that have none. */
  readonly family: string
  readonly text: string
  readonly options: readonly OptionDoc[]
  /** The type of its output. */
  readonly output: string
  /** Each a TypeScript expression that is an action. */
  readonly examples: readonly string[]
}

/** Reads the modules out of the types of `upgrade-fleet` (its declarations, or its sources), in the order of their names. */
export async function moduleDocs(types: string): Promise<readonly ModuleDoc[]> {
  const { default: typescript } = await import('typescript')
  const program = typescript.createProgram({
    rootNames: [types],
    options: {
      target: typescript.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts'],
      module: typescript.ModuleKind.ESNext,
      moduleResolution: typescript.ModuleResolutionKind.Bundler,
      allowImportingTsExtensions: true,
      types: ['node'],
      typeRoots:
        typescript.getEffectiveTypeRoots(
          { configFilePath: types },
          { getCurrentDirectory: () => dirname(types) },
        ) ?? [],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
    },
  })
  const source = program.getSourceFile(types)
  const checker = program.getTypeChecker()
  const top = source && checker.getSymbolAtLocation(source)
  if (top === undefined) throw new Error(`${types} exports nothing`)
  const reader = readerOf(typescript, checker)
  const found = checker.getExportsOfModule(top).flatMap((symbol) => {
    const real = reader.behind(symbol)
    if ((real.flags & typescript.SymbolFlags.ValueModule) === 0)
      return reader.moduleOf(symbol.name, '', real) ?? []
    return checker
      .getExportsOfModule(real)
      .flatMap((member) => reader.moduleOf(member.name, symbol.name, reader.behind(member)) ?? [])
  })
  return found.sort((one, other) => (one.name < other.name ? -1 : 1))
}

// `; default 5.`, `default: all`, `` `host` (default): ``, `0755 unless told`.
const defaultOf = (text: string): string | undefined =>
  /`([^`]+)` \((?:the )?default\)/.exec(text)?.[1] ??
  /(\w+) unless told/.exec(text)?.[1] ??
  /\bdefault:? (?:`([^`]+)`|([^;,.]+(?:\.\d+)?))/
    .exec(text)
    ?.slice(1)
    .find((each) => each !== undefined)

function readerOf(typescript: typeof ts, checker: ts.TypeChecker) {
  const behind = (symbol: ts.Symbol): ts.Symbol =>
    (symbol.flags & typescript.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  const textOf = (symbol: ts.Symbol): string =>
    typescript
      .displayPartsToString(symbol.getDocumentationComment(checker))
      .replace(/\s*\n\s*/g, ' ')
      .trim()

  // An input that is no object (a message, nothing at all) has methods, and no options.
  const isObject = (type: ts.Type) =>
    (type.flags & (typescript.TypeFlags.Object | typescript.TypeFlags.Intersection)) !== 0
  const optionsOf = (type: ts.Type): readonly OptionDoc[] => {
    const all = type.isUnion() ? type.types : [type]
    if (all.some((variant) => (variant.flags & typescript.TypeFlags.StringLike) !== 0)) return []
    const variants = all.filter((variant) => isObject(variant) && !checker.isArrayType(variant))
    const options = new Map<string, OptionDoc & { readonly times: number }>()
    for (const variant of variants)
      for (const property of checker.getPropertiesOfType(variant)) {
        const known = options.get(property.name)
        const optional = (property.flags & typescript.SymbolFlags.Optional) !== 0 || known?.optional === true
        const own = checker.typeToString(checker.getNonNullableType(checker.getTypeOfSymbol(property)))
        if (own === 'never' || own === 'undefined') continue
        const type =
          known === undefined || known.type.split(' | ').includes(own) ? own : `${known.type} | ${own}`
        const text = known?.text || textOf(property)
        options.set(property.name, {
          name: property.name,
          type,
          optional,
          text,
          times: (known?.times ?? 0) + 1,
        })
      }
    return [...options.values()].map(({ times, ...option }) => {
      const value = defaultOf(option.text)
      return {
        ...option,
        optional: option.optional || times < variants.length,
        ...(value !== undefined && { default: value }),
      }
    })
  }

  /** What an exported value is as a module; undefined where it makes no action. */
  const moduleOf = (name: string, family: string, symbol: ts.Symbol): ModuleDoc | undefined => {
    // `in_` is `in`, for who cannot write that.
    if ((symbol.flags & typescript.SymbolFlags.Value) === 0 || name.endsWith('_')) return undefined
    const [call] = checker.getSignaturesOfType(checker.getTypeOfSymbol(symbol), typescript.SignatureKind.Call)
    if (call === undefined) return undefined
    const made = checker.getReturnTypeOfSignature(call)
    if (made.symbol?.name !== 'Action') return undefined
    const [output] = checker.getTypeArguments(made as ts.TypeReference)
    const [input] = call.getParameters()
    const tags = symbol.getJsDocTags(checker)
    return {
      name: family === '' ? name : `${family}.${name}`,
      family,
      text: textOf(symbol),
      options: input === undefined ? [] : optionsOf(checker.getTypeOfSymbol(input)),
      output: output === undefined ? 'unknown' : checker.typeToString(output),
      examples: tags
        .filter((tag) => tag.name === 'example')
        .map((tag) =>
          typescript
            .displayPartsToString(tag.text)
            .replace(/^```\w*\n|\n```$/g, '')
            .trim(),
        ),
    }
  }
  return { behind, moduleOf }
}
