import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Accounts, startAccounts } from '../support/accounts.ts'
import { bundled } from '../support/bundle.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { programOnTerminal } from '../support/pty.ts'

const password = 'canary-4711'
const addresses = ['127.101.0.50', '127.101.0.51', '127.101.0.52']
const book = `${prelude}
export default playbook('look', { fleet }, (site) => [
  play('look', site.web).task('look', ({ host }) => read({ path: host.vars.dir + '/told' })),
])
`
let server: Accounts
let project: Project
let program: string
beforeAll(async () => {
  const [first = '', ...more] = addresses
  server = await startAccounts(first, { ann: password }, [
    'PasswordAuthentication yes',
    ...more.map((address) => `ListenAddress ${address}:2222`),
  ])
  writeFileSync(join(server.directory, 'told'), `it is ${password}\n`)
  project = await makeProject({ 'look.ts': book })
  program = await bundled(fileURLToPath(new URL('../../src/main.ts', import.meta.url)))
})
afterAll(() => server.stop())

/** An inventory of the server under three names. */
const inventory = (vars: string): Promise<void> => {
  const known = `-F none -o UserKnownHostsFile=${server.knownHosts} -o HostKeyAlias=[127.101.0.50]:2222`
  const hosts = addresses.map(
    (address, at) =>
      `    h${at + 1}: { ansible_host: ${address}, upgrade_fleet_dir: ${server.directory}/home/ann/w }\n`,
  )
  return project.write(
    'inventory/hosts.yml',
    `all:\n  vars: { ansible_port: 2222, ansible_ssh_common_args: '${known}', dir: ${server.directory}, color: red, ${vars} }\nweb:\n  hosts:\n${hosts.join('')}`,
  )
}
const failures = () => server.log().match(/Failed password/g)?.length ?? 0
const everything = (directory: string): string =>
  readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((one) => one.isFile() && one.name !== 'run.json' && !one.name.endsWith('.mjs'))
    .map((one) => readFileSync(join(one.parentPath, one.name), 'utf8'))
    .join('\n')

describe('a password of the inventory', () => {
  test.each([
    ['as a secret', 'ansible_user: ann, ansible_password: { env: PW }'],
    ['as plain text', `ansible_user: ann, ansible_ssh_pass: ${password}`],
  ])('%s logs in, and stands in no journal, plan or message', async (_name, vars) => {
    await inventory(vars)
    const given = { env: { PW: password } }
    expect(await project.call(['ping'], given)).toMatchObject({ code: 0, err: '' })
    const said: string[] = []
    for (const args of [
      ['look.ts', '-l', 'h1', '--output', 'json'],
      ['plan', 'look.ts', '-l', 'h1', '--out', 'plan.json'],
    ]) {
      const { code, out, err } = await project.call(args, given)
      expect({ code, err, out }).toMatchObject({ code: 0, err: '' })
      said.push(out)
    }
    said.push(await project.read('plan.json'), everything(join(project.cwd, '.upgrade-fleet')))
    expect(said.join('\n')).not.toContain(password)
    expect(said.join('\n')).toContain('it is ***')
  })
  test('check says of a plain one where it stands, once', async () => {
    await inventory(`ansible_user: ann, ansible_password: ${password}`)
    const { err } = await project.call(['check', 'look.ts'])
    expect(
      err.match(/inventory\/hosts\.yml:2:\d+ all\.vars\.ansible_password: it stands here as it is/g),
    ).toHaveLength(1)
    expect(err).not.toContain(password)
  })
  test('a secret that is not there: exit 2, and nobody calls', async () => {
    await inventory('ansible_user: ann, ansible_password: { env: PW }')
    const before = server.log().length
    const { code, err } = await project.call(['ping'])
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(/secret env:PW: .* not set/) })
    expect(server.log().slice(before)).not.toContain('Connection from')
  })
})

test('a run with a wrong password tries it once, whatever it has to do', async () => {
  await project.write(
    'work.ts',
    `${prelude}
export default playbook('work', { fleet }, (site) => [
  play('one', site.web, { collect: true }).task('look', () => read({ path: '/etc/hostname' }), { retries: 2, delay: 0 }),
  play('two', site.web).task('mark', ({ host }) => write({ path: host.vars.dir + '/mark', text: 'x' })),
])
`,
  )
  await inventory('ansible_user: ann, ansible_password: { env: PW }')
  const before = failures()
  const { code, out } = await project.call(['work.ts', '-l', 'h1', '--on-failure', 'stop'], {
    env: { PW: 'canary-0815' },
  })
  expect({ code, out }).toMatchObject({ code: 4, out: expect.stringContaining('was refused') })
  expect(failures() - before).toBe(1)
})

test('-u and --private-key count where the inventory is silent', async () => {
  const key = ['--private-key', server.userKey]
  await inventory('')
  expect(await project.call(['ping', 'h1', '-u', 'ann', ...key])).toMatchObject({ code: 0 })
  expect(await project.call(['ping', 'h1', '-u', 'nobody-here', ...key])).toMatchObject({ code: 4 })
  await inventory('ansible_user: ann')
  expect(await project.call(['ping', 'h1', '-u', 'nobody-here', ...key])).toMatchObject({ code: 0 })
  expect(await project.call(['ping', 'h1', '-u', '-oProxyCommand=x'])).toMatchObject({ code: 2 })
})

