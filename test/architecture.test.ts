import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { sight, wrongArrows } from './support/imports.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const rooms = ['load', 'inventory', 'plan', 'run', 'connect', 'journal', 'report', 'modules', 'apim', 'lab']

/** From a room to those that it may import; its own files always. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(rooms.map((room) => [room, ['model']])),
  model: [],
  apim: ['modules', 'model'],
  lab: ['connect', 'inventory', 'model'],
  index: ['model', 'modules', 'apim'],
  commands: [...rooms, 'model'],
  main: ['commands', 'model'],
}

/** Rooms that may import no packages but these, Node's own included. */
const packages: Readonly<Record<string, readonly string[]>> = {
  model: ['semver', 'zod', 'node:stream'], // of node:stream the types alone
  report: ['listr2', 'strip-ansi', 'string-width', 'node:module'], // the last loads string-width late
}

/** What is started by itself; the second is the lab's stand-in for a server's JVM, a process of its own. */
const programs = ['src/main.ts', 'src/lab/standin/main.ts']

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  )
const sources = filesUnder('src').filter((path) => path.endsWith('.ts'))
const sightings = sources.map((path) => ({ path, text: read(path), ...sight(path, read(path)) }))

/** Tracked files, or all that are not ignored where there is no git. */
function trackedFiles(): readonly string[] {
  try {
    return execFileSync('git', ['ls-files', '-z'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .split('\0')
      .filter((path) => path !== '')
  } catch {
    return ['src', 'test', 'scripts', 'docs', 'playbooks', 'inventory'].flatMap((folder) => {
      try {
        return filesUnder(folder)
      } catch {
        return []
      }
    })
  }
}

describe('the house', () => {
  test('imports point inwards', () => {
    expect(sightings.flatMap(({ path, imports }) => wrongArrows(path, imports, arrows, packages))).toEqual([])
  })

  test('only programs touch the process', () => {
    const touching = sightings.filter((file) => file.touchesProcess).map(({ path }) => path)
    expect(touching.filter((path) => !programs.includes(path))).toEqual([])
  })

  test('every package that is imported is a run-time dependency, and every dependency is there for a reason', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
    const bare = sightings
      .flatMap((file) => file.imports)
      .filter((name) => !/^(\.|node:)/.test(name))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      )
    // The last two are types that playbooks and our declarations need.
    const used = [...new Set([...bare, '@types/node', '@types/ssh2'])].sort()
    expect(used).toEqual(Object.keys(dependencies).sort())
  })

  test('nothing is exported as default', () => {
    expect(sightings.filter((file) => file.exportsDefault).map(({ path }) => path)).toEqual([])
  })

  test('no file is longer than 300 lines', () => {
    const files = trackedFiles().filter((path) => /^(src|playbooks)\/.*\.ts$/.test(path))
    const long = [...new Set([...sources, ...files])]
      .filter(exists)
      .filter((path) => read(path).split('\n').length > 301)
    expect(long).toEqual([])
  })
})

describe('what is tracked', () => {
  const texts = trackedFiles()
    .filter((path) => !path.endsWith('.png'))
    .filter(exists)
    .map((path) => ({ path, text: read(path) }))
  const naming = (what: RegExp) => texts.filter(({ text }) => what.test(text)).map(({ path }) => path)

  test('names no folder that is not part of the product', () => {
    expect(naming(new RegExp(['\\.\\.', 'shared\\b'].join('/')))).toEqual([])
    expect(naming(new RegExp(['/work', '(shared|wt|main)\\b'].join('/')))).toEqual([])
  })

  test('names no package registry', () => {
    expect(naming(new RegExp(['registry', '(npmjs|yarnpkg|npmmirror)'].join('\\.')))).toEqual([])
    expect(read('package-lock.json')).not.toContain('"resolved"')
  })
})

describe('this test', () => {
  const wrong = (path: string, text: string) => wrongArrows(path, sight(path, text).imports, arrows, packages)

  test('names the arrow that is not allowed', () => {
    expect(wrong('src/run/schedule.ts', "import { tree } from '../report/tree.ts'")).toEqual([
      'src/run/schedule.ts: run -> report (imports ../report/tree.ts)',
    ])
    expect(wrong('src/model/io.ts', "export type { Lab } from '../lab/lab.ts'")).toHaveLength(1)
    expect(wrong('src/lab/up.ts', "const health = await import('../apim/health.ts')")).toHaveLength(1)
    expect(wrong('src/apim/hop.ts', "import type { Fleet } from '../lab/fleet.ts'")).toHaveLength(1)
    expect(wrong('src/commands/run.ts', "import { io } from '../main.ts'")).toHaveLength(1)
    expect(wrong('src/run/x.ts', "import { sh } from 'upgrade-fleet'")).toHaveLength(1)
    expect(wrong('src/model/x.ts', "import { join } from 'node:fs'")).toEqual([
      'src/model/x.ts: model -> package node:fs',
    ])
    expect(wrong('src/cellar/x.ts', '')).toEqual(['src/cellar/x.ts: there is no room "cellar" in the house'])
    expect(wrong('src/run/x.ts', "import { y } from '../../test/y.ts'")).toHaveLength(1)
  })

  test('allows the arrows of the table', () => {
    expect(wrong('src/apim/stop.ts', "import { service } from '../modules/service.ts'")).toEqual([])
    expect(wrong('src/commands/lab.ts', "await import('../lab/up.ts')")).toEqual([])
    expect(wrong('src/index.ts', "export { sh } from './model/command.ts'")).toEqual([])
    expect(wrong('src/connect/ssh.ts', "import { Client } from 'ssh2'")).toEqual([])
  })

  test('sees the process and default exports, and not their names in text', () => {
    expect(sight('a.ts', 'const home = process.env').touchesProcess).toBe(true)
    expect(sight('a.ts', 'const home = globalThis.process').touchesProcess).toBe(true)
    expect(sight('a.ts', "import { env } from 'node:process'").touchesProcess).toBe(true)
    expect(
      sight('a.ts', '// process.env\nconst a = "process.env" + b.process + { process: 1 }.process')
        .touchesProcess,
    ).toBe(false)
    for (const own of [
      'for (const process of list) kill(process.pid)',
      'const f = (process: Process) => process.args',
      'list.map(({ process }) => process.args)',
      "import { process } from './own.ts'\nprocess.stop()",
      'function f() { const process = 1; return process }',
    ])
      expect(sight('a.ts', own).touchesProcess).toBe(false)
    expect(sight('a.ts', 'list.map((process) => 1); exit(process.pid)').touchesProcess).toBe(true)
    expect(sight('a.ts', 'export default 1').exportsDefault).toBe(true)
    expect(sight('a.ts', 'export default function a() {}').exportsDefault).toBe(true)
    expect(sight('a.ts', 'switch (a) { default: b() }').exportsDefault).toBe(false)
  })
})

function exists(path: string): boolean {
  try {
    read(path)
    return true
  } catch {
    return false
  }
}
