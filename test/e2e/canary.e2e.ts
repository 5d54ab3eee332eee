import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { canaryBook, canaryMarks, markSearch } from '../support/canary.ts'
import { type FleetLab, fleetLab } from '../support/fleet.ts'
import { onTerminal, type Shown } from '../support/pty.ts'

const kinds = [
  'Env',
  'File',
  'Command',
  'Age',
  'Vault',
  'Sealed',
  'Whole',
  'Plain',
  'Prompt',
  'VaultPassword',
] as const
const marks = canaryMarks(kinds)
const { shownIn, watched, holding } = markSearch(marks)
const used = kinds.filter((kind) => kind !== 'VaultPassword')
const hosts = ['gw-worker-1', 'pub-1']
const tool = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

let lab: FleetLab
const at = (name: string) => join(lab.cwd, name)
const env = () => ({
  CANARY: marks.Env.value,
  HOME: lab.cwd,
  SSH_AUTH_SOCK: '',
  ANSIBLE_VAULT_PASSWORD_FILE: 'holds-pass',
})
const write = (name: string, text: string) => {
  writeFileSync(at(name), text)
  chmodSync(at(name), 0o600)
}
const output = (program: string, args: readonly string[], input = '') =>
  execFileSync(program, args, {
    input,
    cwd: lab.cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: lab.cwd },
  })
const vault = (args: readonly string[], input = '') =>
  output('ansible-vault', [...args, '--vault-password-file', 'holds-pass'], input)

beforeAll(async () => {
  lab = await fleetLab('127.113.0')
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), at('node_modules'))
  write('canary.ts', canaryBook(used.map((kind) => kind.toLowerCase())))
  write('holds-file', `${marks.File.value}\n`)
  write('holds-command', marks.Command.value)
  write('holds-pass', `${marks.VaultPassword.value}\n`)
  output(process.execPath, [tool, 'secret', 'keygen'])
  const age = output(process.execPath, [tool, 'secret', 'encrypt', '--name', 'age'], marks.Age.value)
  const inline = vault(['encrypt_string', '--stdin-name', 'vault'], marks.Vault.value)
  mkdirSync(at('canaries/group_vars/web'), { recursive: true })
  write('canaries/group_vars/web/vault.yml', `sealed: ${JSON.stringify(marks.Sealed.value)}\n`)
  vault(['encrypt', 'canaries/group_vars/web/vault.yml'])
  write('canaries/whole.yml', `web: { vars: { whole: ${JSON.stringify(marks.Whole.value)} } }\n`)
  vault(['encrypt', 'canaries/whole.yml'])
  write(
    'canaries/hosts.yml',
    `web:
  hosts: { ${hosts.map((host) => `${host}: `).join(', ')} }
  vars:
    dir: /home/wso2carbon
    env: { env: CANARY }
    file: { file: ${at('holds-file')} }
    command: { command: [cat, ${at('holds-command')}] }
    plain: ${JSON.stringify(marks.Plain.value)}
    prompt: { prompt: What nobody knows }
${age.replace(/^/gm, '    ')}
${inline.replace(/^/gm, '    ')}
`,
  )
})
afterAll(() => lab.end())

test('no secret is seen on the hosts of a fleet, on their controller or among processes, whatever fails', async () => {
  const seen = new Set<string>()
  const screens: string[] = []
  const call = async (asks: boolean, ...args: readonly string[]): Promise<Shown> => {
    const answers = asks ? ([[/What nobody knows:/, marks.Prompt.value]] as const) : []
    const running = onTerminal([process.execPath, tool, ...args], lab.cwd, env(), answers)
    for (const one of await watched(running)) seen.add(one)
    const shown = await running
    screens.push(shown.screen)
    return shown
  }
  const inventory = ['-i', 'inventory/lab/hosts.yml', '-i', 'canaries']
  const failing = ['--yes', '--on-failure', 'stop']
  const run = await call(true, 'canary.ts', ...inventory, '--diff', ...failing)
  expect(run.code, run.screen.slice(-3000)).toBe(3)
  // What the tasks are there to write is on the hosts, so these were reached and every secret was used.
  const homes = hosts.map((host) => join(lab.info.hosts[host]?.root ?? '', '../home/wso2carbon'))
  for (const home of homes)
    for (const kind of used)
      expect(readFileSync(join(home, `holds-${kind.toLowerCase()}`), 'utf8')).toContain(marks[kind].core)
  const resumed = await call(true, 'resume', ...failing)
  expect(resumed.code, resumed.screen.slice(-3000)).toBe(3)
  const look = () => {
    const tops = hosts.map((host) => join(lab.info.hosts[host]?.root ?? '', '..'))
    return holding([...tops, lab.cwd])
  }
  const isToHold = ({ kind, path }: { readonly kind: string; readonly path: string }) =>
    /\/holds-\w+$/.test(path) || (kind === 'Plain' && /canaries\/hosts\.yml$|\/run\.json$/.test(path))
  expect(look().filter((one) => !isToHold(one))).toEqual([])
  const back = await call(true, 'rollback', '--yes')
  expect(back.code, back.screen.slice(-3000)).toBe(6)
  expect(look().filter((one) => !isToHold(one))).toEqual([])
  expect(screens.flatMap(shownIn)).toEqual([])
  // What the environment gives is in that of who runs this, and in those of the programs that this starts here.
  expect([...seen].filter((one) => !one.startsWith('Env in environ'))).toEqual([])
  expect(seen.size).toBeGreaterThan(0)
})