test('a run keeps whom it logged in as, for those that go on from it', async () => {
  await inventory('')
  const typed = ['-u', 'ann', '--private-key', server.userKey, '-T', '45']
  expect(await project.call(['look.ts', '-l', 'h1', ...typed])).toMatchObject({ code: 0 })
  const runs = join(project.cwd, '.upgrade-fleet/runs')
  const record: unknown = JSON.parse(
    await project.read(`.upgrade-fleet/runs/${readdirSync(runs).sort().at(-1)}/run.json`),
  )
  expect(record).toMatchObject({ login: { user: 'ann', privateKey: server.userKey, timeout: 45 } })
})

test.each([
  ['ping'],
  ['exec', 'all', 'id'],
  ['unlock'],
  ['plan', 'look.ts'],
  ['look.ts'],
  ['look.ts', '--check'],
])('-k without a terminal does nothing: %s %s %s', async (...args) => {
  await inventory('ansible_user: ann')
  const before = server.log().length
  const { code, out, err } = await project.call([...args, '-k'])
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^-k: expected a terminal[\s\S]*ansible_password: \{ env: NAME \}/)
  expect(server.log().slice(before)).not.toContain('Connection from')
})

describe('on a terminal', () => {
  const call = (args: readonly string[], answers: readonly (readonly [RegExp, string])[]) =>
    programOnTerminal(program, project.cwd, args, answers)

  test('-k asks once, shows nothing, and logs in everywhere', async () => {
    await inventory('ansible_user: ann')
    const { code, screen } = await call(['ping', '-k'], [[/Password to log in with:/, password]])
    expect({ code, pongs: screen.match(/pong/g)?.length }).toEqual({ code: 0, pongs: 3 })
    expect(screen).not.toContain(password)
  })
  test('-k is for hosts of the ssh program too', async () => {
    await inventory('ansible_user: ann, ansible_connection: openssh')
    const { code, screen } = await call(['ping', '-k'], [[/Password to log in with:/, password]])
    expect({ code, pongs: screen.match(/pong/g)?.length }).toEqual({ code: 0, pongs: 3 })
  })
  test('Ctrl-C at the question: nothing is done, and the exit is 130', async () => {
    await inventory('ansible_user: ann')
    const before = server.log().length
    const { code, screen } = await call(['ping', '-k'], [[/Password to log in with:/, '\x03']])
    expect({ code, screen }).toMatchObject({ code: 130 })
    expect(server.log().slice(before)).not.toContain('Connection from')
  })
  test('a wrong one is tried by one host of three, a host with its own is not asked for it', async () => {
    await inventory('ansible_user: ann')
    const before = failures()
    const { code, screen } = await call(['ping', '-k'], [[/Password to log in with:/, 'canary-0815']])
    expect(code).toBe(4)
    expect(screen.match(/the password of -k is not tried: it was refused by h\d/g)).toHaveLength(2)
    expect(failures() - before).toBe(1)
    expect(screen).not.toContain('canary-0815')
    await inventory(`ansible_user: ann, ansible_password: ${password}`)
    expect(await call(['ping', '-k'], [[/Password to log in with:/, 'canary-0815']])).toMatchObject({
      code: 0,
    })
  })
  test('no answer is no login', async () => {
    await inventory('ansible_user: ann')
    const { code, screen } = await call(['ping', '-k'], [[/Password to log in with:/, '']])
    expect({ code, screen }).toMatchObject({
      code: 2,
      screen: expect.stringContaining('-k: expected a password, got none'),
    })
  })
  test('a locked key is asked for once for all hosts, again when the passphrase is wrong, and not where it is named', async () => {
    const file = join(server.directory, 'locked')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'canary-secret', '-f', file])
    const keys = join(server.directory, 'authorized_keys')
    writeFileSync(keys, readFileSync(keys, 'utf8') + readFileSync(`${file}.pub`, 'utf8'))
    await inventory(`ansible_user: ann, ansible_ssh_private_key_file: ${file}`)
    const question = /Passphrase of \S+locked:/
    const { code, screen } = await call(
      ['ping'],
      [
        [question, 'no'],
        [/It does not open[\s\S]*Passphrase of/, 'canary-secret'],
      ],
    )
    expect({ code, pongs: screen.match(/pong/g)?.length }).toEqual({ code: 0, pongs: 3 })
    expect(screen).toMatch(/It does not open/)
    expect(screen).not.toContain('canary-secret')
    await inventory(
      `ansible_user: ann, ansible_ssh_private_key_file: ${file}, ansible_ssh_private_key_passphrase: { env: P }`,
    )
    expect(await project.call(['ping'], { env: { P: 'canary-secret' } })).toMatchObject({ code: 0 })
  })
})
