import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as archive from '../../src/modules/archive.ts'
import { unarchive } from '../../src/modules/archives/unarchive.ts'
import * as file from '../../src/modules/file.ts'
import * as tree from '../../src/modules/tree.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../support/local-on.ts'
import { ext4Disk, type SmallDisk } from '../support/small-disk.ts'

// What others put where a change was, on a file system that gives a removed file's number to the next one.
let disk: SmallDisk
let local: LocalOn
let dir: string
beforeAll(() => {
  disk = ext4Disk()
})
afterAll(() => disk.unmount())
beforeEach(async () => {
  dir = mkdtempSync(join(disk.path, 'test-'))
  // Its own directory lies elsewhere: what still ends there does not keep the disk busy.
  local = await localOn(mkdtempSync(join(fastDirectory(), 'strangers-')))
  return async () => {
    await local.close()
    rmSync(local.dir, { recursive: true, force: true })
  }
})
const at = (name: string) => join(dir, name)
const read = (name: string) => readFileSync(at(name), 'utf8')
const names = () => readdirSync(dir)
const numberOf = (name: string) => statSync(at(name)).ino

/** Makes files or directories until one has that number, which becomes the path. */
function withNumber(name: string, number: number, make: (path: string) => void): void {
  const pool: string[] = []
  for (let count = 0; count < 2000; count++) {
    const path = at(`pool-${count}`)
    make(path)
    if (statSync(path).ino === number) {
      for (const other of pool) rmSync(other, { recursive: true })
      rmSync(at(name), { recursive: true, force: true })
      renameSync(path, at(name))
      return
    }
    pool.push(path)
  }
  throw new Error(`nothing got the number ${number}`)
}

describe('the undo of a removal', () => {
  test('does not take a file that got the number of the removed one for it', async () => {
    writeFileSync(at('f'), 'kept')
    const number = numberOf('f')
    const gone = await perform(local, file.absent({ path: at('f') }))
    withNumber('f', number, (path) => writeFileSync(path, 'theirs'))
    await gone.undo()
    expect([read('f'), read('f.aside-run-1'), names()]).toEqual(['kept', 'theirs', ['f', 'f.aside-run-1']])
    expect(local.said.join()).toMatch(/somebody else/)
  })

  test('does not take a directory that got the number of the removed one for it', async () => {
    mkdirSync(at('t/deep'), { recursive: true })
    writeFileSync(at('t/deep/f'), 'kept')
    const number = numberOf('t')
    const gone = await perform(local, file.absent({ path: at('t') }))
    withNumber('t', number, (path) => mkdirSync(path))
    writeFileSync(at('t/f'), 'theirs')
    await gone.undo()
    expect([read('t/deep/f'), read('t.aside-run-1/f')]).toEqual(['kept', 'theirs'])
  })

  test('does not take a further name of the removed file, with something else in it, for it', async () => {
    writeFileSync(at('f'), 'kept')
    linkSync(at('f'), at('other'))
    const gone = await perform(local, file.absent({ path: at('f') }))
    linkSync(at('other'), at('f'))
    writeFileSync(at('f'), 'theirs')
    await gone.undo()
    expect([read('f'), read('f.aside-run-1')]).toEqual(['kept', 'theirs'])
  })

  test('does not take what stands where it was brought back for it, when done again', async () => {
    writeFileSync(at('f'), 'kept')
    const gone = await perform(local, file.absent({ path: at('f') }))
    await gone.undo()
    writeFileSync(at('f'), 'theirs')
    await gone.undo()
    await gone.undo()
    expect([read('f'), read('f.aside-run-1'), names().length]).toEqual(['kept', 'theirs', 2])
  })

  test('leaves alone what was never removed, and was changed since by somebody else', async () => {
    mkdirSync(at('t'))
    writeFileSync(at('t/f'), 'kept')
    const { work, input } = file.absent({ path: at('t') })
    if (work.kind !== 'change' || typeof work.undo !== 'function') throw new Error('it is a change')
    const memory = (await work.remember?.(local.on, input)) ?? null
    writeFileSync(at('t/f'), 'theirs')
    await expect(work.apply(local.on, input, memory)).rejects.toThrow(/changed by somebody else/)
    await work.undo(local.on, input, memory)
    expect([read('t/f'), names()]).toEqual(['theirs', ['t']])
  })
})

describe('the undo of a tree that was brought or unpacked', () => {
  const sent = () => {
    mkdirSync(at('src/top'), { recursive: true })
    writeFileSync(at('src/top/f'), 'sent')
    execFileSync('zip', ['-qr', '../p.zip', 'top'], { cwd: at('src') })
    const sha256 = createHash('sha256')
      .update(readFileSync(at('p.zip')))
      .digest('hex')
    return [
      tree.place({ from: at('src/top'), to: at('t') }),
      archive.unpack({ zip: at('p.zip'), sha256, top: 'top', to: at('t') }),
      unarchive({ src: at('p.zip'), sha256, root: 'top', dest: at('t') }),
    ] as const
  }

  test.each([0, 1, 2] as const)('moves aside what somebody else put in its place (%i)', async (which) => {
    const made = await perform<unknown>(local, sent()[which])
    const number = numberOf('t')
    rmSync(at('t'), { recursive: true })
    withNumber('t', number, (path) => mkdirSync(path))
    writeFileSync(at('t/f'), 'theirs')
    await made.undo()
    await made.undo()
    expect([read('t.aside-run-1/f'), names().includes('t')]).toEqual(['theirs', false])
    expect(local.said.join()).toMatch(/somebody else/)
  })

  test.each([0, 1, 2] as const)('does nothing to what was there before it began (%i)', async (which) => {
    const { work, input } = sent()[which]
    if (work.kind !== 'change' || typeof work.undo !== 'function') throw new Error('it is a change')
    const memory = (await work.remember?.(local.on, input)) ?? null
    mkdirSync(at('t'))
    writeFileSync(at('t/f'), 'theirs')
    await expect(work.apply(local.on, input, memory)).rejects.toThrow()
    expect(read('t/f')).toBe('theirs')
    await work.undo(local.on, input, memory)
    expect(read('t.aside-run-1/f')).toBe('theirs')
  })
})
