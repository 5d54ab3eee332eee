import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(realpathSync(tmpdir()), 'upgrade-fleet-package-'))
const run = (cwd: string, command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const playbook = `
import { any, change, defineFleet, play, playbook, restored, z } from 'upgrade-fleet'

const fleet = defineFleet({ groups: { web: any(z.object({ port: z.number() })) }, vars: z.object({}) })
const listen = change('listen', { apply: async (_on, input: { port: number }) => input.port, undo: restored })

export default playbook('listen', { fleet }, (site) => [
  play('listen', site.web)
    .task('port', ({ host }) => listen({ port: host.vars.port }))
    .task('again', ({ port }) => listen({ port: port + 1 })),
])
`

beforeAll(() => {
  run(root, 'npm', 'pack', '--ignore-scripts=false', '--pack-destination', folder)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  run(
    folder,
    'npm',
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    join(folder, tarball),
  )
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed package, installed elsewhere', () => {
  test('has a command that tells its version', () => {
    expect(run(folder, 'npx', 'upgrade-fleet', '--version')).toBe(`${manifest.version}\n`)
  })

  test('has types with which a playbook compiles, and one with a mistake does not', () => {
    mkdirSync(join(folder, 'playbooks'))
    const mistake = playbook.replace(".task('again'", "// @ts-expect-error: there is no prot\n.task('again'")
    writeFileSync(join(folder, 'playbooks/listen.ts'), playbook)
    writeFileSync(join(folder, 'playbooks/wrong.ts'), mistake.replace('({ port })', '({ prot: port })'))
    const flags = '--noEmit --strict --skipLibCheck --ignoreConfig --module nodenext --target es2023'.split(
      ' ',
    )
    expect(run(folder, 'npx', 'tsc', ...flags, 'playbooks/listen.ts', 'playbooks/wrong.ts')).toBe('')
  })

  test('checks a playbook of the project, runs it and takes it back', () => {
    const local = `
import { change, defineFleet, play, playbook, sh, some, z } from 'upgrade-fleet'
const fleet = defineFleet({ groups: { here: some(z.object({ file: z.string() })) }, vars: z.object({}) })
const touch = change('touch', {
  apply: async (on, path: string) => { await on.must(sh\`touch -- \${path}\`) },
  undo: async (on, path) => { await on.must(sh\`rm -- \${path}\`) },
})
export default playbook('local', { fleet }, (site) => [
  play('touch', site.here).task('file', ({ host }) => touch(host.vars.file)),
])
`
    const made = join(folder, 'made')
    writeFileSync(join(folder, 'playbooks/local.ts'), local)
    mkdirSync(join(folder, 'inventory'))
    const vars = `{ ansible_connection: local, upgrade_fleet_dir: ${join(folder, 'work')}, file: ${made} }`
    writeFileSync(join(folder, 'inventory/hosts.yml'), `here: { hosts: { me: ${vars} } }\n`)
    expect(run(folder, 'npx', 'upgrade-fleet', 'check', 'playbooks/local.ts')).toContain('good')
    run(folder, 'npx', 'upgrade-fleet', 'playbooks/local.ts')
    expect(existsSync(made)).toBe(true)
    run(folder, 'npx', 'upgrade-fleet', 'rollback')
    expect(existsSync(made)).toBe(false)
  })

  test('has one instance of the model for the command and for playbooks', () => {
    const code = `
      import { play, z } from 'upgrade-fleet'
      if (play('a', []).kind !== 'play' || z.object({ a: z.string() }).safeParse({ a: 1 }).success) process.exit(1)
    `
    run(folder, process.execPath, '--input-type=module', '-e', code)
  })

  test('holds nothing of a lab, no tests and no sources', () => {
    const files = readdirSync(join(folder, 'node_modules/upgrade-fleet'), { recursive: true }).map(String)
    expect(files.filter((name) => /^(src|test|scripts|inventory\/lab)/.test(name))).toEqual([])
  })

  test('passes publint', () => {
    run(root, 'node_modules/.bin/publint', '--pack', 'false', join(folder, 'node_modules/upgrade-fleet'))
  })
})

describe('this repository', () => {
  test('offers its own command to npx', () => {
    expect(run(root, 'npx', 'upgrade-fleet', '--version')).toBe(`${manifest.version}\n`)
  })

  test('has a command that runs from anywhere, and without a node_modules/upgrade-fleet', () => {
    expect(run(folder, join(root, 'dist/main.js'), '--version')).toBe(`${manifest.version}\n`)
  })

  test("uses V8's code of its engine, and does without", () => {
    const rejected = "import { script } from './engine.js'; console.log(script.cachedDataRejected)"
    const at = (name: string) => join(folder, 'built', name)
    cpSync(join(root, 'dist'), at('.'), { recursive: true })
    writeFileSync(at('package.json'), '{ "type": "module" }')
    const says = () => run(at('.'), process.execPath, '--input-type=module', '-e', rejected)
    expect(says()).toBe('false\n')
    const code = readdirSync(at('.')).find((name) => name.endsWith(`.cjs.${process.version}-${process.arch}`))
    truncateSync(at(code ?? ''), 100_000)
    expect(says()).toBe('true\n')
    expect(run(folder, at('main.js'), '--version')).toBe(`${manifest.version}\n`)
    rmSync(at(code ?? ''))
    expect(says()).toBe('undefined\n')
    expect(run(folder, at('main.js'), '--version')).toBe(`${manifest.version}\n`)
  })
})
