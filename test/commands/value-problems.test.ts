import { expect, test } from 'vitest'
import { makeProject, prelude } from '../support/project.ts'

const book = `${prelude}
export default playbook('p', { fleet, params: z.object({ at: z.string().default('x') }) }, (site) => [
  play('look', site.web).task('read', ({ host }) => read({ path: host.vars.dir })),
])
`
const lines = (text: string) => text.trimEnd().split('\n')

test('all that is wrong with all files comes at once: structure, types, connections, and what Ansible warns of', async () => {
  const { cwd, call } = await makeProject({
    'p.ts': book,
    'inventory/hosts.yml':
      'web:\n  hosts:\n    a: { dir: 3, color: red }\n    "b[1:]": {}\n    c: { ansible_port: 99999 }\n  chidren: { x: }\n',
    'inventory/group_vars/web.yml': 'color: 7\npassword: p\npassword: q\n',
    'inventory/host_vars/c.yml': 'dir: [x]\n',
    'inventory/host_vars/d.yml': 'dir: /d\n',
  })
  const { code, err } = await call(['p.ts', '--list-hosts', '-e', 'at=y'])
  expect(code).toBe(2)
  expect(lines(err).map((line) => line.replace(cwd, ''))).toEqual([
    'inventory/hosts.yml:4:5 web.hosts.b[1:]: expected a range with an end, such as [1:5], got [1:]',
    expect.stringMatching(/^inventory\/hosts\.yml:6:3 web\.chidren: /),
    expect.stringMatching(/^inventory\/group_vars\/web\.yml:3:1 .*stands here again/),
    expect.stringMatching(/^inventory\/host_vars\/d\.yml is not read: there is no host "d"/),
    'inventory/hosts.yml:3:15 hosts.a.dir: expected a text, got the number 3 (quote it)',
    'inventory/host_vars/c.yml:1:6 hosts.c.dir: expected a text, got a list of 1',
    'inventory/group_vars/web.yml:1:8 web.vars.color: expected a text, got the number 7 (quote it)',
    'inventory/hosts.yml:5:24 hosts.c.ansible_port: expected a port of 1 to 65535, got the number 99999',
    'Correct the inventory, then try: upgrade-fleet inventory --graph',
  ])
})

test('what is missing is not told where a file could not be read', async () => {
  const { call, write } = await makeProject({
    'p.ts': book,
    'inventory/hosts.yml': 'web: { hosts: { a: { color: red } } }\n',
    'inventory/group_vars/web.yml': 'dir: /x: y\n',
  })
  const { err } = await call(['p.ts', '--list-hosts'])
  expect(lines(err)).toHaveLength(2)
  expect(err).toContain('inventory/group_vars/web.yml:1:')
  await write('inventory/group_vars/web.yml', 'motto: x\n')
  expect((await call(['p.ts', '--list-hosts'])).err).toContain(
    'inventory/hosts.yml:1:17 hosts.a.dir: expected a text, got nothing',
  )
})

test('a playbook that cannot be loaded hides nothing of the inventory', async () => {
  const { call } = await makeProject({
    'p.ts': 'import { x } from "./no.ts"\nexport default x',
    'inventory/hosts.yml': 'web: { hosts: { "a[1:]": } }\n',
  })
  const { code, err } = await call(['p.ts', '--list-hosts'])
  expect(code).toBe(2)
  expect(err).toContain('inventory/hosts.yml:1:17')
  expect(err).toContain(`p.ts:1:`)
})
