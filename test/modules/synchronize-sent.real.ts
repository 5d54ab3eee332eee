import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { On } from '../../src/model/action.ts'
import * as file from '../../src/modules/file.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'

const root = mkdtempSync(join(fastDirectory(), 'synchronize-sent-'))
const odd = `-n é "it's"\n$(x)\\`
let dir: string
let local: LocalOn
let sent = 0
let number = 0
const at = (name: string) => join(dir, name)
const size = 10_000

beforeEach(async () => {
  dir = join(root, `${++number}`)
  const here = await localOn(join(dir, 'here'))
  // All that goes to the machine: files, and what is given to commands.
  const on: On = {
    ...here.on,
    exec: (command, options) => {
      sent += command.text.length + JSON.stringify(options?.stdin ?? '').length
      return here.on.exec(command, options)
    },
    must: (command, options) => {
      sent += command.text.length + JSON.stringify(options?.stdin ?? '').length
      return here.on.must(command, options)
    },
    put: (source, path, options) => {
      if (!('size' in source)) throw new Error('a stream is sent')
      sent += source.size
      return here.on.put(source, path, options)
    },
  }
  local = { ...here, on }
  mkdirSync(at('src/deep'), { recursive: true })
  for (let n = 0; n < 200; n += 1)
    writeFileSync(at(`src/deep/${n === 7 ? odd : `file ${n}`}`), randomBytes(size))
  sent = 0
  return () => here.close()
})
afterAll(() => rmSync(root, { recursive: true }))

const read = (path: string) =>
  readdirSync(at(path)).map((name) => [name, readFileSync(join(at(path), name), 'latin1')])
const synchronized = async (mirror: boolean) => {
  sent = 0
  return perform(local, file.synchronize({ src: at('src'), dest: at('dest'), delete: mirror }))
}

test.each([true, false])('of 200 files only what differs is sent (delete: %s)', async (mirror) => {
  await synchronized(mirror)
  expect(sent).toBeGreaterThan(200 * size)
  writeFileSync(at('src/deep/file 3'), randomBytes(size))
  await synchronized(mirror)
  expect(read('dest/deep')).toEqual(read('src/deep'))
  // The one file, and three times all names.
  expect(sent).toBeLessThan(5 * size)
  for (const change of [
    () => writeFileSync(at(`src/deep/${odd}`), 'shorter'),
    () => chmodSync(at('src/deep/file 4'), 0o755),
    () => rmSync(at('src/deep/file 5')),
    () => writeFileSync(at('dest/deep/file 6'), randomBytes(size)),
    () => rmSync(at('dest/deep/file 8')),
    () => writeFileSync(at('dest/deep/besides'), ''),
  ]) {
    change()
    await synchronized(mirror)
    expect(sent).toBeLessThan(5 * size)
  }
  if (!mirror) for (const name of ['besides', 'file 5']) rmSync(at(`dest/deep/${name}`))
  expect(read('dest/deep')).toEqual(read('src/deep'))
})

test('what a crash between the two renames took away is there again when it is done again', async () => {
  mkdirSync(at('dest'))
  writeFileSync(at('dest/besides'), 'theirs')
  const { work, input } = file.synchronize({ src: at('src'), dest: at('dest') })
  if (work.kind !== 'change') throw new Error('it is a change')
  const memory = (await work.remember?.(local.on, input)) ?? null
  rmSync(at('dest'), { recursive: true })
  await work.apply(local.on, input, memory)
  expect(readFileSync(at('dest/besides'), 'utf8')).toBe('theirs')
})
