import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../../src/commands/program.ts'
import { readJournal } from '../../src/journal/file.ts'
import type { Stamped } from '../../src/model/event.ts'
import type { Io } from '../../src/model/io.ts'
import { fakeIo } from './io.ts'
import { files } from './site.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What of `upgrade-fleet` the playbooks of these tests use, without all that it exports: bundled, it costs a second each time. */
const model = (file: string): string => `${root}src/model/${file}.ts`

/** A project with an inventory and playbooks, whose hosts are directories of this machine, and the commands as they are typed in it. */
export interface Project {
  readonly cwd: string
  /** What a command came to. */
  call(args: readonly string[], given?: Partial<Io>): Promise<{ code: number; out: string; err: string }>
  read(path: string): Promise<string>
  write(path: string, text: string): Promise<void>
  /** The events of every run so far, the oldest run first. */
  journals(): Promise<readonly (readonly Stamped[])[]>
}

/** What a playbook of a test may begin with: the words of `upgrade-fleet`, and modules on plain files. */
export const prelude = `import { z } from 'zod'
import { change, irreversible, observe, restored, skip } from '${model('action')}'
import { sh } from '${model('command')}'
import { any, defineFleet } from '${model('fleet')}'
import { play } from '${model('play')}'
import { approve, conclude, playbook } from '${model('playbook')}'
const fleet = defineFleet({
  groups: { web: any(z.object({ dir: z.string(), color: z.string(), password: z.string().optional() })) },
  vars: z.object({ motto: z.string().optional(), artifacts: z.array(z.object({ name: z.string(), file: z.string(), sha256: z.string() })).optional() }),
})
const read = observe('test.read', async (on, { path }: { path: string }) => ({ text: (await on.must(sh.read\`cat -- \${path}\`)).trim() }))
const write = change('test.write', {
  check: async (on, { path, text }: { path: string; text: string }) => {
    const there = await on.exec(sh.read\`cat -- \${path} 2>/dev/null\`)
    return there.stdout === text ? { path } : undefined
  },
  remember: async (on, { path }) => (await on.exec(sh.read\`cat -- \${path} 2>/dev/null\`)).stdout,
  apply: async (on, { path, text }) => { await on.must(sh\`printf %s \${text} > \${path}\`); return { path } },
  undo: async (on, { path }, before) => { await on.must(sh\`printf %s \${before} > \${path}\`) },
})
const announce = change('test.announce', { apply: async () => ({ done: true }), undo: irreversible('users were told') })
`

/** Makes one: hosts `a`, `b` and `c`, each with a file `fact`. */
export async function makeProject(contents: Readonly<Record<string, string>>): Promise<Project> {
  const cwd = await files(contents)
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'))
  for (const host of ['a', 'b', 'c']) {
    await mkdir(join(cwd, host), { recursive: true })
    await writeFile(join(cwd, host, 'fact'), `fact of ${host}\n`)
  }
  const hosts = ['a', 'b', 'c'].map(
    (host) => `      ${host}: { dir: ${join(cwd, host)}, upgrade_fleet_dir: ${join(cwd, host, 'work')} }`,
  )
  const inventory = `all:\n  vars: { ansible_connection: local, color: red }\nweb:\n  hosts:\n${hosts.join('\n')}\n`
  await mkdir(join(cwd, 'inventory'), { recursive: true })
  await writeFile(join(cwd, 'inventory/hosts.yml'), contents['inventory/hosts.yml'] ?? inventory)
  return {
    cwd,
    call: async (args, given = {}) => {
      const io = fakeIo({ cwd, home: cwd, ...given })
      const code = await runProgram(io, args)
      return { code, ...io.written }
    },
    read: (path) => readFile(join(cwd, path), 'utf8'),
    write: (path, text) => writeFile(join(cwd, path), text),
    journals: async () => {
      const runs = join(cwd, '.upgrade-fleet/runs')
      if (!existsSync(runs)) return []
      return Promise.all(
        readdirSync(runs)
          .sort()
          .map((id) => readJournal(join(runs, id, 'journal.jsonl'))),
      )
    },
  }
}
