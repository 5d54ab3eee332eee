import { dirname, relative, sep } from 'node:path'
import type ts from 'typescript'
import { lent } from './resolve.ts'
import { typeMessage } from './type-message.ts'

/** Where to check from: `types` is the file that tells the types of `upgrade-fleet`. */
export interface TypeCheckOptions {
  readonly cwd: string
  readonly types: string
}

/**
 * Checks playbooks with TypeScript under our strict flags; gives one `file:line:column message` for each mistake in them
 * or in what they import of their own project. `upgrade-fleet` is `types`; zx, yaml and semver may be ours.
 */
export async function typeCheck(
  files: readonly string[],
  options: TypeCheckOptions,
): Promise<readonly string[]> {
  const { default: typescript } = await import('typescript')
  const flags = strictFlags(typescript, options.types)
  const host = typescript.createCompilerHost(flags)
  const cache = typescript.createModuleResolutionCache(options.cwd, (name) => name, flags)
  host.getCurrentDirectory = () => options.cwd
  host.resolveModuleNameLiterals = (literals, from, _redirect, given) =>
    literals.map(({ text }) => {
      const find = (name: string, at: string) =>
        typescript.resolveModuleName(name, at, given, host, cache, undefined, typescript.ModuleKind.ESNext)
      if (text === 'upgrade-fleet') {
        const extension = options.types.endsWith('.d.ts') ? typescript.Extension.Dts : typescript.Extension.Ts
        return {
          resolvedModule: { resolvedFileName: options.types, extension, isExternalLibraryImport: false },
        }
      }
      const own = find(text, from)
      return own.resolvedModule === undefined && lent.test(text) ? find(text, options.types) : own
    })
  const program = typescript.createProgram({ rootNames: [...files], options: flags, host })
  const ours = dirname(options.types) + sep
  const theirs = program
    .getSourceFiles()
    .filter(
      (file) => !file.isDeclarationFile && !file.fileName.startsWith(ours) && !isInstalled(file.fileName),
    )
  const found = [
    ...program.getOptionsDiagnostics(),
    ...theirs.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ]
  return found.map((diagnostic) => text(typescript, program, diagnostic, options.cwd))
}

const isInstalled = (path: string) => path.includes('/node_modules/')

function strictFlags(typescript: typeof ts, types: string): ts.CompilerOptions {
  const roots = typescript.getEffectiveTypeRoots(
    { configFilePath: types },
    { getCurrentDirectory: () => dirname(types) },
  )
  return {
    target: typescript.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    module: typescript.ModuleKind.ESNext,
    // What esbuild does: a playbook's directory needs no package.json.
    moduleResolution: typescript.ModuleResolutionKind.Bundler,
    moduleDetection: typescript.ModuleDetectionKind.Force,
    allowImportingTsExtensions: true,
    types: ['node'],
    ...(roots !== undefined && { typeRoots: [...roots] }),
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noImplicitOverride: true,
    noImplicitReturns: true,
    noFallthroughCasesInSwitch: true,
    allowUnreachableCode: false,
    isolatedModules: true,
    resolveJsonModule: true,
    skipLibCheck: true,
    noEmit: true,
  }
}

function text(typescript: typeof ts, program: ts.Program, found: ts.Diagnostic, cwd: string): string {
  const message = typeMessage(typescript, program, found)
  const { file, start } = found
  if (file === undefined || start === undefined) return message
  const { line, character } = file.getLineAndCharacterOfPosition(start)
  const short = relative(cwd, file.fileName)
  return `${short.startsWith('..') ? file.fileName : short}:${line + 1}:${character + 1} ${message}`
}
