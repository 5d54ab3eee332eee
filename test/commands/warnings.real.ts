import { beforeAll, describe, expect, test } from 'vitest'
import { makeProject, type Project, prelude } from '../support/project.ts'

// What Ansible 2.14 says, each tried with ansible-inventory: "Invalid characters were found in group names", "Skipping unexpected
// key", "Skipping ... as this is not a valid group definition", "found a duplicate dict key", "Found both group and host with same
// name", "A duplicate localhost-like entry was found".
const cases: readonly [what: string, text: string, file: string, warning: string][] = [
  [
    'a dash in the name of a group',
    'a-b: { hosts: { a: } }',
    'w.yml',
    'w.yml:1:1 a-b: group names should be',
  ],
  ['the same in INI', '[a-b]\na\n', 'w', 'w:1:1 a-b: group names should be'],
  ['an unknown key', 'web: { hots: { a: } }', 'w.yml', 'w.yml:1:8 web.hots: expected one of'],
  ['a group that is a text', 'web: text', 'w.yml', 'w.yml:1:6 web: is passed over'],
  ['a key that stands twice', 'web:\n  vars: { x: 1, x: 2 }', 'w.yml', 'w.yml:2:17 x: stands here again'],
  [
    'one name for a host and a group',
    'a: { hosts: { b: } }',
    'w.yml',
    'hosts.yml:5:7 a: is a host and a group',
  ],
  [
    'two names for this machine',
    'web: { hosts: { localhost: , "::1": } }',
    'w.yml',
    'w.yml:1:30 ::1: is this machine, as "localhost" is',
  ],
]

let project: Project
beforeAll(async () => {
  project = await makeProject({
    'walk.ts': `${prelude}
export default playbook('walk', { fleet }, (site) => [
  play('p', site.web).task('read', ({ host }) => read({ path: host.vars.dir + '/fact' })),
])
`,
  })
})

describe.each(cases)('%s', (_what, text, file, warning) => {
  const call = async (...args: readonly string[]) => {
    await project.write(file, text)
    return project.call([...args, '-i', 'inventory/hosts.yml', '-i', file])
  }
  test.each([
    [['hosts', 'web']],
    [['inventory', '--graph']],
    [['inventory', '--list']],
    [['inventory', '--host', 'a']],
    [['inventory', 'explain', 'a.color']],
  ])('%j says it, and goes on', async (args) => {
    const { code, out, err } = await call(...args)
    expect(err).toContain('warning: ')
    expect(err).toContain(warning)
    expect(code).toBe(0)
    expect(out).not.toBe('')
  })
  test.each([[['plan', 'walk.ts', '--offline']], [['run', 'walk.ts']]])('%j refuses it', async (args) => {
    const { code, out, err } = await call(...args)
    expect(err).toContain(warning)
    expect([code, out]).toEqual([2, ''])
    expect(await project.journals()).toEqual([])
  })
})

test('check refuses what is only warned of', async () => {
  await project.write('w.yml', 'a-b: { hosts: { a: } }')
  const { code, err } = await project.call(['check', 'walk.ts', '-i', 'inventory/hosts.yml', '-i', 'w.yml'])
  expect(err).toContain('w.yml:1:1 a-b: group names should be')
  expect(code).toBe(2)
})

test('subscripts with a dash: a warning in patterns, an error in limits of a run', async () => {
  const hosts = await project.call(['hosts', 'web[0-1]'])
  expect(hosts).toMatchObject({ code: 0, out: 'a\nb\n' })
  expect(hosts.err).toContain('warning: pattern "web[0-1]": write web[0:1]')
  const plan = await project.call(['plan', 'walk.ts', '--offline', '-l', 'web[0-1]'])
  expect(plan.code).toBe(2)
  expect(plan.err).toContain('--limit: pattern "web[0-1]": write web[0:1]')
})

test('a pattern that matches nothing: an error with the nearest name everywhere, lifted by --allow-empty', async () => {
  for (const args of [
    ['hosts', 'web:wbe'],
    ['plan', 'walk.ts', '--offline', '-l', 'web:wbe'],
    ['run', 'walk.ts', '-l', 'web:wbe'],
    ['exec', 'web:wbe', '--', 'true'],
  ]) {
    const { code, err } = await project.call(args)
    expect(err).toContain(
      'pattern "wbe": expected a group or host, got none of that name; did you mean "web"?',
    )
    expect(code).toBe(2)
  }
  expect(await project.call(['hosts', 'web:wbe', '--allow-empty'])).toMatchObject({
    code: 0,
    out: 'a\nb\nc\n',
  })
})
