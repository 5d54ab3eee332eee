import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Accounts, startAccounts } from '../support/accounts.ts'
import { bundled } from '../support/bundle.ts'
import { canaryBook, canaryMarks, markSearch } from '../support/canary.ts'
import { makeProject, type Project } from '../support/project.ts'
import { onTerminal, type Shown } from '../support/pty.ts'

const kinds = [
  'Env',
  'File',
  'Command',
  'Age',
  'Vault',
  'Sealed',
  'Plain',
  'Prompt',
  'Login',
  'VaultPassword',
  'Become',
] as const
const marks = canaryMarks(kinds)
const { shownIn, watched, holding } = markSearch(marks)
const used = ['Env', 'File', 'Command', 'Age', 'Vault', 'Sealed', 'Plain', 'Prompt'] as const

let server: Accounts
let project: Project
let program: string
const at = (name: string) => join(project.cwd, name)
const write = (name: string, text: string, mode = 0o600) => {
  writeFileSync(at(name), text)
  chmodSync(at(name), mode)
}
const ansibleVault = (args: readonly string[], input = '') =>
  execFileSync('ansible-vault', args, {
    input,
    cwd: project.cwd,
    encoding: 'utf8',
    env: { ...process.env, HOME: project.cwd },
  })

beforeAll(async () => {
  server = await startAccounts('127.108.0.10', { ann: marks.Login.value }, ['PasswordAuthentication yes'])
  project = await makeProject({ 'canary.ts': canaryBook(used.map((kind) => kind.toLowerCase())) })
  program = await bundled(fileURLToPath(new URL('../../src/main.ts', import.meta.url)))
  write('holds-file', `${marks.File.value}\n`)
  write('holds-login', `${marks.Login.value}\n`)
  write('holds-become', `${marks.Become.value}\n`)
  write('holds-command', marks.Command.value)
  write('holds-pass', `${marks.VaultPassword.value}\n`)
  await project.call(['secret', 'keygen'], { uid: process.getuid?.() })
  const age = await project.call(['secret', 'encrypt', '--name', 'age'], {
    uid: process.getuid?.(),
    input: async () => marks.Age.value,
  })
  const inline = ansibleVault(
    ['encrypt_string', '--vault-password-file', 'holds-pass', '--stdin-name', 'vault'],
    marks.Vault.value,
  )
  mkdirSync(at('inventory/group_vars/web'), { recursive: true })
  write('inventory/group_vars/web/vault.yml', `sealed: ${JSON.stringify(marks.Sealed.value)}\n`)
  ansibleVault(['encrypt', '--vault-password-file', 'holds-pass', 'inventory/group_vars/web/vault.yml'])
  const ssh = `ansible_host: 127.108.0.10, ansible_port: 2222, ansible_user: ann, ansible_password: { file: ${at('holds-login')} }, ansible_become_password: { file: ${at('holds-become')} }, ansible_ssh_common_args: '-F none -o UserKnownHostsFile=${server.knownHosts}', upgrade_fleet_same_machine: near, upgrade_fleet_dir: ${server.home('ann')}/work, dir: ${server.home('ann')}`
  await project.write(
    'inventory/hosts.yml',
    `web:
  hosts:
    far: { ${ssh} }
    near: { ansible_connection: local, dir: ${at('a')}, upgrade_fleet_dir: ${at('a/work')} }
  vars:
    env: { env: CANARY }
    file: { file: ${at('holds-file')} }
    command: { command: [cat, ${at('holds-command')}] }
    plain: ${JSON.stringify(marks.Plain.value)}
    prompt: { prompt: What nobody knows }
${age.out.replace(/^/gm, '    ')}
${inline.replace(/^/gm, '    ')}
`,
  )
})
afterAll(() => server.stop())

test('no secret is seen anywhere, whatever its provider, wherever it goes and whatever fails', async () => {
  const env = {
    CANARY: marks.Env.value,
    HOME: project.cwd,
    SSH_AUTH_SOCK: '',
    ANSIBLE_VAULT_PASSWORD_FILE: 'holds-pass',
  }
  const screens: [string, string][] = []
  const seen = new Set<string>()
  const call = async (...args: readonly string[]): Promise<Shown> => {
    const asks = !['show', 'runs', 'logs', 'check', 'inventory', 'verify-journal'].includes(args[0] ?? '')
    const running = onTerminal(
      [process.execPath, program, ...args],
      project.cwd,
      env,
      asks ? [[/What nobody knows:/, marks.Prompt.value]] : [],
    )
    for (const one of await watched(running)) seen.add(one)
    const shown = await running
    screens.push([args.join(' '), shown.screen])
    return shown
  }
  const ends = ({ code, screen }: Shown, expected: number) => expect(code, screen.slice(-3000)).toBe(expected)
  const failing = ['--yes', '--on-failure', 'stop']
  ends(await call('check', 'canary.ts'), 0)
  ends(await call('inventory', '--graph'), 0)
  ends(await call('plan', 'canary.ts', '-v', '--out', 'plan.json'), 0)
  ends(await call('canary.ts', '--check', '--diff', ...failing), 0)
  ends(await call('run', '--plan', 'plan.json', '--diff', ...failing), 3)
  for (const kind of used)
    for (const home of [at('a'), server.home('ann')])
      expect(readFileSync(join(home, `holds-${kind.toLowerCase()}`), 'utf8')).toContain(marks[kind].core)
  ends(await call('resume', '--output', 'json', ...failing), 3)
  ends(await call('rollback', '--output', 'lines', '--yes'), 6)
  for (const args of [
    ['runs'],
    ['show'],
    ['verify-journal'],
    ['logs', 'latest', 'far'],
    ['logs', 'latest', 'near'],
    ['logs', 'latest', '--bundle', 'bundle.tar.gz'],
  ])
    ends(await call(...args), 0)
  // A wrong one: sudo asks for it, and refuses it.
  const become = await call('exec', 'far', '-b', '--', 'id')
  expect(become.code).toBe(3)
  expect(become.screen).toContain('the password is wrong')
  const exec = await call(
    'exec',
    'web',
    '--',
    `cat ${server.home('ann')}/holds-env ${at('a/holds-env')} ${at('holds-login')}`,
  )
  expect(exec.code).toBe(3)
  // Every secret was used, and every way to show it was gone.
  expect(screens.find(([name]) => name.startsWith('run --plan'))?.[1]).toMatch(/bad password: \*\*\*/)
  expect(
    screens.find(([name]) => name.startsWith('logs latest near'))?.[1].match(/\*\*\*/g)?.length,
  ).toBeGreaterThan(40)

  expect(
    screens.flatMap(([name, screen]) => shownIn(screen).map((kind) => `${kind} on the screen of ${name}`)),
  ).toEqual([])
  // Files that are there to hold it: what providers read, what the task puts, and the inventory with the plain one, of which run.json is a copy.
  const isToHold = ({ kind, path }: { kind: string; path: string }) =>
    /\/holds-\w+$/.test(path) || (kind === 'Plain' && /inventory\/hosts\.yml$|\/run\.json$/.test(path))
  expect(holding([project.cwd, server.directory]).filter((one) => !isToHold(one))).toEqual([])
  // That something was looked at: the environment of who runs this has what the provider reads there, and so have the programs that he starts on this machine.
  expect([...seen].filter((one) => !one.startsWith('Env in environ'))).toEqual([])
  expect(seen.size).toBeGreaterThan(0)
})
