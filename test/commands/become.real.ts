import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeUsers, type TestUser, type Users } from '../support/accounts.ts'
import { bundled } from '../support/bundle.ts'
import { makeProject, type Project, prelude } from '../support/project.ts'
import { programOnTerminal } from '../support/pty.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const address = '127.111.0.10'
const login: TestUser = { name: 'uf-login', uid: 7121, password: 'canary-login' }
const app: TestUser = { name: 'uf-app', uid: 7122 }
const db: TestUser = { name: 'uf-db', uid: 7123, shell: '/usr/sbin/nologin' }
const free = 'uf-login ALL=(ALL) NOPASSWD: /bin/sh'
const asked = 'uf-login ALL=(ALL) /bin/sh'
const book = `${prelude}
const who = change('who', {
  check: async (on, path: string) => ((await on.exec(sh.read\`[ -e \${path} ]\`)).stdout === '' && (await on.exec(sh.read\`cat \${path} 2>/dev/null\`)).stdout !== '' ? path : undefined),
  apply: async (on, path) => { await on.must(sh\`id -un >\${path}\`); return path },
  undo: async (on, path) => { await on.must(sh\`id -un >\${path + '.undone'}; rm -- \${path}\`) },
})
export default playbook('who', { fleet }, (site) => [
  play('one', site.web)
    .task('usual', ({ host }) => who(host.vars.dir + '/usual'))
    .task('db', ({ host }) => who(host.vars.dir + '/db'), { become: true, becomeUser: 'uf-db' })
    .task('login', ({ host }) => who(host.vars.dir + '/login'), { become: false })
    .task('last', ({ host }) => read({ path: host.vars.dir + '/go' })),
])
`
let users: Users
let server: Sshd
let project: Project
let program = ''
let dir = ''
beforeAll(async () => {
  users = makeUsers([login, app, db], ['root ALL=(ALL:ALL) ALL', free])
  users.etc('doas.conf', 'permit nopass uf-login as uf-app cmd /bin/sh\n', 0o600)
  server = await startSshd(address, [], 2222, users.launch)
  project = await makeProject({ 'who.ts': book })
  program = await bundled(fileURLToPath(new URL('../../src/main.ts', import.meta.url)))
})
afterAll(async () => {
  await server.stop()
  users.remove()
})
beforeEach(async () => {
  rule(free)
  dir = users.scratch(login, 0o777)
  await inventory('')
})
const rule = (...lines: readonly string[]) =>
  users.etc('sudoers', ['root ALL=(ALL:ALL) ALL', ...lines, ''].join('\n'), 0o440)
const inventory = (vars: string, hosts = 'h1: {}') => {
  const known = `-F none -o UserKnownHostsFile=${server.knownHosts} -o HostKeyAlias=[${address}]:2222`
  const all = `ansible_host: ${address}, ansible_port: 2222, ansible_user: uf-login, ansible_ssh_private_key_file: ${server.userKey}, ansible_ssh_common_args: '${known}', dir: ${dir}, color: red, ${vars}`
  return project.write('inventory/hosts.yml', `all:\n  vars: { ${all} }\nweb:\n  hosts:\n    ${hosts}\n`)
}
const said = (name: string) =>
  existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8').trim() : undefined
const asApp = ['-b', '--become-user', 'uf-app']
const whoami = async (...flags: readonly string[]) => {
  const { code, out } = await project.call(['exec', 'all', ...flags, '--', 'id -un'])
  return `${code} ${out.replace(/\s+/g, ' ').trim()}`
}

