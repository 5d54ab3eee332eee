import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { secret } from '../../../src/model/secret.ts'
import * as svn from '../../../src/modules/svn/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { localOn, perform } from '../../support/local-on.ts'
import { localPlace, secretValue } from '../../support/places.ts'
import { type Svnserve, startSvnserve } from '../../support/svnserve.ts'
import { type ChangeCase, changeContract, seen } from '../contract.ts'

const root = mkdtempSync(join(fastDirectory(), 'svn contract-'))
const odd = `-x é "it's" @2 %41`
const password = secretValue
let server: Svnserve
beforeAll(async () => {
  server = await startSvnserve(root, '127.131.2.1', 'wso2', password)
})
afterAll(async () => {
  await server.stop()
  rmSync(root, { recursive: true })
})

const nameOf = (dir: string) => `r${basename(dir)}`
const repository = (dir: string): svn.Repository => ({
  url: server.url(nameOf(dir)),
  user: 'wso2',
  password: secret('env:SVN'),
})
const quiet = ['--non-interactive', '--config-dir', '/dev/null/none', '-q']
const look = (what: string, dir: string, ...rest: readonly string[]) =>
  execFileSync('svnlook', [what, join(root, nameOf(dir)), ...rest], { encoding: 'utf8' })

/** A repository of a case, with two revisions. */
function filled(dir: string): void {
  server.create(nameOf(dir))
  mkdirSync(join(dir, 'files/deep/er'), { recursive: true })
  writeFileSync(join(dir, 'files', odd), 'odd\n')
  writeFileSync(join(dir, 'files/deep/er/tool'), '#!/bin/sh\n', { mode: 0o755 })
  const url = `file://${encodeURI(join(root, nameOf(dir)))}`
  for (const folder of ['one', 'two'])
    execFileSync('svn', ['import', '-m', 'x', join(dir, 'files'), `${url}/${folder}`, ...quiet])
}

/** The newest revision of the repository: names and content. */
const newest = (dir: string): string =>
  look('tree', dir, '--full-paths')
    .split('\n')
    .map((path) => (path === '' || path.endsWith('/') ? path : `${path}: ${look('cat', dir, path)}`))
    .join('\n')

// What the client and the server note beside has times and numbers of its own.
const apart = (dir: string): string =>
  seen(dir)
    .split('\n')
    .filter((line) => !/(\.svn|new repository)\//.test(line))
    .join('\n')

const dumps = new Map<string, svn.Dumped>()
const loaded = (dir: string): string => {
  const at = join(dir, 'new repository')
  if (!existsSync(at)) return apart(dir)
  const said = ['uuid', 'youngest', 'tree'].map((what) =>
    execFileSync('svnlook', [what, at], { encoding: 'utf8' }),
  )
  return `${apart(dir)}${said.join('')}`
}

const cases: readonly ChangeCase[] = [
  {
    name: 'checkout',
    prepare: filled,
    action: (dir) => svn.checkout({ repository: repository(dir), path: 'one', to: join(dir, odd) }),
    look: apart,
    // Whether a directory is there; what the server has; what the copy is.
    trips: 3,
  },
  {
    name: 'export',
    prepare: filled,
    action: (dir) => svn.exported({ repository: repository(dir), to: join(dir, odd) }),
    // Whether a directory is there; what the server has; the revision, exported once more.
    trips: 3,
  },
  {
    name: 'commit of a tree',
    prepare: (dir) => {
      filled(dir)
      writeFileSync(join(dir, 'files/new'), 'new\n')
      rmSync(join(dir, 'files', odd))
    },
    action: (dir) =>
      svn.commit({ repository: repository(dir), path: 'two', tree: join(dir, 'files'), message: 'm' }),
    look: newest,
    // What the server has; the revision, exported to be compared.
    trips: 2,
  },
  {
    name: 'emptying',
    prepare: filled,
    action: (dir) => svn.empty({ repository: repository(dir) }),
    look: newest,
    already: { removed: 0 },
  },
  {
    name: 'load of a dump',
    prepare: async (dir) => {
      filled(dir)
      const local = await localOn(join(dir, 'here'), () => password)
      const input = { repository: repository(dir), to: join(dir, 'b'), name: 'svn' }
      dumps.set(dir, (await perform(local, svn.dump(input))).out)
      await local.close()
    },
    action: (dir) => {
      const dump = dumps.get(dir)
      if (dump === undefined) throw new Error('there is no dump')
      return svn.load({ dump, to: join(dir, 'new repository') })
    },
    look: loaded,
  },
]

changeContract(
  'repositories',
  localPlace,
  cases.map((one) => ({ ...one, hidden: [password] })),
)
