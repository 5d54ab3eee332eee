import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Vault } from 'ansible-vault'
import { beforeEach, describe, expect, test } from 'vitest'
import { readySecrets } from '../../src/commands/ready.ts'
import { newTyped } from '../../src/commands/typed.ts'
import { vaultId } from '../../src/inventory/vault.ts'
import { bundled } from '../support/bundle.ts'
import { fakeIo } from '../support/io.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { onTerminal } from '../support/pty.ts'
import { lines as runLines } from '../support/run-folder.ts'

const model = fileURLToPath(new URL('../../src/model', import.meta.url))
/** Puts its secrets into files of each host, and reads them back. */
const book = `${prelude}
import { secretRef } from '${model}/secret-schema.ts'
const fleet2 = defineFleet({ groups: { web: any(z.object({ dir: z.string(), one: secretRef(), two: secretRef().optional() })) }, vars: z.object({ site: secretRef().optional() }) })
const store = change('test.store', {
  apply: async (on, { path, parts }: { path: string; parts: (string | import('${model}/secret.ts').Secret)[] }) => { await on.put({ text: parts }, path); on.say((await on.must(sh.read\`cat -- \${path}\`)).trim()); return {} },
  undo: async () => {},
})
export default playbook('store', { fleet: fleet2 }, (site) => [
  play('store', site.web).task('store', ({ host }) => store({ path: host.vars.dir + '/secret', parts: [host.vars.one, ' ', host.vars.two ?? '', ' ', site.vars.site ?? ''] })),
])
`
const uid = process.getuid?.()
let project: Project
const ansibleVault = (args: readonly string[], input = '') =>
  execFileSync('ansible-vault', args, {
    input,
    cwd: project.cwd,
    encoding: 'utf8',
    env: { ...process.env, HOME: project.cwd },
  })
const inventory = (vars: string) =>
  project.write(
    'inventory/hosts.yml',
    `all:\n  vars: { ansible_connection: local }\nweb:\n  hosts:\n    a: { dir: ${project.cwd}/a, upgrade_fleet_dir: ${project.cwd}/a/work }\n  vars:\n${vars.replace(/^/gm, '    ')}\n`,
  )
const stored = () => readFileSync(join(project.cwd, 'a/secret'), 'utf8')
const call = (args: readonly string[], env: Record<string, string> = {}) =>
  project.call(args, { env: { PATH: process.env['PATH'], ...env }, uid })
const kept = () => runLines(join(project.cwd, '.upgrade-fleet'))
const write = (name: string, text: string, mode = 0o600) => {
  writeFileSync(join(project.cwd, name), text)
  chmodSync(join(project.cwd, name), mode)
}

beforeEach(async () => {
  project = await makeProject({ 'store.ts': book })
  write('pass', 'vault password 1\n')
  write('other', 'vault password 2\n')
})

