import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contracts, without } from './contracts.ts'

/** What makes change modules: `change`, and functions of ours that give it the name that they get. */
const makers = ['change', 'rewriting', 'writing', 'structured', 'doing']
const call = new RegExp(String.raw`\b(${makers.join('|')})\s*(?:<[^()]*?>)?\(\s*(?:'([^']+)'|(\w+))`, 'g')

const sources = ['src/modules', 'src/apim'].flatMap((room) =>
  readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: `${room}/${name}`, text: readFileSync(`${room}/${name}`, 'utf8') })),
)
const calls = sources.flatMap(({ path, text }) =>
  [...text.matchAll(call)].map(([, maker, name, given]) => ({ path, maker, name, given })),
)
const names = new Set(calls.flatMap(({ name }) => (name === undefined ? [] : [name])))

test('every change module is run through the contract, or it is said why not and what tries it', () => {
  expect(names.size).toBeGreaterThan(70)
  const listed = [...Object.keys(contracts), ...Object.keys(without)]
  expect(
    [...names].filter((name) => !listed.includes(name)),
    'without a contract',
  ).toEqual([])
  expect(
    listed.filter((name) => !names.has(name)),
    'no module of ours',
  ).toEqual([])
  expect(Object.keys(contracts).filter((name) => name in without)).toEqual([])
})

test('who gives a change its name is known here', () => {
  // A maker hands on a name that it gets, `module`; whoever else names no module by a literal would be missed.
  const handed = calls.filter(({ given }) => given !== undefined)
  expect(handed.filter(({ given }) => given !== 'module')).toEqual([])
  const definers = sources
    .filter(({ text }) => /\bchange\s*(<[^()]*?>)?\(\s*module\b/.test(text))
    .map(({ path }) => path)
  expect(definers.length).toBeLessThanOrEqual(makers.length)
})

test('what tries the others is there', () => {
  for (const [name, [, path]] of Object.entries(without)) expect(existsSync(path), name).toBe(true)
})
