import { access, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { didYouMean } from '../model/nearest.ts'
import type { Draft, VarsFiles } from './draft.ts'
import { type Located, locate, problem, shown } from './located.ts'
import { readYaml } from './yaml-text.ts'

const fields = ['name', 'file', 'sha256']

/**
 * Reads `artifacts.yml` of a directory, if there is one, as the variable `artifacts` of `all`: a list of
 * `{ name, file, sha256 }`, each file absolute (relative ones are relative to `artifacts.yml`) and there.
 */
export async function readArtifacts(
  draft: Draft,
  directory: string,
  into: VarsFiles,
  shownPath: (path: string) => string,
): Promise<void> {
  const path = join(directory, 'artifacts.yml')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') draft.problems.push(problem({ file: shownPath(path) }, '', error.message))
  })
  if (text === undefined) return
  const { root, problems, warnings } = readYaml(text, shownPath(path))
  draft.problems.push(...problems)
  draft.warnings.push(...warnings)
  if (root === undefined) return
  const list = root.kind === 'map' ? root.entries.get('artifacts')?.value : root
  if (list?.kind !== 'list') {
    draft.problems.push(
      problem(root.place, 'artifacts', 'expected a list of artifacts, each with name, file and sha256'),
    )
    return
  }
  const seen = new Set<string>()
  const items = await Promise.all(
    list.items.map((item, index) => artifact(draft, item, index, seen, dirname(path))),
  )
  const value: Located = { kind: 'list', place: list.place, items: items.flatMap((item) => item ?? []) }
  into.groups.set('all', new Map([['artifacts', { key: list.place, textKey: true, value }]]))
}

async function artifact(
  draft: Draft,
  item: Located,
  index: number,
  seen: Set<string>,
  base: string,
): Promise<Located | undefined> {
  const before = draft.problems.length
  const path = `artifacts[${index}]`
  if (item.kind !== 'map') {
    draft.problems.push(problem(item.place, path, 'expected a map with name, file and sha256'))
    return undefined
  }
  for (const [key, entry] of item.entries) {
    if (fields.includes(key)) continue
    draft.problems.push(
      problem(entry.key, `${path}.${key}`, `expected name, file or sha256${didYouMean(key, fields)}`),
    )
  }
  const field = (key: string, pattern: RegExp, expected: string): { text: string; at: Located } => {
    const at = item.entries.get(key)?.value ?? item
    const value = at.kind === 'scalar' ? at.value : undefined
    if (typeof value === 'string' && pattern.test(value)) return { text: value, at }
    draft.problems.push(
      problem(
        at.place,
        `${path}.${key}`,
        `expected ${expected}, got ${at === item ? 'nothing' : shown(value)}`,
      ),
    )
    return { text: '', at }
  }
  const name = field('name', /^[^\s/-][^\s/]*$/, 'a name without blanks or slashes')
  const file = field('file', /./, 'a path')
  const sha256 = field('sha256', /^[0-9a-fA-F]{64}$/, 'the SHA-256 of the file, 64 hexadecimal digits')
  if (name.text !== '' && seen.has(name.text)) {
    draft.problems.push(
      problem(name.at.place, `${path}.name`, `expected each name once, got "${name.text}" again`),
    )
  }
  seen.add(name.text)
  const absolute = resolve(base, file.text)
  const there = await access(absolute).then(
    () => true,
    () => false,
  )
  if (file.text !== '' && !there) {
    draft.problems.push(problem(file.at.place, `${path}.file`, `expected a file, got none at ${absolute}`))
  }
  if (draft.problems.length > before) return undefined
  return placed(item, { name: name.text, file: absolute, sha256: sha256.text.toLowerCase() })
}

// Keeps the place of each field.
function placed(item: Located, fields: Readonly<Record<string, string>>): Located {
  const entry = ([key, text]: [string, string]) => {
    const old = item.kind === 'map' ? item.entries.get(key) : undefined
    const place = old?.value.place ?? item.place
    return [key, { key: old?.key ?? item.place, textKey: true, value: locate(text, place) }] as const
  }
  return { kind: 'map', place: item.place, entries: new Map(Object.entries(fields).map(entry)) }
}
