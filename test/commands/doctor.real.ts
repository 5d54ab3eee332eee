import { createHash } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Finding } from '../../src/commands/doctor/finding.ts'
import type { Io } from '../../src/model/io.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'

const model = fileURLToPath(new URL('../../src/model', import.meta.url))
const fleet = `import { z } from 'zod'
import { any, defineFleet } from '${model}/fleet.ts'
export const fleet = defineFleet({
  groups: { web: any(z.object({ dir: z.string(), color: z.string() })) },
  vars: z.object({ artifacts: z.array(z.object({ name: z.string(), file: z.string(), sha256: z.string() })).optional() }),
})
`
const uid = process.getuid?.()

/** What it says of each subject, and its exit code. */
async function examine({ call, cwd }: Project, args: readonly string[] = [], given: Partial<Io> = {}) {
  const { code, out, err } = await call(['doctor', '--output', 'json', ...args], {
    uid,
    env: { PATH: process.env['PATH'] },
    ...given,
  })
  const findings = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Finding)
  const of = (subject: string) =>
    findings
      .filter(({ about }) => about === subject)
      .map(({ kind, text, next }) =>
        `${kind}: ${text}${next === undefined ? '' : ` -> ${next}`}`.replaceAll(cwd, 'CWD'),
      )
  return { code, err, of, findings }
}

async function healthy(more: Readonly<Record<string, string>> = {}) {
  const pack = 'pack\n'
  const sha256 = createHash('sha256').update(pack).digest('hex')
  return makeProject({
    'inventory/fleet.ts': fleet,
    'inventory/artifacts.yml': `artifacts: [{ name: pack, file: packs/pack.zip, sha256: "${sha256}" }]\n`,
    'inventory/packs/pack.zip': pack,
    ...more,
  })
}

test('a project in order is said to be so, and nothing is written', async () => {
  const project = await healthy()
  const { code, of, findings } = await examine(project)
  expect(findings.filter(({ kind }) => kind === 'wrong')).toEqual([])
  expect(code).toBe(0)
  expect(of('Node')).toEqual(['fine: v20.19.0'])
  expect(of('inventory')).toEqual(['fine: inventory/hosts.yml: 3 hosts in 3 groups'])
  expect(of('fleet')).toEqual(['fine: the inventory is one of inventory/fleet.ts'])
  expect(of('artifacts')).toEqual(['fine: 1 listed, all there'])
  expect(of('state')).toEqual(['note: .upgrade-fleet is not there yet: the first run makes it'])
  expect(of('known_hosts')[0]).toMatch(/^note: CWD\/\.ssh\/known_hosts: there is none.*hostkeys scan/)
  expect(of('ssh agent')).toEqual(['note: none (SSH_AUTH_SOCK is not set): keys are read from files'])
  expect(of('disk')[0]).toMatch(/^fine: [\d.]+ (G|T|M)iB free/)
  await expect(project.read('.upgrade-fleet/runs')).rejects.toThrow('ENOENT')
})

test('people get lines, with what to type next below', async () => {
  const { call } = await healthy()
  const { out, code } = await call(['doctor'], { node: 'v18.2.0', env: {} })
  expect(code).toBe(2)
  expect(out).toContain('WRONG  Node: v18.2.0: expected 20.19 or newer\n        -> Install Node 20.19')
  expect(out).toMatch(/ok {5}inventory: .*\n/)
  expect(out).toMatch(/\n1 wrong\.\n$/)
})

test('an empty directory has no project, and is told how to get one', async () => {
  const project = await makeProject({})
  const { code, of } = await examine(project, [], { env: { UPGRADE_FLEET_INVENTORY: 'no.yml' } })
  expect(code).toBe(2)
  expect(of('inventory')).toEqual(['wrong: no.yml: expected an inventory, got no such file'])
  expect(of('fleet')[0]).toMatch(/^wrong: inventory\/fleet\.ts: expected the module .* upgrade-fleet init$/)
})

