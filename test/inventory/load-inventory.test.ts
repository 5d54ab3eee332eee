import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { placeOfVar } from '../../src/model/inventory.ts'
import { files, problemsOf } from '../support/site.ts'

async function load(contents: Record<string, string>, ...sources: string[]) {
  const cwd = await files(contents)
  const inventory = await loadInventory({
    sources: sources.length > 0 ? sources : ['hosts.yml'],
    cwd,
    env: {},
  })
  return { cwd, inventory }
}
const problems = (contents: Record<string, string>, ...sources: string[]) =>
  problemsOf(() => load(contents, ...sources))

describe('loadInventory', () => {
  it('tells everything that is wrong at once, each with its place', async () => {
    const hosts = `all:
  hosts:
    1234:
    gw[3:1]: {}
    a: text
    b:99999:
  chidren: {}
  children:
    one: { children: { two: { children: { one: } } } }
    list: [x]
`
    expect(
      await problems({ 'hosts.yml': hosts, 'group_vars/all.yml': '- a\n', 'host_vars/a.yml': 'x: [1\n' }),
    ).toEqual([
      'hosts.yml:3:5 all.hosts.1234: expected a host name as text (quote it)',
      'hosts.yml:4:5 all.hosts.gw[3:1]: expected a range that goes up, got [3:1]',
      'hosts.yml:5:8 hosts.a: expected a map of variables, got "text"',
      'hosts.yml:6:5 all.hosts.b:99999: expected a port of 1 to 65535, got 99999',
      'hosts.yml:9:24 one.children: expected groups without a loop, got "two", which already holds "one"',
      'hosts.yml:10:11 all.children.list: expected a group',
      'group_vars/all.yml:1:1 all: expected a map of variables, got a list',
      expect.stringMatching(/^host_vars\/a\.yml:2:1 expected YAML, got: /),
      // Those that Ansible only warns of.
      'hosts.yml:7:3 all.chidren: expected one of "hosts", "children", "vars", got "chidren"; did you mean "children"?',
      'hosts.yml:10:11 list: is passed over: expected a map with "hosts", "children" and "vars", got a list',
    ])
  })

  it.each<[string, Record<string, string>, string]>([
    ['no file', {}, 'hosts.yml: expected an inventory, got no such file'],
    [
      'a plugin',
      { 'hosts.yml': 'plugin: aws_ec2\n' },
      'hosts.yml:1:1 plugin: expected groups, got the configuration of',
    ],
    ['a list', { 'hosts.yml': '- a\n' }, 'hosts.yml:1:1 expected a map of groups, got a list'],
    [
      'a leading dash',
      { 'hosts.yml': 'all: { hosts: { -oX: } }' },
      'hosts.yml:1:17 all.hosts."-oX": expected a name',
    ],
  ])('refuses %s', async (_name, contents, problem) => {
    const told = await problems(contents)
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(problem)
  })

  it.each([
    ['hosts.ts', 'export default {}', 'modules cannot be loaded here'],
    ['dynamic.sh', '#!/bin/sh\n', 'a program that may not be executed; type: chmod +x dynamic.sh'],
    ['hosts.toml', '[all]', 'TOML, which is not supported'],
  ])('says of %s what to do instead', async (file, text, message) => {
    expect((await problems({ [file]: text }, file))[0]).toContain(message)
  })

  it('finds mistakes in INI', async () => {
    const hosts = `[web]
a b=c d
"x
[web:var]
[wob:vars]
x=1
[web:vars]
y
[all:children]
wbe
[a b]
`
    expect(await problems({ 'hosts.ini': hosts }, 'hosts.ini')).toEqual([
      'hosts.ini:2:1 web: expected key=value, got "d"',
      'hosts.ini:3:1 web: expected quotes that end',
      'hosts.ini:4:1 web: expected "children" or "vars" behind the colon, got "var"; did you mean "vars"?',
      'hosts.ini:8:1 web: expected key=value, got "y"',
      'hosts.ini:11:1 all: expected [group], [group:children] or [group:vars], got [a b]',
      'hosts.ini:5:1 wob:vars: expected a group with a section of its own, got "wob"; did you mean "web"?',
      'hosts.ini:10:1 all:children: expected a group with a section of its own, got "wbe"; did you mean "web"?',
    ])
  })

  it('reads a directory in order and leaves out what is no inventory', async () => {
    const { cwd, inventory } = await load(
      {
        'inv/b.yml': 'all: { vars: { x: b } }',
        'inv/a.yml': 'web: { hosts: { h: } }\nall: { vars: { x: a } }',
        'inv/c/hosts': '[web]\nlate\n',
        'inv/fleet.ts': 'no',
        'inv/hosts.example.yml': 'no',
        'inv/notes.md': 'no',
        'inv/lab/hosts.yml': 'no',
        'inv/.hidden': 'no',
        'inv/group_vars/web.yml': 'y: web',
        'inv/group_vars/wbe.yml': 'y: no',
        'inv/group_vars/all/one.yml': 'z: 1',
        'inv/group_vars/all.yml': 'z: 2',
      },
      'inv',
    )
    expect(inventory.sources).toEqual([join(cwd, 'inv')])
    expect(inventory.hosts.map(({ name, vars }) => [name, vars])).toEqual([
      ['h', { x: 'b', y: 'web', z: 1 }],
      ['late', { x: 'b', y: 'web', z: 1 }],
    ])
    expect(inventory.warnings).toEqual([
      'inv/group_vars/all.yml is not read, since all stands beside it',
      'inv/group_vars/wbe.yml is not read: there is no group "wbe"; did you mean "web"?',
    ])
  })

  it('knows the place of every value, whoever said it', async () => {
    const { inventory } = await load({
      'hosts.yml': 'web:\n  vars: { list: [1, { k: v }], own: group }\n  hosts:\n    h: { own: host }\n',
      'group_vars/web.yml': 'late: 1\n',
    })
    const [host] = inventory.hosts
    if (host === undefined) throw new Error('no host')
    const at = (...path: PropertyKey[]) => {
      const { place, group } = placeOfVar(inventory, host, path)
      return [place.file, place.line, place.column, group]
    }
    expect(at('own')).toEqual(['hosts.yml', 4, 15, undefined])
    expect(at('list', 1, 'k')).toEqual(['hosts.yml', 2, 26, 'web'])
    expect(at('list', 7)).toEqual(['hosts.yml', 2, 17, 'web'])
    expect(at('late')).toEqual(['group_vars/web.yml', 1, 7, 'web'])
    expect(at('missing')).toEqual(['hosts.yml', 4, 5, undefined])
    expect(structuredClone(inventory)).toEqual(inventory)
  })

  it('refuses names that reach into JavaScript', async () => {
    expect(
      await problems({
        'hosts.yml': 'all: { hosts: { h: { __proto__: 1, x: { constructor: 2 } }, prototype: } }',
      }),
    ).toEqual([
      'hosts.yml:1:22 expected another name than __proto__',
      'hosts.yml:1:41 expected another name than constructor',
      'hosts.yml:1:61 expected another name than prototype',
    ])
    expect(await problems({ h: '[web]\nh constructor=1\n[web:vars]\n__proto__=1\n' }, 'h')).toEqual([
      'h:2:1 web: expected another name than constructor',
      'h:4:1 web: expected another name than __proto__',
    ])
  })
})

