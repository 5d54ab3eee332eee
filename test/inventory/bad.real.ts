import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { endpointOf } from '../../src/inventory/endpoint.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { InputError } from '../../src/model/errors.ts'
import { files, problemsOf } from '../support/site.ts'

/** All that `check`, `plan` and `run` refuse of an inventory before anything is connected to. */
async function refused(cwd: string, source: string): Promise<readonly string[]> {
  return problemsOf(async () => {
    const inventory = await loadInventory({ sources: [source], cwd, env: {} })
    if (inventory.warnings.length > 0) throw new InputError(inventory.warnings)
    for (const host of inventory.hosts) endpointOf(inventory, host)
  })
}

const host = (vars: string) => `all: { hosts: { h: { ${vars} } } }\n`
const bomb = ['l0: &l0 x']
  .concat(Array.from({ length: 9 }, (_, at) => `l${at + 1}: &l${at + 1} [${Array(10).fill(`*l${at}`)}]`))
  .join('\n')
const corpus: readonly [what: string, text: string, line: number, column: number, message: string][] = [
  ['an unknown key', 'all: { hosts: { h: }, chidren: { a: } }\n', 1, 23, 'did you mean "children"?'],
  ['a group that is a text', 'all: { children: { a: text } }\n', 1, 23, 'expected a group'],
  ['a ring of groups', 'a: { children: { b: { children: { a: } } } }\n', 1, 18, 'without a loop'],
  ['a range without an end', 'all:\n  hosts:\n    "gw[1:]":\n', 3, 5, 'a range with an end'],
  ['a range that is endless', 'all: { hosts: { "gw[1:99999999]": } }\n', 1, 17, 'at most 100000 hosts'],
  ['ranges of ranges', 'all: { hosts: { "gw[1:9999][1:9999]": } }\n', 1, 17, 'at most 100000 hosts'],
  ['a key twice', 'all:\n  vars:\n    a: 1\n    a: 2\n', 4, 5, 'stands here again, after line 3'],
  ['an alias bomb', `all: { hosts: { h: } }\n${bomb}\n`, 2, 9, 'that aliases repeat'],
  ['an alias in itself', 'all: &a { vars: { x: *a } }\n', 1, 22, 'stands inside itself'],
  ['__proto__', host('__proto__: { polluted: 1 }'), 1, 22, 'another name than __proto__'],
  ['constructor, merged', host('<<: { constructor: 1 }'), 1, 28, 'another name than constructor'],
  ['a group named prototype', 'prototype: { hosts: { h: } }\n', 1, 1, 'another name than prototype'],
  [
    'deep lists that end',
    `all: { vars: { x: ${'['.repeat(500)}${']'.repeat(500)} } }\n`,
    1,
    117,
    'at most 100 levels',
  ],
  [
    'an option as a host',
    'all: { hosts: { "-oProxyCommand=touch pwned": } }\n',
    1,
    17,
    'without a leading "-"',
  ],
  ['a newline in a host', 'all: { hosts: { "h\\nHost *": } }\n', 1, 17, 'control characters'],
  ['an option as an address', host('ansible_host: "-oProxyCommand=x"'), 1, 36, 'a host name or address'],
  ['a command as an address', host('ansible_host: "$(touch pwned) x"'), 1, 36, 'a host name or address'],
  ['a newline in a user', host('ansible_user: "a\\nProxyCommand touch pwned"'), 1, 36, 'a user name'],
  ['an option as a user', host('ansible_user: -l'), 1, 36, 'a user name'],
  ['a port that is none', host('ansible_port: 99999'), 1, 36, 'a port of 1 to 65535'],
  ['a key that is relative', host('ansible_ssh_private_key_file: id'), 1, 52, 'an absolute path'],
  ['another connection', host('ansible_connection: docker'), 1, 42, 'expected one of "ssh"'],
  ['a lookup', host("ansible_user: \"{{ lookup('pipe', 'touch pwned') }}\""), 1, 36, 'nothing of Jinja but'],
  ['a statement', host('ansible_host: "{% for x in y %}"'), 1, 36, 'nothing of Jinja but'],
  ['a ring of references', host('ansible_user: "{{ a }}", a: "{{ ansible_user }}"'), 1, 36, 'needs itself'],
  ['a value that is no number', host('weight: .nan'), 1, 30, 'a finite number'],
  ['a tag that makes objects', host('x: !!python/object/apply:os.system [id]'), 1, 49, ''],
  ['a tag of a text', host('x: !!python/name:os.system ""'), 1, 49, ''],
  ['two documents', 'all: { hosts: { h: } }\n---\nall: {}\n', 2, 1, ''],
  ['a tab', 'all:\n\thosts: {}\n', 2, 1, 'expected YAML'],
  ['a null byte', 'all: { hosts: { "a\0b": } }\n', 1, 19, 'got the character 0'],
  ['an escape of a terminal', 'all: { vars: { x: "\u001b[2J" } }\n', 1, 20, 'got the character 27'],
]