describe('exec and ping', () => {
  test('as whom a command is done, by flags and by variables', async () => {
    expect(await whoami()).toBe('0 h1 | exit 0 uf-login')
    expect(await whoami('-b')).toBe('0 h1 | exit 0 root')
    expect(await whoami(...asApp)).toBe('0 h1 | exit 0 uf-app')
    expect(await whoami('--become-user', 'uf-app')).toBe('0 h1 | exit 0 uf-login')
    rule()
    expect(await whoami(...asApp, '--become-method', 'doas')).toBe('0 h1 | exit 0 uf-app')
    rule(free)
    await inventory('ansible_become: true, ansible_become_user: uf-db')
    expect(await whoami(...asApp)).toBe('0 h1 | exit 0 uf-db')
    await inventory('ansible_become: false')
    expect(await whoami(...asApp)).toBe('0 h1 | exit 0 uf-login')
  })
  test('who cannot be become has failed, who cannot be reached is unreachable, and the first counts', async () => {
    rule(asked)
    const failed =
      /^h1 \| failed: h1: uf-app was not become by sudo: a password is needed, and none was given/
    for (const args of [
      ['ping', 'h1', ...asApp],
      ['exec', 'h1', ...asApp, '--', 'true'],
    ])
      expect(await project.call(args)).toMatchObject({ code: 3, out: expect.stringMatching(failed) })
    await inventory('', 'h1: {}\n    h2: { ansible_port: 2299 }')
    expect(await project.call(['ping', 'h2', ...asApp])).toMatchObject({ code: 4 })
    const { code, out } = await project.call(['ping', 'all', ...asApp])
    expect(out).toMatch(/h1 \| failed[\s\S]*h2 \| unreachable|h2 \| unreachable[\s\S]*h1 \| failed/)
    expect(code).toBe(3)
  })
  test.each(['--become-user=-x', '--become-user=a b', '--become-method=pbrun'])(
    '%s is refused before anything is connected to',
    async (flag) => {
      const before = server.log().length
      expect(await project.call(['ping', '-b', flag])).toMatchObject({ code: 2, out: '' })
      expect(server.log().slice(before)).not.toContain('Connection from')
    },
  )
  test.each([['ping'], ['exec', 'all', 'id'], ['plan', 'who.ts'], ['who.ts']])(
    '-K without a terminal does nothing: %s',
    async (...args) => {
      const before = server.log().length
      const { code, out, err } = await project.call([...args, '-b', '-K'])
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(err).toMatch(/^-K: expected a terminal[\s\S]*ansible_become_password: \{ env: NAME \}/)
      expect(server.log().slice(before)).not.toContain('Connection from')
    },
  )
})

describe('-K on a terminal', () => {
  const call = (args: readonly string[], answers: readonly (readonly [RegExp, string])[]) =>
    programOnTerminal(program, project.cwd, args, answers)
  const question = /Password to become another user with:/
  test('the right one is what sudo wants, and is shown nowhere', async () => {
    rule(asked)
    const { code, screen } = await call(
      ['exec', 'all', ...asApp, '-K', '--', 'id -un'],
      [[question, 'canary-login']],
    )
    expect(screen).toContain('uf-app')
    expect({ code, hidden: !screen.includes('canary') }).toEqual({ code: 0, hidden: true })
  })
  test('a wrong one fails, and is shown nowhere', async () => {
    rule(asked)
    const { code, screen } = await call(['ping', 'all', ...asApp, '-K'], [[question, 'canary-wrong']])
    expect(screen).toContain('the password is wrong. It was tried once.')
    expect({ code, hidden: !screen.includes('canary') }).toEqual({ code: 3, hidden: true })
  })
  test('a run asks once, and keeps the password nowhere', async () => {
    rule(asked)
    await project.write('go', '')
    const { code, screen } = await call(
      ['who.ts', ...asApp, '-K', '-y', '--output', 'lines'],
      [[question, 'canary-login']],
    )
    expect({ screen, code }).toMatchObject({ code: 3 })
    expect([said('usual'), said('db'), said('login')]).toEqual(['uf-app', 'uf-db', 'uf-login'])
    const kept = readdirSync(join(project.cwd, '.upgrade-fleet'), {
      recursive: true,
      withFileTypes: true,
      encoding: 'utf8',
    }).filter((one) => one.isFile())
    for (const one of kept)
      expect(readFileSync(join(one.parentPath, one.name), 'utf8')).not.toContain('canary')
    expect(screen).not.toContain('canary')
  })
})

