import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { fleet } from '../../inventory/fleet.ts'
import { editorSchema, type SchemaKind, schemaKinds } from '../../src/inventory/json-schema.ts'
import { labHosts } from '../../src/lab/fleet.ts'
import { artifactsYaml, inventoryYaml } from '../../src/lab/inventory-text.ts'

/** Python's jsonschema, a validator that we did not write: prints the way to each mistake, or nothing. */
const validator = `
import json, sys
from jsonschema import Draft7Validator
schemas, documents = json.load(sys.stdin)
for schema in schemas.values(): Draft7Validator.check_schema(schema)
def told(kind, document):
    errors = sorted(Draft7Validator(schemas[kind]).iter_errors(document), key=lambda e: list(map(str, e.path)))
    return ['.'.join(map(str, deepest(e))) for e in errors]
def deepest(error):
    paths = [list(error.absolute_path)] + [deepest(e) for e in error.context or []]
    return max(paths, key=len)
print(json.dumps([told(kind, document) for kind, document in documents]))
`

function validate(documents: readonly (readonly [SchemaKind, unknown])[]): readonly (readonly string[])[] {
  const schemas = Object.fromEntries(schemaKinds.map((kind) => [kind, editorSchema(fleet, kind)]))
  const input = JSON.stringify([schemas, documents])
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', validator], { input, encoding: 'utf8' }))
}

const file = (name: string) =>
  readFile(fileURLToPath(new URL(`../../inventory/${name}`, import.meta.url)), 'utf8')

let example = ''
beforeAll(async () => {
  example = await file('hosts.example.yml')
})

describe('what the fleet says is valid', () => {
  test('the example inventory and artefacts, and those of a lab', async () => {
    const range = '127.112.9'
    const lab = inventoryYaml({ dir: '/state/lab', from: '1.9.1', range, hosts: labHosts(range) })
    const artifact = { name: 'mysql-connector', file: '/state/x.jar', sha256: 'ab'.repeat(32) }
    expect(
      validate([
        ['hosts', parse(example)],
        ['hosts', parse(lab)],
        ['artifacts', parse(await file('artifacts.example.yml'))],
        ['artifacts', parse(artifactsYaml([artifact]))],
        ['artifacts', [artifact]],
      ]),
    ).toEqual([[], [], [], [], []])
  })

  test.each<[string, SchemaKind, string]>([
    ['nothing at all', 'hosts', ''],
    [
      'groups without hosts, hosts as one name',
      'hosts',
      'all: { children: { stores: , x: { hosts: a, vars: , children: b } } }',
    ],
    [
      'ranges, groups and variables that no fleet knows',
      'hosts',
      'dc1: { hosts: { "gw[01:12].dc1": { rack: 3, ansible_python_interpreter: /x } } }',
    ],
    [
      'connections as Ansible has them',
      'hosts',
      'all: { hosts: { a: { ansible_port: "2222", ansible_become: yes, ansible_become_method: su } } }',
    ],
    [
      'references to variables',
      'vars',
      'apim_home: "{{ base }}/x"\nansible_port: "{{ port }}"\ndatabases: "{{ dbs }}"\napim_version: "{{ v }}"',
    ],
    [
      'a reference deep inside',
      'vars',
      'databases: [{ name: a, holds: apim, host: "{{ db }}", schema: s, user: u, password: p, port: "{{ n }}" }]',
    ],
    [
      'every form of a secret',
      'vars',
      'ansible_password: { env: A }\nansible_ssh_pass: { file: /x }\nansible_become_pass: { command: [pass, x] }\nsvn: { url: svn://a, old_url: svn://b, user: u, password: { prompt: P } }',
    ],
    [
      'a port as text',
      'vars',
      'databases: [{ name: a, holds: [apim], host: h, port: "3306", schema: s, user: u, password: { env: P } }]',
    ],
  ])('%s', (_name, kind, text) => {
    expect(validate([[kind, parse(text)]])).toEqual([[]])
  })
})

test.each<[string, SchemaKind, string, string]>([
  [
    'a version that YAML takes for a number',
    'hosts',
    'all: { vars: { apim_version: 1.9 } }',
    'all.vars.apim_version',
  ],
  ['a version that no upgrade begins with', 'vars', 'apim_version: "1.9.2"', 'apim_version'],
  [
    'the same of one host',
    'hosts',
    'all: { hosts: { gw1: { apim_version: 1.9 } } }',
    'all.hosts.gw1.apim_version',
  ],
  ['a misspelt section', 'hosts', 'all: { host: { a: } }', 'all'],
  ['a relative home', 'vars', 'apim_home: opt/wso2', 'apim_home'],
  [
    'two migration hosts',
    'hosts',
    'all: { children: { migration: { hosts: { a: , b: } } } }',
    'all.children.migration.hosts',
  ],
  ['a host that begins with a dash', 'hosts', 'all: { hosts: { -oProxyCommand=x: } }', 'all.hosts'],
  ['a list of hosts', 'hosts', 'all: { hosts: [a, b] }', 'all.hosts'],
  ['a transport that there is none of', 'vars', 'ansible_connection: paramiko', 'ansible_connection'],
  ['a port that there is none of', 'vars', 'ansible_port: ssh', 'ansible_port'],
  ['a secret with another key', 'vars', 'ansible_password: { vault: x }', 'ansible_password'],
  ['a secret with two', 'vars', 'ansible_password: { env: X, file: /x }', 'ansible_password'],
  ['a secret of a relative file', 'vars', 'ansible_password: { file: x }', 'ansible_password.file'],
  [
    'a database without its password',
    'vars',
    'databases: [{ name: a, holds: apim, host: h, schema: s, user: u }]',
    'databases.0',
  ],
  [
    'a database that holds what there is none of',
    'vars',
    'databases: [{ name: a, holds: [apis], host: h, schema: s, user: u, password: p }]',
    'databases.0.holds.0',
  ],
  ['a short digest', 'artifacts', '[{ name: a, file: b, sha256: abc }]', '0.sha256'],
  [
    'an artefact with another key',
    'artifacts',
    `artifacts: [{ name: a, file: b, sha256: ${'ab'.repeat(32)}, size: 3 }]`,
    'artifacts.0',
  ],
])('%s is invalid', (_name, kind, text, path) => {
  expect(validate([[kind, parse(text)]])).toEqual([[path]])
})

test('each line of the example that is broken is found where it stands', async () => {
  const broken = [
    ['apim_version: "1.9.1"', 'apim_version: 1.9', 'all.vars.apim_version'],
    ['engine: mysql', 'engine: oracle', 'all.vars.databases.0.engine'],
    ['backups: /opt', 'backups: opt', 'all.vars.backups'],
    ['since: "2.0.0"', 'since: 2.0', 'all.hosts.tm-1.example.com.since'],
  ] as const
  const found = validate(broken.map(([from, to]) => ['hosts', parse(example.replace(from, to))]))
  expect(found).toEqual(broken.map(([, , path]) => [path]))
})

test('a plugin is invalid, wherever a version of the validator says it stands', () => {
  expect(validate([['hosts', parse('plugin: aws_ec2')]])[0]).toHaveLength(1)
})