test('everything wrong with inventory and fleet is told, each with its place', async () => {
  const project = await healthy({
    'inventory/hosts.yml':
      'web:\n  hosts:\n    a: { dir: 3, color: red, db_password: hunter2 }\n    b: { dir: /b }\n',
    'inventory/group_vars/wbe.yml': 'x: 1\n',
  })
  const { code, of, findings } = await examine(project)
  expect(code).toBe(2)
  expect(of('inventory')).toEqual([
    'wrong: inventory/group_vars/wbe.yml is not read: there is no group "wbe"; did you mean "web"?',
    expect.stringMatching(/^note: inventory\/hosts\.yml:3:43 hosts\.a\.db_password: it stands here as it is/),
  ])
  expect(of('fleet')).toEqual([
    'wrong: inventory/hosts.yml:3:15 hosts.a.dir: expected a text, got the number 3 (quote it)',
    'wrong: inventory/hosts.yml:4:5 hosts.b.color: expected a text, got nothing',
  ])
  expect(JSON.stringify(findings)).not.toContain('hunter2')
})

test('artefacts that are missing, changed or open to all', async () => {
  const project = await healthy()
  await project.write('inventory/packs/pack.zip', 'another\n')
  await chmod(join(project.cwd, 'inventory/packs/pack.zip'), 0o666)
  expect((await examine(project)).of('artifacts')).toEqual([
    "wrong: pack: everybody may write to CWD/inventory/packs/pack.zip (mode 0666) -> chmod o-w 'CWD/inventory/packs/pack.zip'",
    expect.stringMatching(
      /^wrong: pack: .* is another file than the one that is listed: its SHA-256 is [0-9a-f]{64} -> /,
    ),
  ])
  await project.write('inventory/artifacts.yml', 'artifacts: []\n')
  expect((await examine(project)).of('artifacts')[0]).toMatch(
    /^note: none are listed.*inventory\/artifacts\.yml/,
  )
  await project.write(
    'inventory/artifacts.yml',
    `artifacts: [{ name: x, file: packs/no.zip, sha256: "${'0'.repeat(64)}" }]\n`,
  )
  expect((await examine(project)).of('inventory')).toEqual([
    'wrong: inventory/artifacts.yml:1:30 artifacts[0].file: expected a file, got none at CWD/inventory/packs/no.zip',
  ])
})

test('large artefacts are compared on request alone', async () => {
  const project = await healthy()
  const large = Buffer.alloc(33 * 1024 * 1024)
  await writeFile(join(project.cwd, 'inventory/packs/pack.zip'), large)
  const { of, code } = await examine(project)
  expect(of('artifacts')).toEqual([
    'fine: 1 listed, all there',
    'note: 1 (33.0 MiB) were not compared with their digests -> upgrade-fleet doctor --digests',
  ])
  expect(code).toBe(0)
  expect((await examine(project, ['--digests'])).of('artifacts')[0]).toMatch(/^wrong: pack: .*another file/)
})

test('a state directory that others may look into, or that git would take', async () => {
  const project = await healthy({
    '.git/HEAD': 'ref: refs/heads/main\n',
    '.git/objects/x': '',
    '.git/refs/x': '',
  })
  await mkdir(join(project.cwd, '.upgrade-fleet'), { mode: 0o755 })
  await chmod(join(project.cwd, '.upgrade-fleet'), 0o755)
  const { code, of } = await examine(project)
  expect(code).toBe(2)
  expect(of('state')).toEqual([
    "wrong: .upgrade-fleet: others may look into it or write to it (mode 0755) -> chmod 700 '.upgrade-fleet'",
    "wrong: .upgrade-fleet is not ignored by git: journals and inventories would be committed -> echo '.upgrade-fleet/' >> .gitignore",
  ])
  await chmod(join(project.cwd, '.upgrade-fleet'), 0o700)
  await project.write('.gitignore', '.upgrade-fleet/\n')
  expect((await examine(project)).of('state')).toEqual([
    'fine: .upgrade-fleet is yours alone, and ignored by git',
  ])
})

