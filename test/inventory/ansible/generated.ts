import type { PatternQuestion } from '../../support/ansible-inventory.ts'
import type { Case } from './case.ts'

/** Numbers that look random and are the same in every run (mulberry32). */
export function dice(seed: number) {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number): number => Math.floor(next() * end)
  const one = <T>(list: readonly T[]): T => {
    const found = list[below(list.length)]
    if (found === undefined) throw new Error('an empty list has nothing to choose')
    return found
  }
  return { below, one, often: (chance: number) => next() < chance }
}

type Dice = ReturnType<typeof dice>

const groupNames = ['web', 'db', 'dc1', 'dc2', 'gw', 'gw_workers', 'km', 'prod']
const hostNames = [
  'gw[1:3]',
  'gw[01:04:2].dc1',
  'web1',
  'web2.dc1',
  'db-[a:c]',
  '10.0.0.[1:2]',
  'web1:2222',
  'store',
  'n[0:1]-[1:2]',
  'kmhost:22',
  'fe80::1',
  'lone',
]
const varNames = ['a', 'b', 'c', 'ansible_port', 'ansible_host', 'ansible_user']
const yamlValues = [
  '1',
  '"1"',
  'yes',
  'No',
  '~',
  '',
  '012',
  '0x1f',
  '1_000',
  '22:30',
  '1.5',
  '1e3',
  '1.0e+3',
  'text with blanks',
  '"{{ a }}"',
  '[1, two, [3]]',
  '{ k: v, 1: x }',
  '2.6.0',
  '4.10',
  "'it''s'",
  '"tab\\tend"',
  '!!str 5',
  '|-\n        one\n        two',
  'y',
  'Null',
]
const iniValues = [
  '1',
  '0644',
  '1_000',
  '0x10',
  '1e3',
  '3.5',
  'True',
  'true',
  'None',
  "[1,'two']",
  "{'k':1,'l':[None]}",
  '"quoted"',
  "'single'",
  '"\'23\'"',
  '{{a}}',
  '',
  '2.6.0',
  '(1,2)',
  '-5',
  "b'x",
  'a=b',
  'a\\ b',
  '"x y"',
]

function yamlText(by: Dice): string {
  const lines: string[] = []
  const vars = (depth: number): void => {
    for (const name of varNames)
      if (by.often(0.3)) lines.push(`${'  '.repeat(depth)}${name}: ${by.one(yamlValues)}`)
  }
  const group = (name: string, depth: number, below: readonly string[]): void => {
    const pad = '  '.repeat(depth)
    const begun = lines.push(`${pad}${name}:`)
    if (by.often(0.6)) {
      lines.push(`${pad}  vars:`)
      if (by.often(0.3)) lines.push(`${pad}    ansible_group_priority: ${by.one(['1', '5', '10', '"7"'])}`)
      vars(depth + 2)
    }
    if (below.length > 0 && by.often(0.8)) {
      lines.push(`${pad}  children:`)
      const middle = by.below(below.length + 1)
      for (const [at, part] of [below.slice(0, middle), below.slice(middle)].entries()) {
        const [first, ...rest] = part
        if (first !== undefined && at < 2) group(first, depth + 2, rest)
      }
    }
    if (by.often(0.8)) {
      lines.push(`${pad}  hosts:`)
      const used = new Set<string>()
      for (let count = by.below(4); count >= 0; count--) {
        const host = by.one(hostNames)
        if (used.has(host)) continue
        used.add(host)
        lines.push(`${pad}    ${host.includes('[') || host.includes(':') ? `"${host}"` : host}:`)
        if (by.often(0.5)) vars(depth + 3)
      }
    }
    if (lines.length === begun) lines[begun - 1] = `${pad}${name}: {}`
  }
  const names = groupNames.filter(() => by.often(0.6))
  group('all', 0, names)
  for (const name of groupNames) if (by.often(0.15)) group(name, 0, [])
  return `${lines.join('\n')}\n`
}

function iniText(by: Dice): string {
  const lines: string[] = []
  const chosen = groupNames.filter(() => by.often(0.6))
  const hosts = () => {
    for (let count = by.below(4); count > 0; count--) {
      const pairs = varNames.filter(() => by.often(0.2)).map((name) => `${name}=${by.one(iniValues)}`)
      lines.push([by.one(hostNames), ...pairs, ...(by.often(0.1) ? ['# said'] : [])].join(' '))
    }
  }
  hosts()
  for (const name of chosen) {
    if (by.often(0.1)) lines.push('', '; a comment')
    lines.push(`[${name}]`)
    hosts()
    if (by.often(0.4)) {
      lines.push(`[${name}:vars]`)
      if (by.often(0.3)) lines.push(`ansible_group_priority=${by.one(['2', '20'])}`)
      for (const variable of varNames)
        if (by.often(0.3)) lines.push(`${variable}${by.one(['=', ' = '])}${by.one(iniValues)}`)
    }
  }
  for (const [at, name] of chosen.entries()) {
    if (!by.often(0.4)) continue
    // Only later ones: no cycle, and some are declared further down, some not at all.
    lines.push(`[${name}:children]`, ...chosen.slice(at + 1).filter(() => by.often(0.5)))
  }
  return `${lines.join('\n')}\n`
}