describe('Ansible Vault', () => {
  test('whole files and inline values: used as secrets, and in clear nowhere that is kept', async () => {
    mkdirSync(join(project.cwd, 'inventory/group_vars/web'), { recursive: true })
    write(
      'inventory/group_vars/web/vault.yml',
      'one: canary-file-ü\nnested: { x: [canary-unused] }\nport: 8080\n',
    )
    ansibleVault(['encrypt', '--vault-password-file', 'pass', 'inventory/group_vars/web/vault.yml'])
    const inline = ansibleVault(
      ['encrypt_string', '--vault-password-file', 'pass', '--stdin-name', 'two'],
      'canary-inline',
    )
    await inventory(inline)
    const { code, out, err } = await call(['store.ts', '--vault-password-file', 'pass'])
    expect({ code, out, err }).toMatchObject({ code: 0 })
    expect(stored()).toBe('canary-file-ü canary-inline ')
    expect(out).toContain('*** ***')
    expect(out + err + kept()).not.toMatch(/canary|vault password/)
    expect(kept()).toContain('__sealed')
    const listed = await call(['inventory', '--list', '--vault-password-file', 'pass'])
    expect(listed.out).not.toContain('canary')
    expect(JSON.parse(listed.out)).toMatchObject({
      _meta: { hostvars: { a: { port: 8080, nested: { x: [{ at: '/nested/x/0' }] } } } },
    })
    const shown = JSON.parse(
      execFileSync(
        'ansible-inventory',
        ['-i', 'inventory/hosts.yml', '--list', '--vault-password-file', 'pass'],
        { cwd: project.cwd, encoding: 'utf8', env: { ...process.env, HOME: project.cwd } },
      ),
    ) as { _meta: { hostvars: { a: { one: string } } } }
    expect(shown._meta.hostvars.a.one).toBe('canary-file-ü')
    const back = await call(['rollback', '--vault-password-file', 'pass', '--yes'])
    expect(back).toMatchObject({ code: 0 })
    const plan = await call(['plan', 'store.ts', '--vault-password-file', 'pass', '--out', 'plan.json'])
    expect(plan).toMatchObject({ code: 0 })
    expect(plan.out + (await project.read('plan.json'))).not.toContain('canary')
    expect(await call(['run', '--plan', 'plan.json', '--vault-password-file', 'pass'])).toMatchObject({
      code: 0,
    })
  })
  test('several ids: the one of the label first, any other after it, as Ansible tries them', async () => {
    write('client', `#!/bin/sh\necho "$*" >> ${project.cwd}/asked; echo 'vault password 2'\n`, 0o700)
    execFileSync('cp', [join(project.cwd, 'client'), join(project.cwd, 'my-client.sh')])
    const labelled = ansibleVault(
      ['encrypt_string', '--vault-id', 'prod@other', '--stdin-name', 'one'],
      'canary-prod',
    )
    const unlabelled = ansibleVault(
      ['encrypt_string', '--vault-id', 'pass', '--stdin-name', 'two'],
      'canary-default',
    )
    await inventory(`${labelled}\n${unlabelled}`)
    const ids = ['--vault-id', 'dev@pass', '--vault-id', 'prod@my-client.sh']
    expect(await call(['store.ts', ...ids])).toMatchObject({ code: 0 })
    expect(stored()).toBe('canary-prod canary-default ')
    expect(await project.read('asked')).toBe('--vault-id prod\n')
    const fromEnv = await call(['store.ts', '--vault-id', 'dev@pass'], {
      ANSIBLE_VAULT_PASSWORD_FILE: 'other',
    })
    expect(fromEnv).toMatchObject({ code: 0 })
  })
  test('what the library writes, ansible-vault reads', () => {
    write('ours', `${new Vault({ password: 'vault password 1' }).encryptSync('canary: ü\n', 'dev')}\n`)
    expect(ansibleVault(['view', '--vault-id', 'dev@pass', 'ours'])).toBe('canary: ü\n')
  })
  test('connection variables may come from a vault, and nothing else that is no secret', async () => {
    const inline = (name: string, value: string) =>
      ansibleVault(['encrypt_string', '--vault-password-file', 'pass', '--stdin-name', name], value)
    await inventory(`one: { env: ONE }\n${inline('ansible_user', 'canary-user')}`)
    const explained = await call([
      'ping',
      '--explain',
      '-e',
      'ansible_connection=ssh',
      '--vault-password-file',
      'pass',
    ])
    expect(explained).toMatchObject({ code: 0, out: expect.stringMatching(/User +canary-user/) })
    await inventory(`one: { env: ONE }\n${inline('dir', '/canary')}`.replace('two', 'two'))
    await project.write(
      'inventory/hosts.yml',
      (await project.read('inventory/hosts.yml')).replace(/dir: \S+\/a, /, ''),
    )
    const refused = await call(['store.ts', '--vault-password-file', 'pass'])
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /hosts\.yml:\d+:\d+ web\.vars\.dir: expected a text, got an encrypted value/,
      ),
    })
  })
  test.each<[string, readonly string[], RegExp]>([
    [
      'no password',
      [],
      /it is an Ansible vault, and no password for vaults was given\n.*--vault-password-file/,
    ],
    ['a wrong one', ['--vault-password-file', 'other'], /no password opens it? ?.*|no password opens/],
    [
      'an open file',
      ['--vault-password-file', 'open'],
      /--vault-password-file open: expected mode 0600, got 0644/,
    ],
    [
      'a program that fails',
      ['--vault-password-file', 'fails'],
      /fails: it ended with exit code 3\n {2}no entry\\x1b/,
    ],
    ['nobody to ask', ['--ask-vault-pass'], /--ask-vault-pass: expected a terminal/],
  ])('with %s: exit 2, and nothing is done', async (_name, args, message) => {
    write('open', 'vault password 1\n', 0o644)
    write('fails', '#!/bin/sh\nprintf "no entry\\033" >&2\nexit 3\n', 0o700)
    await inventory(
      ansibleVault(['encrypt_string', '--vault-password-file', 'pass', '--stdin-name', 'one'], 'canary'),
    )
    const { code, out, err } = await call(['store.ts', ...args])
    expect({ code, out, err }).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) })
    expect(existsSync(join(project.cwd, 'a/secret'))).toBe(false)
    const runs = join(project.cwd, '.upgrade-fleet/runs')
    expect(existsSync(runs) ? readdirSync(runs) : []).toEqual([])
  })
  test('labels', () => {
    expect(['f', 'a@f', '@f', 'a@b@c'].map(vaultId)).toEqual([
      { label: 'default', source: 'f' },
      { label: 'a', source: 'f' },
      { label: 'default', source: 'f' },
      { label: 'a', source: 'b@c' },
    ])
  })
})

