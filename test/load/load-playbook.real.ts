import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadBundle, loadPlaybook } from '../../src/load/load-playbook.ts'
import { builtPackage } from '../support/package.ts'
import { files, problemsOf } from '../support/site.ts'

const fleet = `import { any, defineFleet, z } from 'upgrade-fleet'
export const fleet = defineFleet({ groups: { web: any(z.object({})) }, vars: z.object({}) })
`
const good = `import { playbook } from 'upgrade-fleet'
import semver from 'semver'
import { fleet } from './lib/fleet.ts'
import { where } from './lib/where.ts'

enum Kind { rolling = 'rolling' }
export default playbook(\`\${Kind.rolling} \${semver.major('3.0.0')} \${where}\`, { fleet }, () => {
  throw new Error('here')
})
`
const where = `import { basename } from 'node:path'
export const where = [import.meta.url, import.meta.dirname, import.meta.filename].map((name) => basename(name)).join(' ')
// import.meta.url in a comment stays`
const project = { 'p.ts': good, 'lib/fleet.ts': fleet, 'lib/where.ts': where }

async function load(contents: Record<string, string>, file = 'p.ts') {
  const cwd = await files(contents)
  return {
    cwd,
    ...(await loadPlaybook(file, { cwd, runDir: join(cwd, 'run'), packageUrl: await builtPackage() })),
  }
}

describe('loadPlaybook', () => {
  it('bundles the project and gives each file its own import.meta', async () => {
    const { cwd, playbook, inputs } = await load(project)
    expect(playbook.name).toBe('rolling 3 where.ts lib where.ts')
    expect(inputs).toEqual(['lib/fleet.ts', 'lib/where.ts', 'p.ts'].map((name) => join(cwd, name)))
  })

  it('has a digest of names and contents, not of the place', async () => {
    const [one, two, other] = await Promise.all([
      load(project),
      load(project),
      load({ ...project, 'lib/where.ts': `${where}\n` }),
    ])
    expect(one.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(two.digest).toBe(one.digest)
    expect(other.digest).not.toBe(one.digest)
  })

  it('loads a kept bundle again', async () => {
    const { bundle, playbook } = await load(project)
    expect((await loadBundle(bundle)).name).toBe(playbook.name)
    expect(await problemsOf(() => loadBundle('/nowhere/p.mjs'))).toEqual([
      '/nowhere/p.mjs: expected the playbook that the run kept, got no such file',
    ])
  })

  it('keeps positions of the source in stack traces', async () => {
    const { cwd, bundle } = await load(project)
    const script = `import(${JSON.stringify(pathToFileURL(bundle).href)}).then((m) => m.default.plays()).catch((e) => console.log(e.stack))`
    const stack = execFileSync(process.execPath, ['--enable-source-maps', '-e', script], { encoding: 'utf8' })
    expect(stack).toContain(`${join(cwd, 'p.ts')}:8:9`)
  })

  it.each<[string, Record<string, string>, RegExp[]]>([
    ['a syntax error', { 'p.ts': 'const a = 1\nconst b = )\n' }, [/^p\.ts:2:11 Unexpected "\)"$/]],
    ['a missing file', { 'p.ts': "import './lib.ts'\n" }, [/^p\.ts:1:8 Could not resolve "\.\/lib\.ts"$/]],
    [
      'missing packages, all of them',
      { 'p.ts': "import 'lodahs'\nimport 'left-dap'\n" },
      [/^p\.ts:1:8 Could not resolve "lodahs"$/, /^p\.ts:2:8 Could not resolve "left-dap"$/],
    ],
    [
      'no default export',
      { 'p.ts': 'export const a = 1\n' },
      [/^p\.ts: expected a playbook .* got no default export$/],
    ],
    [
      'another default export',
      { 'p.ts': 'export default 1\n' },
      [/^p\.ts: expected a playbook .* got something else$/],
    ],
    [
      'an export that is not there',
      { 'p.ts': "import { plabook } from 'upgrade-fleet'\nexport default plabook()\n" },
      [/cannot be loaded: .*plabook/],
    ],
    ['a throw', { 'p.ts': 'throw new Error("no")\n' }, [/p\.ts:1:7 cannot be loaded: Error: no$/]],
    ['nothing', {}, [/^p\.ts: expected a playbook, got no such file in /]],
  ])('tells of %s', async (_name, contents, expected) => {
    const problems = await problemsOf(() => load(contents))
    expect(problems).toHaveLength(expected.length)
    for (const [at, pattern] of expected.entries()) expect(problems[at]).toMatch(pattern)
  })
})
