import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Action, On } from '../../src/model/action.ts'
import { secret } from '../../src/model/secret.ts'
import * as file from '../../src/modules/file.ts'
import { fillTemplate } from '../../src/modules/files/fill.ts'
import { modeText } from '../../src/modules/files/look.ts'
import * as tree from '../../src/modules/tree.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type LocalOn, localOn, onOver, perform } from '../support/local-on.ts'
import { oddNames, swap } from './rewrite-cases.ts'

const root = mkdtempSync(join(fastDirectory(), 'file-behaviour-'))
let local: LocalOn
let dir: string
let number = 0
beforeEach(async () => {
  dir = join(root, `${++number}`)
  local = await localOn(join(dir, 'here'), () => 'hidden')
  return () => local.close()
})
afterAll(() => rmSync(root, { recursive: true }))
const at = (name: string) => join(dir, name)
const read = (name: string) => readFileSync(at(name), 'latin1')
const names = () => readdirSync(dir).filter((name) => name !== 'here')

describe('a file that others change too', () => {
  test('between the look and the rename is left as they made it', async () => {
    writeFileSync(at('f'), 'x')
    const racing: On = {
      ...local.on,
      put: async (...given) => {
        writeFileSync(at('f'), 'theirs')
        return local.on.put(...given)
      },
    }
    await expect(
      perform({ ...local, on: racing }, swap({ path: at('f'), word: 'x', by: 'y' })),
    ).rejects.toThrow(/changed by somebody else since it was looked at/)
    expect(read('f')).toBe('theirs')
    expect(names()).toEqual(['f'])
  })

  test('as a tree between the look and the change is left too', async () => {
    for (const name of ['src', 'dest']) {
      mkdirSync(at(name))
      writeFileSync(join(at(name), name), 'x')
    }
    for (const action of [
      file.synchronize({ src: at('src'), dest: at('dest') }),
      file.absent({ path: at('dest') }),
    ] as readonly Action[]) {
      const { work, input } = action
      if (work.kind !== 'change') throw new Error('it is a change')
      const memory = (await work.remember?.(local.on, input)) ?? null
      writeFileSync(at('dest/theirs'), 'theirs')
      await expect(work.apply(local.on, input, memory)).rejects.toThrow(/changed by somebody else/)
      expect([read('dest/theirs'), names()]).toEqual(['theirs', ['dest', 'src']])
      rmSync(at('dest/theirs'))
    }
  })

  test('after the run is moved aside by undo, which says so', async () => {
    writeFileSync(at('f'), 'x')
    const made = await perform(local, swap({ path: at('f'), word: 'x', by: 'y' }))
    writeFileSync(at('f'), 'theirs')
    await made.undo()
    expect([read('f'), read('f.aside-run-1')]).toEqual(['x', 'theirs'])
    expect(local.said.join()).toMatch(/somebody else.*f\.aside-run-1/)
    writeFileSync(at('f'), 'again')
    await made.undo()
    await made.undo()
    expect([read('f'), read('f.aside-run-1.1'), names().length]).toEqual(['x', 'again', 3])
  })

  test('that was new is moved aside too, and a directory in its place, and one that was removed is made anew', async () => {
    const made = await perform(local, file.render({ path: at('f'), text: 'y' }))
    writeFileSync(at('f'), 'theirs')
    await made.undo()
    expect([names(), read('f.aside-run-1')]).toEqual([['f.aside-run-1'], 'theirs'])
    writeFileSync(at('g'), 'x')
    const other = await perform(local, file.render({ path: at('g'), text: 'y' }))
    rmSync(at('g'))
    mkdirSync(at('g'))
    await other.undo()
    expect([read('g'), statSync(at('g.aside-run-1')).isDirectory()]).toEqual(['x', true])
    rmSync(at('g'))
    await other.undo()
    expect(read('g')).toBe('x')
  })

  test('as a tree that a change made is moved aside where it was changed since', async () => {
    mkdirSync(at('src'))
    writeFileSync(at('src/a'), 'a')
    const made = await perform(local, file.synchronize({ src: at('src'), dest: at('dest') }))
    writeFileSync(at('dest/log'), 'theirs')
    await made.undo()
    expect(names()).toEqual(['dest.aside-run-1', 'src'])
    const gone = await perform(local, file.absent({ path: at('src') }))
    writeFileSync(at('src'), 'theirs')
    await gone.undo()
    expect([read('src/a'), read('src.aside-run-1')]).toEqual(['a', 'theirs'])
  })
})

