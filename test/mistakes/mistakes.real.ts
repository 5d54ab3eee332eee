import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { expectGolden } from '../support/golden.ts'
import { all } from './all.ts'
import { checked } from './check.ts'
import { compiled } from './compiler.ts'
import { type Kind, type Mistake, root } from './mistake.ts'

const kinds: Readonly<Record<Kind, number>> = {
  'misspelt var': 10,
  'misspelt group': 10,
  'misspelt tag': 10,
  'misspelt handler': 10,
  'misspelt task output': 10,
  'wrong module argument': 10,
  'missing undo': 10,
  'restore point after what rests on it': 10,
  'secret in a string': 10,
  'illegal version hop': 10,
}

test('the seeded mistakes are of every kind', () => {
  const counted = Object.keys(kinds).map((kind) => [kind, all.filter((one) => one.kind === kind).length])
  expect(Object.fromEntries(counted)).toEqual(kinds)
  expect(new Set(all.map(({ file, from, to }) => `${file} ${from} ${to}`)).size).toBe(all.length)
})

const unedited = [...new Set(all.map(({ file }) => file))].map((file): Mistake => {
  const [line = ''] = readFileSync(`${root}${file}`, 'utf8').split('\n')
  return { kind: 'misspelt var', file, from: `${line}\n`, to: `${line}\n` }
})
const said = compiled([...all, ...unedited])

test('the playbooks without a mistake are good', async () => {
  expect(said.slice(all.length).filter((line) => line !== undefined)).toEqual([])
  expect(await checked()).toBeUndefined()
})

test('each seeded mistake is refused before anything is connected to, in a readable line', async () => {
  const entries: string[] = []
  for (const [at, mistake] of all.entries()) {
    const compiler = said[at]
    const message = compiler ?? (await checked(mistake))
    entries.push(entryOf(at + 1, mistake, compiler === undefined ? 'check' : 'compiler', message))
  }
  expect(entries.filter((entry) => entry.includes('NOT REFUSED'))).toEqual([])
  expectGolden(import.meta.url, 'mistakes.txt', entries.join('\n'))
})

function entryOf(number: number, { kind, file, from, to }: Mistake, who: string, message?: string): string {
  return `${String(number).padStart(3, '0')} ${kind}: ${file}
    ${shown(from)}
 -> ${shown(to)}
    ${message === undefined ? 'NOT REFUSED' : `${who}: ${message}`}
`
}

/** An edit on one line. */
const shown = (text: string): string => (text === '' ? '(nothing)' : text.trim().replace(/\n\s*/g, ' ⏎ '))