const varsText = (by: Dice) =>
  varNames
    .filter(() => by.often(0.4))
    .map((name) => `${name}: ${by.one(yamlValues).replaceAll('        ', '  ')}\n`)
    .join('')

function varsFiles(by: Dice, below: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of ['all', 'ungrouped', ...groupNames]) {
    if (!by.often(0.25)) continue
    const file = by.one(['', '.yml', '.yaml', '.json', '/main.yml', '/z'])
    found[`${below}group_vars/${name}${file}`] =
      file === '.json' ? '{"a": {"json": [1, null]}}' : varsText(by)
  }
  for (const name of ['gw1', 'web1', 'store', '10.0.0.1', 'db-a'])
    if (by.often(0.25)) found[`${below}host_vars/${name}${by.one(['', '.yml'])}`] = varsText(by)
  return found
}

/** An inventory of one or more sources, made by a seed. */
export function generatedCase(seed: number): Case {
  const by = dice(seed)
  const kind = by.one(['yaml', 'ini', 'directory', 'several', 'json'])
  const files: Record<string, string> = {}
  const sources: string[] = []
  if (kind === 'yaml') {
    files['inv/hosts.yml'] = yamlText(by)
    sources.push('inv/hosts.yml')
  } else if (kind === 'ini') {
    files['inv/hosts'] = iniText(by)
    sources.push('inv/hosts')
  } else if (kind === 'json') {
    const host = () => ({ a: by.one([1, null, 'x', true, [1], { k: 1.5 }]) })
    const group = () => ({ hosts: { [by.one(['web1', 'store'])]: host(), km: null }, vars: host() })
    files['inv/hosts.json'] = JSON.stringify({ web: group(), db: { ...group(), children: { dc1: group() } } })
    sources.push('inv/hosts.json')
  } else if (kind === 'directory') {
    files['inv/01.yml'] = yamlText(by)
    files['inv/02-hosts'] = iniText(by)
    if (by.often(0.5)) files['inv/sub/more.yml'] = yamlText(by)
    files['inv/notes.md'] = 'no inventory'
    sources.push('inv')
  } else {
    files['inv/hosts.yml'] = yamlText(by)
    files['two/hosts'] = iniText(by)
    Object.assign(files, varsFiles(by, 'two/'))
    sources.push('inv/hosts.yml', 'two/hosts')
    if (by.often(0.3)) sources.push('extra1,web1,10.0.0.9:22,')
    if (by.often(0.2)) sources.push('inv/hosts.yml')
  }
  Object.assign(files, varsFiles(by, 'inv/'))
  const beside = by.often(0.5)
  if (beside) Object.assign(files, varsFiles(by, 'play/'))
  return {
    name: `generated ${seed} (${kind})`,
    files,
    sources,
    ...(beside && { playbookDir: 'play' }),
    patterns: Array.from({ length: 15 }, () => pattern(by)),
  }
}

const words = [
  'all',
  '*',
  'ungrouped',
  ...groupNames,
  'gw*',
  'web?',
  'web[12]',
  'db-[!a]',
  '*.dc1',
  '~gw\\d',
  '~(web|db).*',
  '~.*1$',
  'gw1',
  'gw01.dc1',
  'store',
  '10.0.0.*',
  '10.0.0.1',
  'fe80::1',
  'nothing',
  'localhost',
  'n0-1',
  'n?-[12]',
]
const subscripts = [
  '',
  '',
  '',
  '',
  '',
  '[0]',
  '[-1]',
  '[1:2]',
  '[0:]',
  '[1-2]',
  '[5]',
  '[7:9]',
  '[1:0]',
  '[2:1]',
  '[:2]',
]

function pattern(by: Dice): PatternQuestion {
  const part = () => `${by.one(['', '', '', '&', '!'])}${by.one(words)}${by.one(subscripts)}`
  const parts = Array.from({ length: 1 + by.below(3) }, part)
  const joined = parts.join(by.one([':', ',', ' , ']))
  return {
    pattern: by.often(0.1) ? parts : joined,
    ...(by.often(0.2) && { limit: part() }),
  }
}