describe('age, programs and plain text', () => {
  test('each is asked once for a run, and is kept by name', async () => {
    write('print', `#!/bin/sh\necho x >> ${project.cwd}/calls; echo "canary-$1"\n`, 0o700)
    expect((await call(['secret', 'keygen'])).code).toBe(0)
    const { out: encrypted } = await project.call(['secret', 'encrypt', '--name', 'two'], {
      uid,
      input: async () => 'canary-age',
    })
    await inventory(`one: { command: [./print, "a b'c"] }\n${encrypted}`)
    await project.write('inventory/group_vars/all.yml', '').catch(() => undefined)
    const { code, out, err } = await call(['store.ts', '-e', 'site=canary-plain'])
    expect({ code, err }).toMatchObject({ code: 0 })
    expect(stored()).toBe("canary-a b'c canary-age canary-plain")
    expect(await project.read('calls')).toBe('x\n')
    const record = /"extraVars":\{[^}]*\}/
    expect(out + err + kept().replace(record, '')).not.toMatch(/canary-[ap]/)
  })
  test('a file of variables that is encrypted with age', async () => {
    expect((await call(['secret', 'keygen'])).code).toBe(0)
    mkdirSync(join(project.cwd, 'inventory/group_vars'))
    write('editor', `#!/bin/sh\necho 'one: canary-age' > "$1"\n`, 0o700)
    expect(
      await call(['secret', 'edit', 'inventory/group_vars/web.yml'], { EDITOR: './editor' }),
    ).toMatchObject({ code: 0 })
    await inventory('two: { env: TWO }')
    const { code, out } = await call(['store.ts'], { TWO: 'canary-env' })
    expect({ code, stored: stored() }).toEqual({ code: 0, stored: 'canary-age canary-env ' })
    expect(out + kept()).not.toContain('canary')
  })
  test.each<[string, string, RegExp]>([
    ['fails', '[./bad]', /secret command \.\/bad: it ended with exit code 3\n {2}cannot open \*\*\*$/m],
    ['is not there', '[./none]', /there is no program "\.\/none"/],
    ['prints nothing', '["true"]', /it printed nothing/],
    ['floods', '["yes"]', /it printed more than 65536 characters/],
  ])('a program that %s', async (_name, command, message) => {
    write('bad', '#!/bin/sh\necho canary-part; echo cannot open canary-part >&2; exit 3\n', 0o700)
    await inventory(`one: { command: ${command} }`)
    const { code, err } = await call(['store.ts'])
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(message) })
    expect(err).not.toContain('canary')
  })
})

describe('prompts', () => {
  const questions = ['prompt:Password of the database', 'prompt:PIN?']
  test('each is asked once for a process, and not at all when something else is missing', async () => {
    const io = fakeIo({ answers: true, cwd: '/' })
    const typed = await newTyped(io, {})
    const asked: string[] = []
    const ask = async (_: unknown, message: string) => {
      asked.push(message)
      return `canary ${asked.length}`
    }
    await expect(readySecrets(io, [...questions, 'command:["/bin/false"]'], typed, ask)).rejects.toThrow(
      /exit code 1/,
    )
    expect(asked).toEqual([])
    await readySecrets(io, [...questions, `xml|${questions[0]}`], typed, ask)
    await readySecrets(io, questions, typed, ask)
    expect(asked).toEqual(['Password of the database:', 'PIN?'])
    expect(questions.map(typed.of)).toEqual(['canary 1', 'canary 2'])
    expect([...(io.secrets ?? [])]).toEqual(['canary 1', 'canary 2'])
  })
  test('without a terminal: exit 2 before anything, with what to use instead', async () => {
    await inventory('one: { prompt: Password of the database }')
    const { code, out, err } = await call(['store.ts'])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(
      /^secret prompt "Password of the database": expected a terminal to ask on, got none\n.*\{ env: NAME \}/,
    )
    expect(await call(['check', 'store.ts'])).toMatchObject({ code: 0 })
    expect(await call(['plan', '--offline', 'store.ts'])).toMatchObject({ code: 0 })
  })
  test('on a terminal: typed, used, not shown', async () => {
    await inventory('one: { prompt: Password of the database }')
    const program = await bundled(fileURLToPath(new URL('../../src/main.ts', import.meta.url)))
    const { code, screen } = await onTerminal(
      [process.execPath, program, 'store.ts', '--output', 'lines'],
      project.cwd,
      { HOME: project.cwd },
      [[/Password of the database:/, 'canary-typed']],
    )
    expect({ code, screen }).toMatchObject({ code: 0, screen: expect.stringContaining('***') })
    expect(stored()).toBe('canary-typed  ')
    expect(screen + kept()).not.toContain('canary')
  })
})

test('check warns of plain secrets with their places, and a short one is said to be short', async () => {
  await inventory(
    'one: canary-plain\nmore: { db_password: canary-db, api_token: "{{ x }}", secret_file: /x, list: [{ passphrase: 12345 }] }',
  )
  const { err } = await call(['check', 'store.ts'])
  const names = ['more.db_password', 'more.list[0].passphrase']
  expect(
    err.match(/^warning: inventory\/hosts\.yml:\d+:\d+ web\.vars\.(\S+): it stands here as it is/gm),
  ).toHaveLength(names.length)
  for (const name of names) expect(err).toContain(`web.vars.${name}: it stands`)
  expect(err).not.toMatch(/canary|12345/)
  await inventory('one: { env: ONE }\ntwo: { env: TWO }')
  const short = await call(['store.ts'], { ONE: 'abc', TWO: 'x' })
  expect(short.err).toMatch(
    /the secret env:ONE is shorter than 4 characters[\s\S]*the secret env:TWO is of one character/,
  )
  expect(short.out).toContain('*** x')
})