let seed = 7
const random = () => {
  seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
  return seed / 0x7fffffff
}
const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('')
const noise = (characters: string, length: number): string => {
  let text = ''
  while (text.length < length) text += characters[Math.floor(random() * characters.length)] ?? ''
  return text
}
const large = 5 * 1024 * 1024
const ring = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join('')

/** What costs a reader that does not look at it first its time or its stack; each is made when it is asked for. */
const huge: readonly [what: string, file: string, text: () => string, place: string, message: string][] = [
  ['5 MB of noise', 'hosts.yml', () => noise(`${printable}\n`, large), '1:1', ''],
  ['5 MB of noise without an ending', 'hosts', () => noise(`${printable}\n`, large), '1:1', ''],
  [
    '5 MB of what YAML is made of',
    'hosts.yml',
    () => `all:\n  hosts:\n${noise('-?:,[]{}#&*!|>\'"%@` \n\tab', large)}`,
    '3:',
    '',
  ],
  [
    '5 MB of noise behind an inventory',
    'hosts.yml',
    () =>
      `all:\n  hosts:\n    h:\n${'    # so far, so good\n'.repeat(20_000)}${noise(`${printable}\n`, large)}`,
    '',
    '',
  ],
  ['5 MB in one line', 'hosts', () => 'x'.repeat(large), '1:1', 'at most 255 characters'],
  ['5 million empty lines', 'hosts.yml', () => '\n'.repeat(large), '1000001:1', 'at most 1000000 lines'],
  [
    '5 MB of commas',
    'hosts.yml',
    () => `a: [${'x,'.repeat(large / 2)}]`,
    '1:4000002',
    'at most 2000000 values',
  ],
  ['20,000 dashes', 'hosts.yml', () => `${'- '.repeat(20_000)}x\n`, '1:201', 'at most 100 levels'],
  ['20,000 dashes in a row', 'hosts.yml', () => `${'-'.repeat(20_000)}\n`, '1:1', ''],
  ['20,000 dashes below one another', 'hosts.yml', () => ring(3000, (at) => `${' '.repeat(at)}-\n`), '', ''],
  ['20,000 questions', 'hosts.yml', () => `a:\n  ${'? '.repeat(20_000)}x\n`, '2:', 'at most 100 levels'],
  [
    '100,000 brackets that never end',
    'hosts.yml',
    () => `a: ${'['.repeat(100_000)}`,
    '1:104',
    'at most 100 levels',
  ],
  [
    '100,000 brackets that end',
    'hosts.yml',
    () => `a: ${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    '1:104',
    'at most 100 levels',
  ],
  ['100,000 braces', 'hosts.yml', () => 'a: {'.repeat(100_000), '1:404', 'at most 100 levels'],
  [
    'block maps in one another',
    'hosts.yml',
    () => ring(3000, (at) => `${' '.repeat(at)}a:\n`),
    '101:101',
    'at most 100 levels',
  ],
  [
    'JSON lists in one another',
    'hosts.json',
    () => `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    '1:101',
    'at most 100 levels',
  ],
  [
    'JSON maps in one another',
    'hosts.json',
    () => `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
    '1:501',
    'at most 100 levels',
  ],
  [
    '200,001 uses of an alias',
    'hosts.yml',
    () => `a: &a x\nb: [${'*a,'.repeat(200_001)}]`,
    '1:7',
    'that aliases repeat',
  ],
  ['brackets in a value of INI', 'hosts', () => `h x=${'['.repeat(100_000)}\n`, '1:3', 'at most 100 levels'],
  [
    'brackets that end in a value of INI',
    'hosts',
    () => `h x=${'['.repeat(150)}${']'.repeat(150)}\n`,
    '1:3',
    'at most 100 levels',
  ],
  [
    '20,000 groups in one another',
    'hosts',
    () => `${ring(20_000, (at) => `[g${20_000 - at}:children]\ng${20_001 - at}\n`)}[g20001]\nh\n`,
    '',
    'at most 100 levels of groups',
  ],
  [
    '30,000 groups that are not there',
    'hosts',
    () => ring(30_000, (at) => `[g${at}:children]\nc${at}\n`),
    '2:1',
    'a group with a section of its own',
  ],
  ['ranges, many of them', 'hosts', () => ring(3, (at) => `a${at}-[1:99999]\n`), '', 'at most 200000 hosts'],
]

describe('what is too large is told of before it costs anything', () => {
  it.each(huge.map(([what], at) => [what, at] as const))('%s', async (_what, at) => {
    const [, file, text, place, message] = huge[at] ?? (['', '', () => '', '', ''] as const)
    const problems = await refused(await files({ [file]: text() }), file)
    const [first = ''] = problems
    // Short, so that nothing has to draw 5 MB when it fails.
    expect(first.slice(0, 300)).toMatch(/^hosts(\.\w+)?:\d+:\d+ /)
    expect(first.slice(0, 300).includes(`${file}:${place}`), first.slice(0, 300)).toBe(true)
    expect(first.slice(0, 1000).includes(message), first.slice(0, 300)).toBe(true)
    expect(problems.join('').length).toBeLessThan(100_000)
  })
})

describe('a bad inventory is told of with its place', () => {
  // Only names become titles: 5 MB are none.
  it.each(corpus.map(([what], at) => [what, at] as const))('%s', async (_what, at) => {
    const [, text, line, column, message] = corpus[at] ?? (['', '', 0, 0, ''] as const)
    const cwd = await files({ 'hosts.yml': text })
    const problems = await refused(cwd, 'hosts.yml')
    expect(problems.length).toBeGreaterThan(0)
    const [first = ''] = problems
    expect(first.slice(0, 300)).toMatch(/^hosts\.yml:\d+:\d+ /)
    expect(first).toContain(message)
    if (message !== '') expect(first).toContain(`hosts.yml:${line}:${column} `)
    expect(problems.join('').length).toBeLessThan(100_000)
    await expect(stat(join(cwd, 'pwned'))).rejects.toThrow('ENOENT')
  })

  it.each<[string, string, string]>([
    ['words of INI', '[web]\nh a b=c\n', 'hosts:2:1 web: expected key=value, got "a"'],
    [
      'a section',
      '[web:x]\n',
      'hosts:1:1 ungrouped: expected "children" or "vars" behind the colon, got "x"',
    ],
    [
      'nobody’s variables',
      '[web:vars]\na=1\n',
      'hosts:1:1 web:vars: expected a group with a section of its own',
    ],
    ['a ring', '[a:children]\nb\n[b:children]\na\n', 'hosts:4:1 b.children: expected groups without a loop'],
    ['a bracket', '[web]\nh[\n', 'hosts:2:1 web.hosts.h[: expected a range such as [1:5]'],
    ['an option', '-oProxyCommand=x a=1\n', 'hosts:1:1 ungrouped.hosts."-oProxyCommand=x"'],
    ['quotes', 'h a="\n', 'hosts:1:1 ungrouped: expected quotes that end'],
  ])('%s in INI', async (_what, text, message) => {
    const problems = await refused(await files({ hosts: text }), 'hosts')
    expect(problems[0]).toContain(message)
  })

  it('leaves JavaScript as it is', async () => {
    const cwd = await files({ 'hosts.yml': host('__proto__: { polluted: 1 }') })
    await refused(cwd, 'hosts.yml')
    expect('polluted' in {}).toBe(false)
  })

  it('never lets a shell guess at a file that may be executed', async () => {
    const cwd = await files({ hosts: 'touch pwned\n' })
    await chmod(join(cwd, 'hosts'), 0o755)
    await problemsOf(() => loadInventory({ sources: ['hosts'], cwd, env: { PATH: '/usr/bin:/bin' } }))
    await expect(stat(join(cwd, 'pwned'))).rejects.toThrow('ENOENT')
  })
})
