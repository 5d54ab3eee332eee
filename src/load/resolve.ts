import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { dirname, extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Loader, OnResolveResult, Plugin, PluginBuild } from 'esbuild'

/** Packages of ours that a playbook may import without having installed them. */
export const lent = /^(zx|yaml|semver)(\/|$)/

/** The names that {@link metaPlugin} gives to `import.meta.url` and its like. */
export const metaNames = {
  'import.meta.url': '__upgradeFleetUrl',
  'import.meta.dirname': '__upgradeFleetDirname',
  'import.meta.filename': '__upgradeFleetFilename',
}

/**
 * Bare names: `upgrade-fleet` is the file `packageUrl`, so that there is one copy of it however it was installed; others
 * come from the playbook's own project, then from ours. All of them stay out of the bundle.
 */
export function packagesPlugin(packageUrl: string): Plugin {
  return {
    name: 'packages',
    setup(build) {
      build.onResolve({ filter: /^[^./#]/ }, async (args): Promise<OnResolveResult | undefined> => {
        if (args.kind === 'entry-point' || args.pluginData === resolving) return undefined
        if (args.path === 'upgrade-fleet') return { path: packageUrl, external: true }
        if (isBuiltin(args.path) || args.path.startsWith('file:')) return { path: args.path, external: true }
        const own = await resolveFrom(build, args.path, args.resolveDir, args.kind)
        if (own !== undefined) return own
        const ours = dirname(fileURLToPath(packageUrl))
        return lent.test(args.path) ? resolveFrom(build, args.path, ours, args.kind) : undefined
      })
    },
  }
}

const resolving = Symbol('resolving')

async function resolveFrom(
  build: PluginBuild,
  name: string,
  resolveDir: string,
  kind: 'import-statement' | string,
): Promise<OnResolveResult | undefined> {
  const { path, errors } = await build.resolve(name, {
    resolveDir,
    kind: kind === 'require-call' ? 'require-call' : 'import-statement',
    pluginData: resolving,
  })
  if (errors.length > 0) return undefined
  // A workspace's own sources are bundled, since Node cannot read TypeScript.
  if (/\.[cm]?tsx?$/.test(path)) return { path }
  return { path: pathToFileURL(path).href, external: true }
}

/** Gives each file its own `import.meta.url`, `dirname` and `filename`, those of the source and not of the bundle. */
export function metaPlugin(): Plugin {
  return {
    name: 'import-meta',
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
        const text = await readFile(path, 'utf8').catch(() => undefined)
        if (text === undefined || !/\bimport\s*\.\s*meta\b/.test(text)) return undefined
        // Behind the text, so that its lines and columns stay: imports are hoisted.
        const names = Object.values(metaNames).join(', ')
        const contents = `${text}\nimport { ${names} } from ${JSON.stringify(`upgrade-fleet-meta:${path}`)}\n`
        return { contents, loader: extname(path).replace(/^\.[cm]?/, '') as Loader }
      })
      build.onResolve({ filter: /^upgrade-fleet-meta:/ }, ({ path }) => ({
        path: path.slice('upgrade-fleet-meta:'.length),
        namespace: 'meta',
        sideEffects: false,
      }))
      build.onLoad({ filter: /.*/, namespace: 'meta' }, ({ path }) => {
        const values = [pathToFileURL(path).href, dirname(path), path]
        const lines = Object.values(metaNames).map(
          (name, at) => `export const ${name} = ${JSON.stringify(values[at])}`,
        )
        return { contents: lines.join('\n'), loader: 'js' }
      })
    },
  }
}