const holder = (more: object) =>
  JSON.stringify({
    run: 'R',
    user: 'ann',
    machine: 'elsewhere',
    pid: 7,
    started: 'x',
    since: 'then',
    ...more,
  })

test('runs that did not end, and locks that nobody holds any more', async () => {
  const book = `${prelude}
export default playbook('p', { fleet }, (site) => [
  play('look', site.web).task('read', ({ host }) => read({ path: \`\${host.vars.dir}/fact\` })),
  play('fail', site.web).task('fail', ({ host }) => read({ path: \`\${host.vars.dir}/no\` })),
])
`
  const project = await healthy({ 'p.ts': book })
  expect((await project.call(['p.ts', '--on-failure', 'stop'], { uid })).code).toBe(3)
  const [id = ''] = (await project.journals()).map(([first]) => (first as { run?: string } | undefined)?.run)
  expect((await examine(project)).of('runs')).toEqual([
    `note: ${id} ended failed: CWD/p.ts -> upgrade-fleet resume ${id}; or: upgrade-fleet rollback ${id}`,
  ])
  const journal = `.upgrade-fleet/runs/${id}/journal.jsonl`
  const lines = (await project.read(journal)).trimEnd().split('\n')
  await project.write(journal, `${lines.slice(0, -1).join('\n')}\n`)
  await mkdir(join(project.cwd, '.upgrade-fleet/lock'))
  await project.write('.upgrade-fleet/lock/holder.json', holder({ run: id }))
  const { code, of } = await examine(project)
  expect(code).toBe(2)
  expect(of('runs')).toEqual([
    `wrong: ${id} has not ended: CWD/p.ts -> upgrade-fleet resume ${id}; or: upgrade-fleet rollback ${id}`,
  ])
  expect(of('lock')).toEqual([
    `wrong: held by ${id} of ann on elsewhere (pid 7) since then: whether it is still at work is only known there -> If that machine is gone for good: upgrade-fleet unlock --run ${id}`,
  ])
  // As a machine leaves it that lost its power.
  await project.write('.upgrade-fleet/lock/holder.json', '')
  expect((await examine(project)).of('lock')).toEqual([
    expect.stringMatching(
      /^wrong: .*holder\.json: expected who holds the lock, got a damaged text -> .*: rm -r '/,
    ),
  ])
  expect(await project.call(['p.ts'], { uid })).toMatchObject({
    code: 2,
    err: expect.stringContaining('expected who holds the lock, got a damaged text'),
  })
  await project.write('.upgrade-fleet/lock/holder.json', holder({ run: id }))
  await project.write(journal, 'noise\nnoise\n')
  expect((await examine(project)).of('runs')).toEqual([
    `wrong: ${id}: its journal is damaged -> upgrade-fleet verify-journal ${id}`,
  ])
})

test('keys that others may read, and secrets that are not there', async () => {
  const project = await healthy({
    'inventory/hosts.yml':
      'web: { hosts: { a: { dir: /a, color: red, ansible_password: { env: NO_SUCH }, ansible_become_password: { file: /no/such } } } }\n',
    pw: 'secret\n',
    'age.key': 'AGE-SECRET-KEY-1XXX\n',
  })
  await chmod(join(project.cwd, 'pw'), 0o644)
  await chmod(join(project.cwd, 'age.key'), 0o644)
  const { code, of } = await examine(project, ['--vault-password-file', 'pw', '--age-identity', 'age.key'])
  expect(code).toBe(2)
  expect(of('vault')).toEqual(["wrong: pw: expected mode 0600, got 0644 -> chmod 600 'CWD/pw'"])
  expect(of('age')).toEqual([
    "wrong: age identity CWD/age.key: expected mode 0600, got 0644 -> Close it: chmod 600 'CWD/age.key'",
  ])
  expect(of('secrets')).toEqual([
    'wrong: secret env:NO_SUCH: the environment variable is not set -> Set it: export NO_SUCH=...',
    expect.stringMatching(/^wrong: secret file:\/no\/such: ENOENT/),
  ])
  expect((await examine(project, ['--vault-password-file', 'no'])).of('vault')[0]).toMatch(/got none$/)
})