describe('a run', () => {
  const record = async () =>
    JSON.parse(
      await project.read(
        `.upgrade-fleet/runs/${readdirSync(join(project.cwd, '.upgrade-fleet/runs')).sort().at(-1)}/run.json`,
      ),
    ) as { readonly login?: unknown }
  test('is gone on with, and taken back, as the users that it was begun as', async () => {
    const first = await project.call(['who.ts', ...asApp, '--on-failure', 'stop'])
    expect(first).toMatchObject({ code: 3 })
    expect([said('usual'), said('db'), said('login')]).toEqual(['uf-app', 'uf-db', 'uf-login'])
    expect((await record()).login).toEqual({ become: true, becomeUser: 'uf-app' })
    // Nothing was done as the one who logs in but what says so.
    expect(statSync(join(dir, 'usual')).uid).toBe(app.uid)
    expect(
      await project.call(['exec', 'all', ...asApp, '--', `echo gone >${dir}/go; id -un >>${dir}/go`]),
    ).toMatchObject({ code: 0 })
    const second = await project.call(['resume', '--on-failure', 'stop'])
    expect({ code: second.code, text: second.out + second.err }).toMatchObject({ code: 0 })
    const [id] = readdirSync(join(project.cwd, '.upgrade-fleet/runs')).sort().slice(-1)
    const back = await project.call(['rollback', id ?? '', '-y'])
    expect({ code: back.code, text: back.out + back.err }).toMatchObject({ code: 0 })
    expect((await record()).login).toEqual({ become: true, becomeUser: 'uf-app' })
    expect([said('usual.undone'), said('db.undone'), said('login.undone')]).toEqual([
      'uf-app',
      'uf-db',
      'uf-login',
    ])
    expect(said('usual')).toBeUndefined()
  })
  test('a user who cannot be become fails the task, changes nothing, and the run can go on', async () => {
    rule('uf-login ALL=(uf-app) NOPASSWD: /bin/sh')
    const { code, out } = await project.call([
      'who.ts',
      ...asApp,
      '--on-failure',
      'stop',
      '--output',
      'lines',
    ])
    expect({ code, out }).toMatchObject({
      code: 3,
      out: expect.stringContaining('uf-db was not become by sudo'),
    })
    expect([said('usual'), said('db'), said('login')]).toEqual(['uf-app', undefined, undefined])
    const events = (await project.journals()).at(-1) ?? []
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'task.ended', task: 'one/h1/db', result: 'failed' }),
    )
    rule(free)
    await project.call(['exec', 'all', '--', `echo gone >${dir}/go`])
    const again = await project.call(['resume', '--on-failure', 'stop'])
    expect({ code: again.code, text: again.out + again.err }).toMatchObject({ code: 0 })
    expect([said('usual'), said('db'), said('login')]).toEqual(['uf-app', 'uf-db', 'uf-login'])
  })
  test('where nobody can be become, that is said once, nothing is changed and nothing stays locked', async () => {
    rule(asked)
    const { code, out, err } = await project.call([
      'who.ts',
      ...asApp,
      '--on-failure',
      'stop',
      '--output',
      'lines',
    ])
    expect({ code, text: out + err }).toMatchObject({
      code: 3,
      text: expect.stringContaining('a password is needed'),
    })
    expect(readdirSync(dir)).toEqual([])
    expect(out + err).not.toContain('stay locked')
  })
  test('the plan says as whom', async () => {
    const { code, out } = await project.call(['plan', 'who.ts', '--offline'])
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/h1 > db, as uf-db: /) })
    expect(out).toMatch(/h1 > login, as who logs in: /)
  })
})

