import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nameScript } from '../../src/connect/store-scripts.ts'
import { fastDirectory } from '../support/fast-directory.ts'

let directory: string
const at = (name: string) => join(directory, name)
beforeEach(() => {
  directory = mkdtempSync(join(fastDirectory(), "upgrade-fleet-naming it's-"))
  mkdirSync(at('there'))
  writeFileSync(at('other'), 'precious')
})
afterEach(() => rmSync(directory, { recursive: true }))

const sha256 = createHash('sha256').update('whole').digest('hex')
const name = (exclusive = false) => {
  const place = { path: at('there/file'), directory: at('there'), temporary: at('there/.t.whole') }
  return spawnSync('/bin/sh', ['-c', nameScript(place, sha256, { exclusive })], { encoding: 'utf8' })
}

test.each([false, true])('what was stored gets its name (exclusive: %s)', (exclusive) => {
  writeFileSync(at('there/.t.whole'), 'whole', { mode: 0o640 })
  expect(name(exclusive)).toMatchObject({ status: 0, stderr: '' })
  expect(readdirSync(at('there'))).toEqual(['file'])
  expect(execFileSync('stat', ['-c', '%a', at('there/file')], { encoding: 'utf8' })).toBe('640\n')
})
test.each([
  ['a link', () => symlinkSync(at('other'), at('there/.t.whole'))],
  ['another file', () => writeFileSync(at('there/.t.whole'), 'swapped')],
])('%s that somebody put in its place does not', (_name, swap) => {
  swap()
  const { status, stderr } = name()
  expect(status).toBe(1)
  expect(stderr).toContain('somebody else put something in place of')
  expect(readdirSync(at('there'))).toEqual([])
  expect(readFileSync(at('other'), 'utf8')).toBe('precious')
})
