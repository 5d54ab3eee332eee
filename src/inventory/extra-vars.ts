import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { z } from 'zod'
import { InputError } from '../model/errors.ts'
import { type Inventory, placeKey } from '../model/inventory.ts'
import type { Json } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import { findings, pathText } from './issues.ts'
import { bare } from './located.ts'
import { keysOf } from './schema-keys.ts'
import { noKeys, readVars, type Unseal } from './sealed.ts'
import { shellWords } from './shell-words.ts'
import { withoutUnsafe } from './unsafe.ts'
import { readYaml, type YamlText } from './yaml-text.ts'

/** What was given with `-e`: it wins over everything that the inventory says. */
export type ExtraVars = Readonly<Record<string, Json>>

/** Reads the values of `-e`, later ones over earlier ones: `k=v k2="v 2"` (texts), a JSON or YAML map, or `@file` with one. */
export async function parseExtraVars(
  list: readonly string[],
  cwd: string,
  unseal: Unseal = noKeys,
): Promise<ExtraVars> {
  const all = new Map<string, Json>()
  for (const text of list) {
    for (const [key, value] of Object.entries(await parseOne(text.trim(), cwd, unseal))) all.set(key, value)
  }
  return Object.fromEntries(all)
}

async function parseOne(text: string, cwd: string, unseal: Unseal): Promise<ExtraVars> {
  if (text.startsWith('@')) {
    const path = resolve(cwd, text.slice(1))
    const content = await readFile(path, 'utf8').catch((error: Error) => {
      throw new InputError(`-e ${text}: ${error.message}`)
    })
    return mapOf(await readVars(content, { path, file: text.slice(1) }, unseal), text.slice(1))
  }
  return /^[{[]/.test(text) ? mapOf(readYaml(text, '-e'), '-e') : parsePairs(text)
}

function mapOf({ root, problems }: YamlText, file: string): ExtraVars {
  if (root === undefined) throw new InputError(problems)
  const value = bare(root)
  if (root.kind !== 'map') throw new InputError(`${file}: expected a map of variables`)
  return value as ExtraVars
}

function parsePairs(text: string): ExtraVars {
  const words = shellWords(text)
  if (words === undefined) throw new InputError(`-e ${text}: expected quotes that end`)
  return Object.fromEntries(
    words.map((word) => {
      const [, key, value] = /^([^=\s]+)=(.*)$/s.exec(word) ?? []
      if (key === undefined || value === undefined) {
        throw new InputError(`-e ${word}: expected key=value, a JSON map or @file`)
      }
      return [key, value]
    }),
  )
}

/** The inventory with extra vars over every host's and group's own, so that connections are made by them. */
export function withExtraVars(inventory: Inventory, extraVars: ExtraVars): Inventory {
  if (Object.keys(extraVars).length === 0) return inventory
  const vars = (owner: { readonly vars: ExtraVars }) => ({ ...owner.vars, ...extraVars })
  const from = Object.fromEntries(Object.keys(extraVars).map((key) => [key, '-e']))
  return {
    ...inventory,
    hosts: inventory.hosts.map((host) => ({ ...host, vars: vars(host), from: { ...host.from, ...from } })),
    groups: inventory.groups.map((group) => ({ ...group, vars: vars(group) })),
    places: { ...inventory.places, [placeKey('group', '-e')]: { file: '-e' } },
  }
}

/** The names of a playbook's parameters, as far as its schema tells them. */
export const namesOf = (schema: z.ZodType | undefined): readonly string[] => (schema && keysOf(schema)) ?? []

/** Splits extra vars into the playbook's parameters, checked by its schema, and the others, which are vars. */
export function paramsOf<P extends z.ZodType>(
  schema: P | undefined,
  extraVars: ExtraVars,
): { readonly params: z.output<P>; readonly vars: ExtraVars } {
  const keys = schema === undefined ? [] : keysOf(schema)
  const mine = (key: string) => keys?.includes(key) ?? true
  const pick = (wanted: boolean) =>
    Object.fromEntries(Object.entries(extraVars).filter(([key]) => mine(key) === wanted))
  const vars = pick(false)
  if (schema === undefined) return { params: {} as z.output<P>, vars }
  const parsed = findings(schema, withoutUnsafe(pick(true)))
  if (!('wrong' in parsed)) return { params: parsed.output as z.output<P>, vars }
  const unknown = Object.keys(vars).map((key) => didYouMean(key, keys ?? []))
  throw new InputError(
    parsed.wrong.map(({ path, message }) => `-e ${pathText(path)}: ${message}${unknown[0] ?? ''}`),
    'Give parameters as -e name=value, or as JSON where they are no texts: -e \'{"name": 5}\'',
  )
}