describe('what cannot be written', () => {
  test('is refused by the program that validates it, with its words, and nothing is left', async () => {
    writeFileSync(at('f'), 'x')
    const check = ['sh', '-c', 'grep -q good "$1" || { echo "no good in it"; exit 1; }', 'sh', '%s']
    const change = swap({ path: at('f'), word: 'x', by: 'y', validate: check })
    await expect(perform(local, change)).rejects.toThrow(/the new one was refused\n {2}no good in it/)
    expect([read('f'), names()]).toEqual(['x', ['f']])
    await expect(
      perform(local, swap({ path: at('f'), word: 'x', by: 'y', validate: 'true' })),
    ).rejects.toThrow(/has no %s/)
  })

  test('is left as it was where the disk is full or read-only (as root)', async () => {
    mkdirSync(at('disk'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', at('disk')])
    try {
      writeFileSync(at('disk/f'), 'x'.repeat(90_000))
      const grow = swap({ path: at('disk/f'), word: 'x', by: 'y'.repeat(20_000) })
      await expect(perform(local, grow)).rejects.toThrow(/disk\/f.*(space|room)/is)
      expect(readdirSync(at('disk'))).toEqual(['f'])
      execFileSync('mount', ['-o', 'remount,ro', at('disk')])
      for (const action of [
        swap({ path: at('disk/f'), word: 'x', by: 'y' }),
        file.link({ path: at('disk/l'), src: 'f' }),
        file.copy({ dest: at('disk/g'), content: 'x' }),
        file.absent({ path: at('disk/f') }),
      ] as readonly Action[])
        await expect(perform(local, action)).rejects.toThrow(/read-only file system/i)
      expect(read('disk/f')).toBe('x'.repeat(90_000))
    } finally {
      execFileSync('umount', [at('disk')])
    }
  })

  test('is not begun where there is no room for what undo needs (as root)', async () => {
    const work = join(dir, 'here/work')
    await local.on.keep()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', work])
    try {
      mkdirSync(at('t'))
      for (const name of ['f', 't/f']) writeFileSync(at(name), 'x'.repeat(100_000))
      for (const [action, task] of [
        [swap({ path: at('f'), word: 'x', by: 'y' }), 'play/here/one'],
        [file.absent({ path: at('t') }), 'play/here/two'],
      ] as readonly (readonly [Action, string])[]) {
        const { on } = onOver(local.connection, task)
        await expect(perform({ ...local, on }, action)).rejects.toThrow(/space/i)
      }
      expect([read('f').length, read('t/f').length]).toEqual([100_000, 100_000])
      expect(execFileSync('find', [work, '-type', 'f'], { encoding: 'utf8' })).toBe('')
    } finally {
      execFileSync('umount', [work])
    }
  })

  test('has a reason that names it', async () => {
    mkdirSync(at('d'))
    symlinkSync('loop', at('loop'))
    const refused: readonly (readonly [Action, RegExp])[] = [
      [swap({ path: at('d'), word: 'x', by: 'y' }), /is no file \(directory\)/],
      [swap({ path: at('none'), word: 'x', by: 'y' }), /none on here: there is no file/],
      [swap({ path: at('loop'), word: 'x', by: 'y' }), /leads nowhere/],
      [file.copy({ dest: at('d'), content: 'x' }), /is no file \(directory\)/],
      [file.copy({ dest: at('no/f'), content: 'x' }), /there is no directory/],
      [file.copy({ dest: at('f'), src: at('none') }), /of this machine cannot be read/],
      [file.copy({ dest: at('f'), src: at('d') }), /file\.synchronize brings directories/],
      [file.copy({ dest: at('f'), src: at('none'), remoteSrc: true }), /there is no file/],
      [file.link({ path: at('d'), src: 'x' }), /is a directory, and no link/],
      [file.rights({ path: at('none'), mode: '0600' }), /there is nothing/],
      [file.directory({ path: at('loop') }), /leads nowhere/],
    ]
    for (const [action, why] of refused) await expect(perform(local, action)).rejects.toThrow(why)
    expect(names()).toEqual(['d', 'loop'])
    for (const mode of ['0888', 'u+x', '77777', '']) expect(() => modeText(mode)).toThrow(/A mode is octal/)
  })
})

test('a file with further names says so, and they keep what stood there', async () => {
  writeFileSync(at('f'), 'x')
  linkSync(at('f'), at('other'))
  await perform(local, swap({ path: at('f'), word: 'x', by: 'y' }))
  expect([read('f'), read('other')]).toEqual(['y', 'x'])
  expect(local.said.join()).toMatch(/further names/)
})

test('a secret does not go into a text of another encoding, nor a sign that does not fit', async () => {
  writeFileSync(at('f'), Buffer.from('caf\xe9 x', 'latin1'))
  for (const by of [[secret('env:P')], '€'])
    await expect(perform(local, swap({ path: at('f'), word: 'x', by }))).rejects.toThrow(/not in UTF-8/)
  expect(read('f')).toBe('caf\xe9 x')
})

type Edited = readonly [string, (path: string) => Action, string | RegExp]
const path = 'the file'
describe('lines', () => {
  const line = (rest: object) => (path: string) => file.lineInFile({ path, line: 'new', ...rest })
  const block = (rest: object) => (path: string) =>
    file.blockInFile({ path, block: 'x\ny', marker: '# {mark}', ...rest })
  const swapAll = (regexp: string, replace: string, count?: number) => (path: string) =>
    file.replace({ path, regexp, replace, count })
  const edits: readonly Edited[] = [
    ['a\nb', line({}), 'a\nb\nnew\n'],
    ['a\r\nb\r\n', line({ insertBefore: 'BOF' }), 'new\r\na\r\nb\r\n'],
    ['', line({}), 'new\n'],
    ['a\nb\n', line({ regexp: '^a' }), 'new\nb\n'],
    ['a\nb\na\n', line({ regexp: '^a' }), /matches several lines/],
    ['a=1\nb\na=2\n', line({ regexp: '^a', line: 'a=3' }), 'a=1\nb\na=3\n'],
    ['a=1\nb\na=2\n', line({ regexp: '^a', line: 'a=3', firstMatch: true }), 'a=3\nb\na=2\n'],
    ['a\nb\na\n', line({ insertAfter: '^a' }), 'a\nb\na\nnew\n'],
    ['a\nb\nc\n', line({ insertBefore: '^b' }), 'a\nnew\nb\nc\n'],
    ['a\n', line({ insertAfter: 'none' }), 'a\nnew\n'],
    ['a\nnew\n', line({ regexp: '^zz' }), 'a\nnew\n'],
    ['a\nb\na', line({ state: 'absent', regexp: '^a$' }), 'b\n'],
    ['a\nnew\n', line({ state: 'absent' }), 'a\n'],
    ['a\n', line({ line: 'x\ny' }), /use blockInFile/],
    ['a\n', line({ line: ['p=', secret('env:P')] }), /needs `regexp`/],
    ['a\n', line({ regexp: '(' }), /Invalid regular expression/],
    ['a', block({}), 'a\n# BEGIN\nx\ny\n# END\n'],
    ['a\r\nb\r\n', block({ insertAfter: '^a' }), 'a\r\n# BEGIN\r\nx\r\ny\r\n# END\r\nb\r\n'],
    ['a\n# BEGIN\nold\n# END\nb\n', block({}), 'a\n# BEGIN\nx\ny\n# END\nb\n'],
    ['a\n# BEGIN\nold\n# END\nb\n', block({ state: 'absent' }), 'a\nb\n'],
    ['a\n# BEGIN\nold\n', block({}), /not one pair/],
    ['# END\n# BEGIN\n', block({}), /not one pair/],
    ['a\n', block({ marker: 'x' }), /\{mark\}/],
    ['a\n', block({ block: 'x\n# END\ny' }), /one of its own marks/],
    ['a\n', block({ block: '# BEGIN' }), /one of its own marks/],
    ['a1 a2', swapAll('a(\\d)', 'b$1$$', 2), 'b1$ b2$'],
    ['b1 b2', swapAll('a(\\d)', 'b$1', 2), 'b1 b2'],
    ['a1 a2', swapAll('a(\\d)', 'b$1'), /matches 2 times, and once was demanded/],
    ['zz', swapAll('a', 'b'), /matches 0 times/],
    ['a1 a2', swapAll('a\\d ?', '', 2), ''],
    ['x a1', swapAll(' a\\d', ''), 'x'],
    ['x', swapAll('a', ''), 'x'],
    ['a a', swapAll('a', ''), /matches 2 times, and once was demanded/],
    ['a', swapAll('a', 'aa'), /its own result/],
  ]
  test.each(edits)('%j', async (before, make, after) => {
    writeFileSync(at(path), before)
    const action = make(at(path))
    if (after instanceof RegExp) {
      await expect(perform(local, action)).rejects.toThrow(after)
      expect(read(path)).toBe(before)
      return
    }
    expect((await perform(local, action)).changed).toBe(before !== after)
    expect(read(path)).toBe(after)
    expect((await perform(local, action)).changed).toBe(false)
  })
})

describe('a template', () => {
  test('is filled once, and a value is never looked into', () => {
    expect(fillTemplate('{{a}} {{ a }}{{ b }}', { a: '{{ b }}', b: 1 })).toBe('{{ b }} {{ b }}1')
    expect(fillTemplate('p={{ p }};', { p: secret('env:P') })).toMatchObject(['p=', { name: 'env:P' }, ';'])
    expect(file.fill('listen {{ port }};', { port: 80 })).toBe('listen 80;')
  })
  test('tells all that is undefined, unused or no name, with its line', () => {
    expect(() => fillTemplate('{{ a }}\n{{ b.c }}\n{{ toString }}', { unused: 1 })).toThrow(
      /line 1: nothing is given for \{\{ a \}\}; line 2: \{\{ b\.c \}\} is no name; line 3: .*toString.*; "unused" is given/,
    )
  })
})

describe('looking', () => {
  test('at a path tells what it is, whatever its name', async () => {
    const odd = oddNames.join(' ')
    writeFileSync(at(odd), 'abc', { mode: 0o640 })
    symlinkSync(odd, at('link'))
    const stat = async (input: Parameters<typeof file.stat>[0]) =>
      (await perform(local, file.stat(input))).out
    expect(await stat({ path: at(odd), checksum: true })).toMatchObject({
      exists: true,
      kind: 'file',
      mode: '0640',
      uid: 0,
      size: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    })
    expect(await stat({ path: at('link') })).toMatchObject({ kind: 'link', target: odd })
    expect(await stat({ path: at('link'), follow: true })).toMatchObject({ kind: 'file', size: 3 })
    expect(await stat({ path: at('none') })).toEqual({ exists: false })
  })

  test('at a file that cannot be read, for its digest, is an error; so is a path that is not absolute', async () => {
    writeFileSync(at('f'), 'x')
    // Root reads everything: what cannot be read here is a program that fails.
    mkdirSync(at('bin'))
    writeFileSync(at('bin/sha256sum'), '#!/bin/sh\necho "cannot be read" >&2\nexit 1\n', { mode: 0o755 })
    const exec: On['exec'] = (command, options) =>
      local.on.exec(command, { ...options, env: { PATH: `${at('bin')}:${process.env['PATH']}` } })
    const without = { ...local, on: { ...local.on, exec } }
    await expect(perform(without, file.stat({ path: at('f'), checksum: true }))).rejects.toThrow(
      /cannot be looked at: cannot be read/,
    )
    await expect(perform(local, file.stat({ path: 'f' }))).rejects.toThrow(/must be absolute/)
    await expect(perform(local, file.find({ paths: [dir, './x'] }))).rejects.toThrow(/must be absolute/)
  })

  test('for files goes by name, age, size and depth, whatever their names', async () => {
    mkdirSync(at('t/sub/.hidden'), { recursive: true })
    for (const name of [...oddNames, 'sub/old.log', 'sub/.hidden/x.log', 'sub/big.log'])
      writeFileSync(join(dir, 't', name), 'x'.repeat(name.includes('big') ? 5000 : 5))
    writeFileSync(Buffer.from(`${at('t')}/caf\xe9.log`, 'latin1'), '')
    utimesSync(at('t/sub/old.log'), 1000, 1000)
    const find = async (rest: object) => {
      const { out } = await perform(local, file.find({ paths: [at('t')], ...rest }))
      return out.files.map(({ path, bytes }) =>
        bytes === undefined ? path.slice(at('t/').length) : `=${bytes}`,
      )
    }
    const odd = `=${Buffer.from(`${at('t')}/caf\xe9.log`, 'latin1').toString('base64')}`
    expect((await find({})).toSorted()).toEqual([...oddNames, odd].toSorted())
    expect(await find({ patterns: ['*.log'] })).toEqual([odd])
    expect(await find({ patterns: ['o*.log', 'b*.log'], recurse: true })).toEqual([
      'sub/big.log',
      'sub/old.log',
    ])
    expect(await find({ recurse: true, age: '2w' })).toEqual(['sub/old.log'])
    expect(await find({ recurse: true, size: '4k' })).toEqual(['sub/big.log'])
    expect(await find({ recurse: true, size: '-0', age: '-1h' })).toEqual([odd])
    expect(await find({ recurse: true, hidden: true, patterns: ['x.log'] })).toEqual(['sub/.hidden/x.log'])
    expect(await find({ fileType: 'directory', recurse: true, hidden: true })).toEqual(['sub', 'sub/.hidden'])
    expect(await find({ patterns: ['none'] })).toEqual([])
    await expect(perform(local, file.find({ paths: [at('none')] }))).rejects.toThrow(/none is no directory/)
    await expect(find({ age: 'old' })).rejects.toThrow(/is not an age/)
  })

  test('into a file gives its text, or its bytes', async () => {
    writeFileSync(at('f'), 'é\n')
    expect((await perform(local, file.slurp({ path: at('f') }))).out).toMatchObject({ text: 'é\n', size: 3 })
    writeFileSync(at('f'), Buffer.from([0xff]))
    expect((await perform(local, file.slurp({ path: at('f') }))).out).toMatchObject({
      base64: '/w==',
      size: 1,
    })
    writeFileSync(at('f'), Buffer.alloc(1024 * 1024 + 1))
    await expect(perform(local, file.slurp({ path: at('f') }))).rejects.toThrow(/more than 1 MiB/)
  })

  test('at a tree gives a digest that changes with anything in it', async () => {
    mkdirSync(at('t'))
    const digest = async () => (await perform(local, tree.digest({ path: at('t') }))).out.manifest
    const seen = [await digest()]
    writeFileSync(at('t/a'), 'x')
    seen.push(await digest())
    chmodSync(at('t/a'), 0o600)
    seen.push(await digest())
    expect(new Set(seen).size).toBe(3)
    await expect(perform(local, tree.digest({ path: at('none') }))).rejects.toThrow(/is no directory/)
  })
})

test('a fetched file is refused where it has another digest than was given', async () => {
  writeFileSync(at('f'), 'x')
  const action = file.fetch({ src: at('f'), dest: at('to'), sha256: '0'.repeat(64) })
  await expect(perform(local, action)).rejects.toThrow(/another SHA-256/)
})

describe('what a step keeps beside is its own', () => {
  test('also where one run fetches to the same place twice', async () => {
    writeFileSync(at('to'), 'before')
    const undos: (() => Promise<void>)[] = []
    for (const word of ['one', 'two']) {
      writeFileSync(at(word), word)
      const on = onOver(local.connection, `play/here/${word}`)
      const made = await perform(
        { ...local, ...on },
        file.fetch({ src: at(word), dest: at('to'), flat: true }),
      )
      undos.unshift(made.undo)
    }
    await undos[0]?.()
    expect(read('to')).toBe('one')
    await undos[1]?.()
    expect(read('to')).toBe('before')
  })

  test('also where one run sets the same place aside twice', async () => {
    const undos: (() => Promise<void>)[] = []
    for (const word of ['one', 'two']) {
      writeFileSync(at('f'), word)
      undos.unshift((await perform(local, file.setAside({ path: at('f') }))).undo)
      expect(names()).not.toContain('f')
    }
    await undos[0]?.()
    expect(read('f')).toBe('two')
    rmSync(at('f'))
    await undos[1]?.()
    expect(read('f')).toBe('one')
  })
})

test.each(['new', 'old'])(
  'a fetched file (%s) that somebody changed since is not lost by undo',
  async (before) => {
    writeFileSync(at('from'), 'fetched')
    if (before === 'old') writeFileSync(at('to'), before)
    const made = await perform(local, file.fetch({ src: at('from'), dest: at('to'), flat: true }))
    writeFileSync(at('to'), 'theirs')
    await made.undo()
    expect(names().map(read)).toContain('theirs')
    await made.undo()
    if (before === 'old') expect(read('to')).toBe('old')
    else expect(names()).not.toContain('to')
  },
)

test('a copy is not written through a link that somebody else puts in place of its temporary file', async () => {
  writeFileSync(at('from'), 'new')
  writeFileSync(at('victim'), 'precious')
  const bin = at('bin')
  mkdirSync(bin)
  // The link comes between the script's removal of the name and its use of it.
  writeFileSync(join(bin, 'rm'), `#!/bin/sh\n/bin/rm "$@"\nfor t; do :; done\nln -s ${at('victim')} "$t"\n`)
  chmodSync(join(bin, 'rm'), 0o755)
  const exec: On['exec'] = (command, options) =>
    local.on.exec(command, { ...options, env: { ...options?.env, PATH: `${bin}:${process.env['PATH']}` } })
  const action = file.copy({ src: at('from'), remoteSrc: true, dest: at('f') })
  await expect(perform({ ...local, on: { ...local.on, exec } }, action)).rejects.toThrow(
    /could not be written/,
  )
  expect(read('victim')).toBe('precious')
})