test('an agent that answers, one that is empty, and one that is gone', async () => {
  const project = await healthy()
  const socket = join(project.cwd, 'agent')
  const word = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)])
  let keys = Buffer.from([0, 0, 0, 0])
  const server = createServer((peer) =>
    peer.once('data', () => {
      const body = Buffer.concat([Buffer.from([12]), keys])
      peer.write(Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]))
    }),
  )
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const env = { SSH_AUTH_SOCK: socket }
  try {
    expect((await examine(project, [], { env })).of('ssh agent')).toEqual([
      'note: CWD/agent is empty, or locked -> ssh-add',
    ])
    keys = Buffer.concat([Buffer.from([0, 0, 0, 1]), word('blob'), word('me')])
    expect((await examine(project, [], { env })).of('ssh agent')).toEqual(['fine: CWD/agent holds 1 key'])
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
  const { of, code } = await examine(project, [], { env })
  expect(of('ssh agent')[0]).toMatch(/^wrong: CWD\/agent does not answer: .*ENOENT.* -> Start one/)
  expect(code).toBe(2)
})

test('known hosts that others may write to', async () => {
  const project = await healthy({ '.ssh/known_hosts': '# nobody\n' })
  expect((await examine(project)).of('known_hosts')[0]).toMatch(/^fine: CWD\/\.ssh\/known_hosts: 0 lines/)
  await chmod(join(project.cwd, '.ssh/known_hosts'), 0o666)
  expect((await examine(project)).of('known_hosts')[0]).toBe(
    "wrong: CWD/.ssh/known_hosts: others may write to it (mode 0666) -> chmod 600 'CWD/.ssh/known_hosts'",
  )
})

test('without an ssh program only those hosts are in trouble that need it', async () => {
  const project = await healthy()
  const env = { PATH: join(project.cwd, 'nothing') }
  const { of, code } = await examine(project, [], { env })
  expect(of('ssh')[0]).toMatch(/^note: there is no ssh program/)
  expect(code).toBe(0)
  await project.write(
    'inventory/hosts.yml',
    'web: { hosts: { a: { dir: /a, color: red, ansible_connection: openssh } } }\n',
  )
  const needing = await examine(project, [], { env })
  expect(needing.of('ssh')[1]).toMatch(/^wrong: 1 hosts need the ssh program \(a and others\)/)
  expect(needing.code).toBe(2)
})

test('the settings of an ansible.cfg, with their places and what is used here instead', async () => {
  const project = await healthy({
    'ansible.cfg': `[defaults]
forks = 20
remote_user: wso2
hash_behaviour = merge ; as we always did
callback_plugins = x:
   y
# timeout = 3
[galaxy]
token = hunter2
[ssh_connection]
ssh_args = -o ControlMaster=auto
`,
  })
  const { of, code, findings } = await examine(project)
  expect(code).toBe(2)
  expect(of('ansible.cfg')).toEqual([
    'note: ansible.cfg:2 [defaults] forks = 20 is not read; here: --forks (50 unless said)',
    'note: ansible.cfg:3 [defaults] remote_user = wso2 is not read; here: -u, or ansible_user in the inventory',
    'wrong: ansible.cfg:4 [defaults] hash_behaviour = merge is not read: maps are always replaced here, as is usual: variables that Ansible merges have other values',
    'note: ansible.cfg:5 [defaults] callback_plugins = x: y is not read: it is of Ansible alone',
    'note: ansible.cfg:9 [galaxy] token = *** is not read: it is of Ansible alone',
    'note: ansible.cfg:11 [ssh_connection] ssh_args = -o ControlMaster=auto is not read; here: ansible_ssh_common_args in the inventory, or ~/.ssh/config',
  ])
  expect(JSON.stringify(findings)).not.toContain('hunter2')
})
