import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Action } from '../../src/model/action.ts'
import { secret } from '../../src/model/secret.ts'
import * as edits from '../../src/modules/edits.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

const dir = join(fastDirectory(), `upgrade-fleet-edits-${process.pid}`)
let local: LocalOn
beforeAll(async () => {
  mkdirSync(dir, { recursive: true })
  local = await localOn(join(dir, 'here'), () => 'a secret')
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true, force: true })
})
const path = join(dir, 'file')

const again = /done a second time, these edits would change it again, or not find their way/
test.each<[string, string, Action]>([
  [
    'an entry that is named by its place',
    '{"a": [1, 2]}',
    edits.json({ path, edits: [{ at: 'a[0]', remove: true }] }),
  ],
  ['the same of YAML', 'a:\n- x\n- y\n', edits.yaml({ path, edits: [{ at: 'a[0]', remove: true }] })],
  ['the same of TOML', '[[a]]\nx = 1\n[[a]]\n', edits.toml({ path, edits: [{ at: 'a[0]', remove: true }] })],
  [
    'what tells its entry from others',
    'a:\n- n: x\n',
    edits.yaml({ path, edits: [{ at: 'a[n=x].n', value: secret('env:P') }] }),
  ],
  [
    'what tells its element from others',
    '<a><b><n>x</n></b><b/></a>',
    edits.xml({ path, edits: [{ at: 'b[n=x]/n', remove: true }] }),
  ],
  [
    'what two edits do to each other',
    '{"a": 1}',
    edits.json({
      path,
      edits: [
        { at: 'a', value: { b: 1 } },
        { at: 'a', remove: true },
      ],
    }),
  ],
])('an edit that a second run would make again is refused: %s', async (_, text, action) => {
  writeFileSync(path, text)
  await expect(perform(local, action)).rejects.toThrow(again)
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('an entry that is a text is named by itself, and goes once', async () => {
  writeFileSync(path, 'a:\n- x\n- y # c\n')
  const action = edits.yaml({
    path,
    edits: [
      { at: 'a[.=x]', remove: true },
      { at: 'a[.=z]', append: 'z' },
    ],
  })
  expect((await perform(local, action)).changed).toBe(true)
  expect(readFileSync(path, 'utf8')).toBe('a:\n- y # c\n- z\n')
  expect((await perform(local, action)).changed).toBe(false)
})
