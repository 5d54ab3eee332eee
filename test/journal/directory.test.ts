import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeStateDirectory } from '../../src/journal/directory.ts'
import { problemsOf } from '../support/site.ts'

let base: string
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'state-'))
})
afterAll(() => rm(base, { recursive: true }))

test('a directory and those above it are made for their owner alone, and may be there', async () => {
  const path = join(base, 'a/b/c')
  await makeStateDirectory(path)
  await makeStateDirectory(path)
  for (const each of ['a', 'a/b', 'a/b/c'])
    expect((await stat(join(base, each))).mode & 0o777, each).toBe(0o700)
})

test.each([
  ['beneath a file', 'file/runs'],
  ['where a file is', 'file'],
])('%s it is refused as a mistake of the user', async (_, name) => {
  await writeFile(join(base, 'file'), '')
  expect(await problemsOf(() => makeStateDirectory(join(base, name)))).toEqual([
    expect.stringMatching(/^The state directory cannot be used: .*file/),
  ])
})

test('a file system that has no such place is refused at once', async () => {
  expect(await problemsOf(() => makeStateDirectory('/proc/nowhere/runs'))).toHaveLength(1)
})
