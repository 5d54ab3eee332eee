import { access, constants, open } from 'node:fs/promises'
import type { Place } from '../model/errors.ts'
import { sanitize } from '../model/sanitize.ts'
import { addChild, addGroup, addHosts, type Draft, say, setGroupVar } from './draft.ts'
import { type Located, problem, shown } from './located.ts'
import { type ProgramEnd, runProgram } from './run-program.ts'
import { readYaml } from './yaml-text.ts'

/** How inventory programs are run. */
export interface ProgramOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Seconds that one call may take. */
  readonly deadline: number
  /** Ends it, and all that it started. */
  readonly signal?: AbortSignal | undefined
  /** What a program says on its error stream, made safe to show. */
  readonly tell: (text: string) => void
}

/** Whether a file is a program that may be run: by its mode, and by how it begins, so that no shell ever guesses at its text. */
export async function isProgram(path: string): Promise<boolean> {
  if (!(await begins(path))) return false
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** Whether a file says of itself that it is a program. */
export async function begins(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    const head = buffer.subarray(0, bytesRead).toString('latin1')
    return head.startsWith('#!') || head === '\x7fELF'
  } finally {
    await file.close()
  }
}

/**
 * Reads what a program says to `--list` as Ansible does: groups with hosts, vars and children, and the hosts' variables in
 * `_meta`; without those it is asked for each host with `--host`. It is run without a shell.
 */
export async function readProgram(
  draft: Draft,
  path: string,
  file: string,
  options: ProgramOptions,
): Promise<void> {
  const place: Place = { file }
  const root = await ask(draft, path, file, ['--list'], options)
  if (root === undefined) return
  const hosts = new Set<string>()
  for (const [name, { key, value }] of root) {
    if (name !== '_meta') readGroup(draft, name, key, value, hosts)
  }
  const meta = root.get('_meta')?.value
  const said = meta?.kind === 'map' ? meta.entries.get('hostvars')?.value : undefined
  if (said !== undefined && said.kind !== 'map') {
    draft.problems.push(problem(said.place, '_meta.hostvars', `expected a map of hosts, got ${what(said)}`))
    return
  }
  if (said !== undefined) {
    for (const name of hosts) {
      const found = said.entries.get(name)
      if (found !== undefined) setVars(draft, name, found.value)
    }
    return
  }
  const next = hosts.values()
  const worker = async () => {
    for (const name of next) {
      const vars = await ask(draft, path, file, ['--host', name], options)
      if (vars !== undefined) setVars(draft, name, { kind: 'map', place, entries: vars })
    }
  }
  await Promise.all(Array.from({ length: Math.min(8, hosts.size) }, worker))
}

type Entries = Extract<Located, { kind: 'map' }>['entries']

const what = (value: Located): string => {
  if (value.kind === 'scalar') return shown(value.value)
  return value.kind === 'list' ? 'a list' : 'a map'
}

// A list is the hosts; a map without any of the three words is a host of the group's own name.
function readGroup(draft: Draft, name: string, place: Place, data: Located, hosts: Set<string>): void {
  const group = addGroup(draft, name, place)
  const words = data.kind === 'map' ? data.entries : new Map([['hosts', { key: place, value: data }]])
  const known = ['hosts', 'vars', 'children'].some((word) => words.has(word))
  const add = (item: Located): void => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') {
      draft.problems.push(problem(item.place, `${name}.hosts`, `expected a host's name, got ${what(item)}`))
      return
    }
    for (const host of addHosts(draft, group, item.value, item.place, 'plain')) hosts.add(host)
  }
  if (!known) {
    add({ kind: 'scalar', place, value: name })
    setVars(draft, name, data)
    return
  }
  const list = (word: 'hosts' | 'children'): readonly Located[] => {
    const value = words.get(word)?.value
    if (value === undefined || value.kind === 'list') return value?.items ?? []
    draft.problems.push(problem(value.place, `${name}.${word}`, `expected a list, got ${what(value)}`))
    return []
  }
  for (const item of list('hosts')) add(item)
  const vars = words.get('vars')?.value
  if (vars !== undefined && vars.kind !== 'map')
    draft.problems.push(problem(vars.place, `${name}.vars`, `expected a map of variables, got ${what(vars)}`))
  else for (const [key, entry] of vars?.entries ?? []) setGroupVar(draft, group, key, entry)
  for (const child of list('children')) {
    if (child.kind === 'scalar' && typeof child.value === 'string')
      addChild(draft, group, addGroup(draft, child.value, child.place), child.place)
    else {
      const message = `expected the name of a group, got ${what(child)}`
      draft.problems.push(problem(child.place, `${name}.children`, message))
    }
  }
}

function setVars(draft: Draft, host: string, vars: Located): void {
  if (vars.kind !== 'map') {
    draft.problems.push(
      problem(vars.place, `hosts.${host}`, `expected a map of variables, got ${what(vars)}`),
    )
    return
  }
  const known = draft.hosts.get(host)
  for (const [name, entry] of vars.entries) if (known !== undefined) say(known.vars, name, entry)
}

const mostBytes = 64 * 1024 * 1024

function refusal(wrong: NonNullable<ProgramEnd['wrong']>, { deadline }: ProgramOptions): string {
  if (wrong === 'interrupted') return 'interrupted'
  if (wrong === 'late') return `expected an answer of this program within ${deadline} s, got none`
  if (wrong === 'too much')
    return `expected at most ${mostBytes / 1024 / 1024} MiB from this program, got more`
  return /^(exit |SIG)/.test(wrong.failed)
    ? `expected exit 0 of this program, got ${wrong.failed}`
    : `cannot be run: ${wrong.failed}`
}

/** What one call prints: a JSON map. */
async function ask(
  draft: Draft,
  path: string,
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<Entries | undefined> {
  const call = `${file} ${args.join(' ')}`
  const refuse = (message: string): undefined => {
    draft.problems.push(problem({ file: call }, '', message))
  }
  const { out, err, wrong } = await runProgram([path, ...args], { ...options, most: mostBytes, group: true })
  const stdout = out.toString('utf8')
  const said = sanitize(err.toString('utf8').trimEnd())
  const wrongly = wrong === undefined ? undefined : refusal(wrong, options)
  if (wrongly !== undefined) return refuse(`${wrongly}${said === '' ? '' : `; it said:\n${said}`}`)
  if (said !== '') options.tell(`${call}: ${said}\n`)
  if (stdout.trim() === '' && args[0] === '--host') return new Map()
  const { root, problems } = readYaml(stdout, call, 'json')
  draft.problems.push(...problems)
  if (root === undefined) return undefined
  return root.kind === 'map' ? root.entries : refuse(`expected a JSON map, got ${what(root)}`)
}
