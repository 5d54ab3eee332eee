import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askAnsible, printedByAnsible } from '../support/ansible-inventory.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { questionOf, type Reading, readByAnsible, readByUs } from './ansible/ask.ts'
import { differences } from './ansible/differences.ts'
import { generatedCase } from './ansible/generated.ts'
import { handmade } from './ansible/handmade.ts'

const dir = mkdtempSync(join(fastDirectory(), 'inventories-'))
afterAll(() => rmSync(dir, { recursive: true }))

// Debian's Ansible reads the same files in one process, beside us. Where it is not installed this fails: set-up does that.
const alike = [...handmade, ...Array.from({ length: 120 }, (_, seed) => generatedCase(seed))]
const cases = [...alike, ...differences]
const questions = cases.map((one, at) => questionOf(one, join(dir, String(at))))
const theirs: Reading[] = []
beforeAll(async () => {
  const answers = await askAnsible(dir, questions)
  for (const [at, question] of questions.entries()) {
    const answer = answers[at]
    if (answer !== undefined) theirs.push(readByAnsible(question, answer))
  }
})

async function both(at: number): Promise<readonly [ours: Reading, theirs: Reading]> {
  const question = questions[at]
  const their = theirs[at]
  if (question === undefined || their === undefined) throw new Error('there is no such question')
  return [await readByUs(question), their]
}

describe('an inventory is what it is for Ansible', () => {
  test.each(alike.map((one, at) => [one.name, at] as const))('%s', async (_name, at) => {
    const [ours, their] = await both(at)
    const told = JSON.stringify([ours, their].map((one) => ('refused' in one ? one.refused : 'read')))
    expect('refused' in ours, told).toBe('refused' in their)
    if (!('refused' in ours)) expect(ours).toEqual(their)
  })
})

describe('but for what is otherwise on purpose', () => {
  test.each(differences.map((one, at) => [one.name, one.we, alike.length + at] as const))(
    '%s: we %s',
    async (_name, we, at) => {
      const [ours, their] = await both(at)
      const how = 'refused' in ours ? 'refuse' : 'refused' in their ? 'accept' : 'read it otherwise'
      expect(how, JSON.stringify([ours, their], null, 1)).toBe(we)
      expect('refused' in ours && 'refused' in their).toBe(false)
      if (how === 'read it otherwise') expect(ours).not.toEqual(their)
    },
  )
})

test.each(alike.flatMap(({ name }, at) => (name.startsWith('every kind') ? [[name, at] as const] : [])))(
  '%s is read by both',
  (_name, at) => expect(theirs[at]).not.toHaveProperty('refused'),
)

test('and that is what the command itself prints', async () => {
  const at = handmade.findIndex(({ name }) => name === 'two inventories with vars files each')
  const question = questions[at]
  if (question === undefined) throw new Error('there is no such question')
  const { list, graph } = await printedByAnsible(dir, question)
  expect(theirs[at]).toMatchObject({ list: JSON.parse(list) as unknown, graph })
})

test('this is enough of both, valid and not', () => {
  const patterns = questions.flatMap((question) => question.patterns)
  const refused = theirs.filter((one) => 'refused' in one)
  expect(cases.length).toBeGreaterThan(150)
  expect(patterns.length).toBeGreaterThan(1500)
  expect(refused.length).toBeGreaterThan(20)
  expect(theirs.length - refused.length).toBeGreaterThan(120)
})
