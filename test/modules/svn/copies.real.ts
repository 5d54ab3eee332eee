import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as svn from '../../../src/modules/svn/index.ts'
import { fastDirectory } from '../../support/fast-directory.ts'
import { type LocalOn, localOn, perform } from '../../support/local-on.ts'
import { localPlace } from '../../support/places.ts'
import { ext4Disk } from '../../support/small-disk.ts'
import { changeContract, seen } from '../contract.ts'

const dir = mkdtempSync(join(fastDirectory(), 'svn copies-'))
const quiet = ['--non-interactive', '--config-dir', '/dev/null/none', '-q']
const run = (...words: readonly string[]) => execFileSync('svn', [...words, ...quiet], { stdio: 'pipe' })
const odd = `-x é "it's" @2 %41`

/** A repository with a few files, and its address. */
const repositoryIn = (at: string): string => {
  execFileSync('svnadmin', ['create', join(at, 'repo')])
  mkdirSync(join(at, 'files/deep/er'), { recursive: true })
  writeFileSync(join(at, 'files', odd), 'odd\n')
  writeFileSync(join(at, 'files/deep/er/tool'), '#!/bin/sh\n', { mode: 0o755 })
  const url = `file://${at.split('/').map(encodeURIComponent).join('/')}/repo`
  run('import', '-m', 'x', join(at, 'files'), url)
  return url
}

/** A working copy by the client: 1.7 and newer. */
const newLayout = (at: string): void => {
  run('checkout', `${repositoryIn(at)}@`, join(at, 'wc'))
}

/** A stand-in for a working copy of the 1.6 layout, made by hand: no client of today makes one. */
const oldLayout = (at: string): void => {
  for (const folder of ['wc', 'wc/deep', 'wc/deep/er']) {
    for (const part of ['text-base', 'props', 'prop-base', 'tmp'])
      mkdirSync(join(at, folder, '.svn', part), { recursive: true })
    writeFileSync(join(at, folder, '.svn/entries'), '10\n\ndir\n1\nsvn://h/r\nsvn://h/r\n\f\n', {
      mode: 0o444,
    })
    writeFileSync(join(at, folder, odd), 'odd\n')
    writeFileSync(join(at, folder, '.svn/text-base', `${odd}.svn-base`), 'odd\n', { mode: 0o444 })
  }
}

changeContract('working copies', localPlace, [
  {
    name: 'detach, of 1.7 and newer',
    prepare: newLayout,
    action: (at) => svn.detach({ trees: [join(at, 'wc'), join(at, 'none')] }),
  },
  {
    name: 'detach, of 1.6 (made by hand)',
    prepare: oldLayout,
    action: (at) => svn.detach({ trees: [join(at, 'wc')] }),
  },
])

let local: LocalOn
beforeAll(async () => {
  local = await localOn(join(dir, 'here'), () => '')
})
afterAll(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})
const fresh = (name: string, make: (at: string) => void): string => {
  mkdirSync(join(dir, name))
  make(join(dir, name))
  return join(dir, name, 'wc')
}
const copiesOf = async (tree: string) => (await perform(local, svn.copies({ trees: [tree] }))).out.copies

test('both layouts are known by what lies on disk', async () => {
  const [old, now] = [fresh('known 1.6', oldLayout), fresh('known 1.7', newLayout)]
  cpSync(now, join(old, 'deep/nested'), { recursive: true })
  mkdirSync(join(now, 'deep/strange/.svn'), { recursive: true })
  expect(await copiesOf(old)).toEqual([
    { path: old, layout: '1.6', directories: 3 },
    { path: join(old, 'deep/nested'), layout: '1.7+', directories: 1 },
  ])
  expect(await copiesOf(now)).toEqual([
    { path: now, layout: '1.7+', directories: 1 },
    { path: join(now, 'deep/strange'), layout: 'unknown', directories: 1 },
  ])
  await expect(perform(local, svn.detach({ trees: [now] }))).rejects.toThrow(/no known layout/)
})

test.each([
  ['1.7, a file', newLayout, (wc: string) => appendFileSync(join(wc, odd), 'more'), /M +.*-x/],
  ['1.7, an addition', newLayout, (wc: string) => void run('mkdir', join(wc, 'new')), /A +.*new/],
  ['1.7, a property', newLayout, (wc: string) => void run('propset', 'a', 'b', join(wc, 'deep')), /M .*deep/],
  ['1.6, a file', oldLayout, (wc: string) => appendFileSync(join(wc, 'deep', odd), 'more'), /deep\/-x/],
  ['1.6, a file that is gone', oldLayout, (wc: string) => rmSync(join(wc, odd)), /wc\/-x/],
  [
    '1.6, an addition',
    oldLayout,
    (wc: string) => {
      rmSync(join(wc, '.svn/entries'))
      writeFileSync(join(wc, '.svn/entries'), '10\n\ndir\n\f\nnew\nfile\n\n\n\nadd\n\f\n')
    },
    /wc: added or deleted/,
  ],
  [
    '1.6, a property',
    oldLayout,
    (wc: string) => writeFileSync(join(wc, `.svn/props/${odd}.svn-work`), 'K 1\na\nV 1\nb\nEND\n'),
    /properties/,
  ],
])(
  'what is changed and not committed is not detached without being told: %s',
  async (name, make, edit, why) => {
    const wc = fresh(`modified ${name}`, make)
    edit(wc)
    const before = seen(wc)
    await expect(perform(local, svn.detach({ trees: [wc] }))).rejects.toThrow(why)
    expect(seen(wc)).toBe(before)
    const { undo } = await perform(local, svn.detach({ trees: [wc], modified: 'anyway' }))
    expect(await copiesOf(wc)).toEqual([])
    await undo()
    expect(seen(wc)).toBe(before)
  },
)

test('a working copy that is new since is not lost when the old one is brought back', async () => {
  const wc = fresh('again', newLayout)
  const { undo } = await perform(local, svn.detach({ trees: [wc] }))
  mkdirSync(join(wc, '.svn'))
  writeFileSync(join(wc, '.svn/theirs'), '')
  await undo()
  expect(existsSync(join(wc, '.svn/wc.db'))).toBe(true)
  expect(existsSync(join(wc, '.svn.aside-run-1/theirs'))).toBe(true)
  expect(local.said.join('\n')).toContain('.svn.aside-run-1')
})

test('a working copy on another file system than our directory is let go, and brought back', async () => {
  const disk = ext4Disk()
  try {
    newLayout(disk.path)
    const wc = join(disk.path, 'wc')
    // A directory of ext4 stays as large as it once was, and has an order of its own.
    for (let n = 0; n < 300; n += 1) writeFileSync(join(wc, '.svn/tmp', `${n}`.padStart(200, 'x')), '')
    for (const name of readdirSync(join(wc, '.svn/tmp')))
      if (Number(name.replace(/^x*/, '')) > 9) rmSync(join(wc, '.svn/tmp', name))
    const before = seen(wc)
    const { undo } = await perform(local, svn.detach({ trees: [wc] }))
    expect(existsSync(join(wc, '.svn'))).toBe(false)
    await undo()
    expect(seen(wc)).toBe(before)
  } finally {
    disk.unmount()
  }
})
