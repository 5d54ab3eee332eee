import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { matchPattern } from '../../../src/inventory/limit.ts'
import { graph, listing } from '../../../src/inventory/listing.ts'
import { loadInventory } from '../../../src/inventory/load-inventory.ts'
import { matchHosts } from '../../../src/inventory/patterns.ts'
import { InputError } from '../../../src/model/errors.ts'
import type { Inventory } from '../../../src/model/inventory.ts'
import type { InventoryAnswer, InventoryQuestion, PatternQuestion } from '../../support/ansible-inventory.ts'
import type { Case } from './case.ts'

/** Writes a case's files, and gives the question that both are asked. */
export function questionOf(one: Case, cwd: string): InventoryQuestion {
  mkdirSync(cwd, { recursive: true })
  for (const [name, file] of Object.entries(one.files)) {
    const path = join(cwd, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, typeof file === 'string' ? file : file.text)
    if (typeof file !== 'string') chmodSync(path, file.mode)
  }
  const patterns = (one.patterns ?? []).map((each) => (typeof each === 'string' ? { pattern: each } : each))
  return { cwd, sources: one.sources, playbookDir: one.playbookDir, patterns }
}

/** What an inventory is found to be: as `ansible-inventory` prints it, or that it is refused. */
export type Reading =
  | { readonly list: unknown; readonly graph: string; readonly patterns: readonly Meaning[] }
  | { readonly refused: string }

/** A pattern (and limit) as text, and its hosts. */
type Meaning = readonly [string, readonly string[] | 'ERR']

/** What Ansible makes of it. A source that it cannot read is a warning there. */
export function readByAnsible({ patterns }: InventoryQuestion, answer: InventoryAnswer): Reading {
  const failed = answer.warnings.find((warning) => /Unable to parse|Failed to parse/.test(warning))
  if (answer.error !== undefined || failed !== undefined) return { refused: answer.error ?? failed ?? '' }
  return {
    list: JSON.parse(answer.list) as unknown,
    graph: answer.graph,
    patterns: answer.patterns.map((hosts, at) => [
      JSON.stringify(patterns[at]),
      typeof hosts === 'string' ? 'ERR' : hosts,
    ]),
  }
}

/** What we make of it. */
export async function readByUs(question: InventoryQuestion): Promise<Reading> {
  const { cwd, sources, playbookDir } = question
  try {
    const inventory = await loadInventory({
      sources,
      cwd,
      env: { PATH: '/usr/bin:/bin' },
      playbookDir: join(cwd, playbookDir ?? '.'),
    })
    const patterns: Meaning[] = []
    for (const asked of question.patterns)
      patterns.push([JSON.stringify(asked), await meaning(inventory, asked, cwd)])
    return {
      list: JSON.parse(JSON.stringify(listing(inventory))) as unknown,
      graph: graph(inventory),
      patterns,
    }
  } catch (error) {
    if (error instanceof InputError) return { refused: error.message }
    throw error
  }
}

async function meaning(
  inventory: Inventory,
  { pattern, limit }: PatternQuestion,
  cwd: string,
): Promise<readonly string[] | 'ERR'> {
  try {
    const hosts = matchHosts(inventory, pattern, { allowEmpty: true }).map(({ name }) => name)
    if (limit === undefined) return hosts
    const none = { cwd, hostsOfRun: async () => [] }
    const found = await matchPattern(inventory, limit, none, { allowEmpty: true })
    const within = new Set(found.map(({ name }) => name))
    return hosts.filter((name) => within.has(name))
  } catch (error) {
    if (error instanceof InputError) return 'ERR'
    throw error
  }
}