describe('a stored plan', () => {
  const make = async (...flags: readonly string[]) => {
    const { code, out, err } = await project.call(['plan', 'who.ts', '--out', 'plan.json', ...flags])
    expect({ code, text: out + err }).toMatchObject({ code: 0 })
    return JSON.parse(await project.read('plan.json')) as {
      readonly selection: { readonly become?: unknown }
    }
  }
  const run = async (...flags: readonly string[]) => {
    const { code, out, err } = await project.call([
      'run',
      '--plan',
      'plan.json',
      '--on-failure',
      'stop',
      ...flags,
    ])
    return { code, text: out + err }
  }
  beforeEach(async () => {
    await project.call(['exec', 'all', '--', `echo gone >${dir}/go`])
  })
  test('keeps whom its tasks become, and is run as these without a word', async () => {
    const plan = await make(...asApp)
    expect(plan.selection.become).toEqual({ become: true, becomeUser: 'uf-app' })
    expect(JSON.stringify(plan)).toContain('"task":"one/h1/db","as":"uf-db"')
    expect(await run()).toMatchObject({ code: 0 })
    expect([said('usual'), said('db'), said('login')]).toEqual(['uf-app', 'uf-db', 'uf-login'])
  })
  test('takes the same once more, and refuses another', async () => {
    await make(...asApp)
    expect(await run('-b', '--become-user', 'uf-db')).toEqual({
      code: 2,
      text: expect.stringContaining(
        '-b --become-user uf-db (the plan was made with -b --become-user uf-app) beside it',
      ),
    })
    expect(await run('--become-user', 'uf-app')).toMatchObject({ code: 2 })
    expect(readdirSync(dir)).toEqual(['go'])
    expect(await run(...asApp)).toMatchObject({ code: 0 })
  })
  test('that was made without it is not run with it', async () => {
    expect((await make()).selection).not.toHaveProperty('become')
    expect(await run(...asApp)).toEqual({
      code: 2,
      text: expect.stringContaining('-b --become-user uf-app (the plan was made with nothing of that)'),
    })
    expect(readdirSync(dir)).toEqual(['go'])
  })
  test('is gone on with as the same users, or not at all', async () => {
    await make(...asApp)
    rule('uf-login ALL=(uf-app) NOPASSWD: /bin/sh')
    expect(await run()).toMatchObject({ code: 3 })
    rule(free)
    const resume = async (...flags: readonly string[]) => {
      const { code, out, err } = await project.call(['resume', '--on-failure', 'stop', ...flags])
      return { code, text: out + err }
    }
    expect(await resume('--become-user', 'uf-db')).toEqual({
      code: 2,
      text: expect.stringContaining('becomes (-b --become-user uf-app), got -b --become-user uf-db'),
    })
    expect(said('db')).toBeUndefined()
    expect(await resume()).toMatchObject({ code: 0 })
    expect(said('db')).toBe('uf-db')
  })
})

describe('sudoers', () => {
  test('prints what the playbook needs, and that is enough for it', async () => {
    rule()
    expect(await project.call(['ping', 'all', ...asApp])).toMatchObject({ code: 3 })
    const before = server.log().length
    const { code, out, err } = await project.call(['sudoers', 'who.ts', ...asApp])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(server.log().slice(before)).not.toContain('Connection from')
    expect(out).toBe('# h1\nuf-login ALL=(uf-app, uf-db) NOPASSWD: /bin/sh\n')
    rule(out)
    await project.call(['exec', 'all', '--', `echo gone >${dir}/go`])
    const run = await project.call(['who.ts', ...asApp])
    expect({ code: run.code, text: run.out + run.err }).toMatchObject({ code: 0 })
    const none = await project.call(['sudoers', 'who.ts', ...asApp, '--become-method', 'doas'])
    expect(none).toEqual({ code: 0, out: '', err: 'No host needs a rule: nothing is done by sudo.\n' })
  })
})