describe('artifacts.yml', () => {
  const sha256 = 'A'.repeat(64)
  it('becomes the variable `artifacts` of all', async () => {
    const { cwd, inventory } = await load(
      {
        'inventory/hosts.yml': 'all: { hosts: { h: } }',
        'inventory/artifacts.yml': `- { name: wso2am-2.6.0, file: ../packs/am.zip, sha256: ${sha256} }\n`,
        'packs/am.zip': '',
      },
      'inventory/hosts.yml',
    )
    const expected = [{ name: 'wso2am-2.6.0', file: join(cwd, 'packs/am.zip'), sha256: sha256.toLowerCase() }]
    expect(inventory.hosts[0]?.vars['artifacts']).toEqual(expected)
    expect(inventory.groups[0]?.vars['artifacts']).toEqual(expected)
  })

  it('is checked as a whole', async () => {
    const artifacts = `artifacts:
  - { name: a, file: a.zip, sha256: ${sha256} }
  - { name: a, file: b.zip, sha256: 12 }
  - { name: c d, fil: a.zip }
`
    const cwd = await files({ 'hosts.yml': 'all:', 'artifacts.yml': artifacts, 'a.zip': '' })
    expect(await problemsOf(() => loadInventory({ sources: ['hosts.yml'], cwd, env: {} }))).toEqual([
      'artifacts.yml:3:37 artifacts[1].sha256: expected the SHA-256 of the file, 64 hexadecimal digits, got the number 12',
      'artifacts.yml:3:13 artifacts[1].name: expected each name once, got "a" again',
      'artifacts.yml:4:18 artifacts[2].fil: expected name, file or sha256; did you mean "file"?',
      'artifacts.yml:4:13 artifacts[2].name: expected a name without blanks or slashes, got "c d"',
      'artifacts.yml:4:5 artifacts[2].file: expected a path, got nothing',
      'artifacts.yml:4:5 artifacts[2].sha256: expected the SHA-256 of the file, 64 hexadecimal digits, got nothing',
      `artifacts.yml:3:22 artifacts[1].file: expected a file, got none at ${join(cwd, 'b.zip')}`,
    ])
  })
})
