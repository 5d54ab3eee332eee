import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { makeProject, type Project, prelude } from '../support/project.ts'

/** Reads a gate on each host, which b alone has; d answers nobody. */
const book = `${prelude}
export default playbook('walk', { fleet }, (site) => [
  play('gates', site.web, { collect: true }).task('open', ({ host }) => read({ path: host.vars.dir + '/gate' })),
])
`
// Nobody listens there, and what is refused is tried again for three seconds.
const far =
  '{ ansible_connection: ssh, ansible_host: 127.113.0.9, ansible_port: 9, upgrade_fleet_host_key: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ansible_ssh_common_args: "-F none" }'

let project: Project
let id = ''
beforeAll(async () => {
  project = await makeProject({ 'walk.ts': book })
  const hosts = await project.read('inventory/hosts.yml')
  await project.write(
    'inventory/hosts.yml',
    `${hosts}    d: { dir: /nowhere, <<: ${far} }\n`.replace(/^ {4}d:/m, '      d:'),
  )
  await project.write('b/gate', 'open')
  await project.write('list', 'c\n\nb\n')
  expect(await project.call(['run', 'walk.ts'])).toMatchObject({ code: 3 })
  ;[id = ''] = readdirSync(join(project.cwd, '.upgrade-fleet/runs'))
})

/** The hosts that a command says it is about, in its order. */
const ways: readonly [what: string, args: readonly string[], hosts: (out: string) => readonly string[]][] = [
  ['hosts', ['hosts', 'web'], (out) => out.trim().split('\n')],
  ['run --list-hosts', ['walk.ts', '--list-hosts'], (out) => listed(out)],
  ['plan --offline', ['plan', 'walk.ts', '--offline', '--list-hosts'], (out) => listed(out)],
  ['ping --explain', ['ping', 'web', '--explain'], (out) => out.match(/^\w+(?= \|)/gm) ?? []],
  ['exec', ['exec', 'web', '--', 'true'], (out) => (out.match(/^\w+(?= \|)/gm) ?? []).toSorted()],
]
const listed = (out: string) => out.match(/^ {2}\w+$/gm)?.map((line) => line.trim()) ?? []

describe.each(ways)('%s', (_what, [command = '', ...args], hosts) => {
  const call = async (...given: readonly string[]) => {
    const at = args.indexOf('--')
    // exec has the long form alone.
    const more = at < 0 ? given : given.map((one) => (one === '-l' ? '--limit' : one))
    const all = at < 0 ? [...args, ...more] : [...args.slice(0, at), ...more, ...args.slice(at)]
    const { out, err, code } = await project.call([command, ...all])
    return { names: hosts(out), err, code }
  }
  test.each<[readonly string[], readonly string[]]>([
    [
      ['-l', 'c:a'],
      ['a', 'c'],
    ],
    [
      ['-l', 'web:!d:!a'],
      ['b', 'c'],
    ],
    [
      ['--limit', '@list'],
      ['b', 'c'],
    ],
    [
      ['--limit', '@run:latest:failed'],
      ['a', 'c'],
    ],
    [['--limit', '@run:ID:failed', '--where', 'dir > "/" && inventory_hostname != "a"'], ['c']],
    [
      ['--where', 'inventory_hostname in ["a", "b"]'],
      ['a', 'b'],
    ],
    [['-l', 'b:nobody', '--allow-empty'], ['b']],
  ])('%j is %j', async (more, expected) => {
    const { names, err } = await call(...more.map((one) => one.replace('ID', id)))
    expect(names, err).toEqual(expected)
  })

  test.each<[readonly string[], string]>([
    [['-l', 'nobody'], 'expected a group or host, got none of that name'],
    [['-l', '@run:yesterday:failed'], 'There is no run "yesterday"'],
    [['-l', ''], 'pattern "": expected a group or host, got nothing'],
    [['-l', ' , '], 'expected a group or host, got nothing'],
    [['-l', '~['], 'pattern "~[": expected a "]" for each "["'],
    [['-l', 'we[ab'], 'expected a "]" for each "["'],
  ])('%j is refused', async (more, message) => {
    const { err, code } = await call(...more)
    expect(err).toContain(message)
    expect(code).toBe(2)
  })
})

test.each([
  [['hosts', '@run:latest:unreachable'], 'd\n'],
  [['hosts', '-l', '@run:latest:unreachable'], 'd\n'],
])('%j are those that were not reached', async (args, out) => {
  expect(await project.call(args)).toMatchObject({ code: 0, out })
})

test('check takes them too', async () => {
  const check = (...more: string[]) => project.call(['check', 'walk.ts', ...more])
  // a and c failed: what both options leave shows each of them. The compiler takes seconds for each.
  const both = ['-l', '@run:latest:failed', '--where', 'inventory_hostname != "a"']
  expect((await check(...both)).out).toContain('1 plays on 1 host')
  expect(await check('-l', 'nobody')).toMatchObject({ code: 2 })
})

test.each([
  ['scan', ['hostkeys', 'scan', 'web', '-l', '@run:latest:unreachable']],
  ['ping', ['ping', '-l', '@run:latest:unreachable']],
])('%s asks the one that was not reached', async (_what, args) => {
  const { out, code } = await project.call(args)
  expect(out).toMatch(/^d \| unreachable/)
  expect(code).toBe(4)
})

test('a limit and a pattern without a host in common are an error, or nothing with --allow-empty', async () => {
  const { err, code } = await project.call(['hosts', 'a', '-l', 'b'])
  expect(err).toContain('--limit b: leaves none of the 1 host of "a"')
  expect(code).toBe(2)
  expect(await project.call(['hosts', 'a', '-l', 'b', '--allow-empty'])).toMatchObject({ code: 0, out: '' })
})

test.each([
  ['exec', ['exec', '', '--', 'true']],
  ['ping', ['ping', '', '--explain']],
  ['hosts', ['hosts', '~[']],
])('%s goes nowhere for a slip in its pattern', async (_what, args) => {
  const { out, err, code } = await project.call(args)
  expect(err).toContain(`pattern "${args[1]}": expected a`)
  expect([out, code]).toEqual(['', 2])
})

test.each(['--limit', '--where'])('resume %s says what to type instead', async (option) => {
  const { err, code } = await project.call(['resume', option, 'a'])
  expect(err).toContain(`resume ${option} a: a resume goes on with all hosts of its run`)
  expect(err).toContain('upgrade-fleet PLAYBOOK --limit @run:latest:failed')
  expect(code).toBe(2)
})
