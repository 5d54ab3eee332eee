import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Accounts, startAccounts } from '../support/accounts.ts'
import { bundled } from '../support/bundle.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { onTerminal, type Shown } from '../support/pty.ts'

/** A secret that nothing else on this machine holds: its core is the same in every escape, its signs are not. */
const marked = (kind: string) => {
  const core = `canary${kind}${randomBytes(9).toString('hex')}`
  return { kind, core, value: `'<${core}&" %` }
}
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
const marks = Object.fromEntries(kinds.map((kind) => [kind, marked(kind)])) as Record<
  (typeof kinds)[number],
  ReturnType<typeof marked>
>
const used = ['Env', 'File', 'Command', 'Age', 'Vault', 'Sealed', 'Plain', 'Prompt'] as const

const model = fileURLToPath(new URL('../../src', import.meta.url))
const book = `${prelude}
import { TaskError } from '${model}/model/errors.ts'
import { encoded } from '${model}/model/secret.ts'
import { secretRef } from '${model}/model/secret-schema.ts'
import { render } from '${model}/modules/file.ts'
const names = ${JSON.stringify(used.map((kind) => kind.toLowerCase()))} as const
const ours = defineFleet({
  groups: { web: any(z.object({ dir: z.string(), ...Object.fromEntries(names.map((name) => [name, secretRef()])) })) },
  vars: z.object({}),
})
type Name = { readonly of: import('${model}/model/secret.ts').Secret; readonly dir: string; readonly path: string }
const hear = change('canary.hear', {
  apply: async (on, { of, dir }: Name) => {
    const said = await on.must(sh\`v=$(cat); printf '%s\\\\n' "$v"; printf '%s\\\\n' "$v" >&2\`, { stdin: [of] })
    on.say(said); on.say(Buffer.from('user:' + said).toString('base64')); on.say(encodeURIComponent(said)); on.say(JSON.stringify({ said }))
    on.say('<p>' + said.replaceAll('&', '&amp;').replaceAll('<', '&lt;') + '</p>'); on.say("'" + said.replaceAll("'", "'\\\\\\\\''") + "'")
    await on.exec(sh\`cat; exit 3\`, { stdin: ['x'.repeat(65530), of, 'y'.repeat(70000), of] })
    const job = await on.job('quiet', sh\`cat >/dev/null\`, { stdin: [of] })
    await job.wait()
    return { said, in: { deep: [said] } }
  },
  undo: async (on, { of, dir }) => { throw new Error('undo of ' + await on.must(sh.read\`cat\`, { stdin: [of] })) },
})
const fails = (how: 'exit' | 'throw' | 'task') => change('canary.' + how, {
  apply: async (on, { of }: Name) => {
    if (how === 'exit') await on.must(sh\`cat >&2; exit 7\`, { stdin: ['bad password: ', of] })
    const said = await on.must(sh.read\`cat\`, { stdin: [of] })
    throw how === 'throw' ? new RangeError('no ' + said) : new TaskError('no ' + said, [said])
  },
  undo: async () => {},
})
const looks = observe('canary.look', async (on, { of }: Name) => ({ seen: await on.must(sh.read\`cat; cat >&2\`, { stdin: [of] }) }))
const [exits, throws, tells] = (['exit', 'throw', 'task'] as const).map(fails)
export default playbook('canary', { fleet: ours }, (site) => names.flatMap((name) => {
  const input = (host: { vars: { dir: string } }): Name => ({ of: (host.vars as unknown as Record<string, Name['of']>)[name]!, dir: host.vars.dir, path: host.vars.dir + '/holds-' + name })
  return [
    play(name + ' look', site.web, { collect: true }).task('look', ({ host }) => looks(input(host))),
    approve(name + ' gate', () => 'go on?'),
    play(name, site.web, { maxFailPercentage: 100 })
      .task('put', ({ host }) => render({ path: input(host).path, text: ['a=', input(host).of, '\\nb=', encoded('xml', input(host).of), '\\n'] }))
      .task('hear', ({ host }) => hear(input(host)))
      .task('exits', ({ host }) => exits!(input(host)), { ignoreErrors: true })
      .task('tells', ({ host }) => tells!(input(host)), { ignoreErrors: true, retries: 1, delay: 0 }),
    ...(name === 'prompt' ? [play('ends', site.web).task('throws', ({ host }) => throws!(input(host)))] : []),
  ]
}))
`

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
  project = await makeProject({ 'canary.ts': book })
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

/** Every text in which a secret may show: its core, and its core inside base64. */
const traces = kinds.map((kind) => {
  const { core } = marks[kind]
  const inner = [0, 1, 2].map((before) =>
    Buffer.from('.'.repeat(before) + core)
      .toString('base64')
      .slice(before === 0 ? 0 : before + 1, -4),
  )
  return { kind, texts: [core, ...inner] }
})
const shownIn = (text: string) =>
  traces.filter(({ texts }) => texts.some((one) => text.includes(one))).map(({ kind }) => kind)

/** What of a process anybody may see while it runs, looked at until `over`. */
async function watched(over: Promise<unknown>): Promise<ReadonlySet<string>> {
  const seen = new Set<string>()
  let ended = false
  void over
    .finally(() => {
      ended = true
    })
    .catch(() => undefined)
  while (!ended) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      for (const what of ['cmdline', 'environ']) {
        try {
          const text = readFileSync(`/proc/${pid}/${what}`, 'latin1')
          for (const kind of shownIn(text))
            seen.add(`${kind} in ${what} of ${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()}`)
        } catch {}
      }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return seen
}

/** What was written, by file; what is there to hold a secret is said so by its name. */
function written(directory: string): readonly (readonly [string, string])[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((one) => one.isFile() && !one.parentPath.includes('node_modules'))
    .map((one) => join(one.parentPath, one.name))
    .map(
      (path) =>
        [
          path,
          path.endsWith('.gz') ? gunzipSync(readFileSync(path)).toString('utf8') : readFileSync(path, 'utf8'),
        ] as const,
    )
}

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
  const files = [...written(project.cwd), ...written(server.directory)]
  const holding = files.flatMap(([path, text]) => shownIn(text).map((kind) => ({ kind, path })))
  // Files that are there to hold it: what providers read, what the task puts, and the inventory with the plain one, of which run.json is a copy.
  const isToHold = ({ kind, path }: { kind: string; path: string }) =>
    /\/holds-\w+$/.test(path) || (kind === 'Plain' && /inventory\/hosts\.yml$|\/run\.json$/.test(path))
  expect(holding.filter((one) => !isToHold(one))).toEqual([])
  // That something was looked at: the environment of who runs this has what the provider reads there, and so have the programs that he starts on this machine.
  expect([...seen].filter((one) => !one.startsWith('Env in environ'))).toEqual([])
  expect(seen.size).toBeGreaterThan(0)
})
