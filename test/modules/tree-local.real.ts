import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLocal } from '../../src/connect/local.ts'
import { quote, sh } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import { archiveOf, inspect, readTree, unpackHere } from '../../src/modules/local-tree.ts'
import { manifestDigest } from '../../src/modules/manifest.ts'
import { staysInside, tarHeader } from '../../src/modules/tar.ts'
import { copyTree, getTree, place, putTree } from '../../src/modules/tree.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { localOn, perform } from '../support/local-on.ts'

let root: string
let machine: Connection
const at = (name: string) => join(root, name)
const run = (script: string, cwd = root) => execFileSync('bash', ['-c', script], { cwd, encoding: 'latin1' })
/** What a tree is, by a program that is not ours. */
const seen = (directory: string) =>
  run(
    "find . -printf '%y %m %s %T@ %P -> %l\\0' | sed -z 's/^\\([dl] [0-9]*\\) [0-9]* [0-9.]*/\\1/; s/\\.[0-9]* / /' | LC_ALL=C sort -z; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum",
    directory,
  )

beforeAll(async () => {
  root = mkdtempSync(join(fastDirectory(), "upgrade-fleet-tree it's-"))
  machine = await openLocal(
    { name: 'here', kind: 'local', address: 'here', port: 0, workdir: at('work') },
    { secrets: () => '', home: root },
  )
  const tree = at('tree')
  mkdirSync(join(tree, 'a/ünï "dir"\nwith line'), { recursive: true })
  mkdirSync(join(tree, 'empty'))
  writeFileSync(join(tree, 'a/empty file'), '')
  writeFileSync(join(tree, 'a/ünï "dir"\nwith line/-it\'s $(x) \\ `y`\n'), 'text')
  writeFileSync(join(tree, 'a-b'), randomBytes(100_000), { mode: 0o640 })
  writeFileSync(join(tree, 'tool'), '#!/bin/sh\n', { mode: 0o755 })
  const long = join(tree, 'l'.repeat(90), 'm'.repeat(200))
  mkdirSync(long, { recursive: true })
  writeFileSync(join(long, 'n'.repeat(250)), 'long')
  symlinkSync('../a-b', join(tree, 'a/link'))
  symlinkSync(`${'l'.repeat(90)}/${'m'.repeat(200)}`, join(tree, 'long link'))
  run("printf x > \"$(printf 'caf\\351')\"; chmod 0500 empty; touch -d '2001-02-03' tool", tree)
})
afterAll(async () => {
  await machine.close()
  rmSync(root, { recursive: true })
})
const left = () => readdirSync(root).filter((name) => /upgrade-fleet|\.tar/.test(name))

describe('a tree', () => {
  test('goes to a machine, comes back, and goes from one machine to another', async () => {
    const shown: (readonly [number, number])[] = []
    const sent = await putTree(machine, at('tree'), at('there'), { onProgress: (...are) => shown.push(are) })
    expect(seen(at('there'))).toBe(seen(at('tree')))
    expect(shown.at(-1)?.[0]).toBe(shown.at(-1)?.[1])
    const back = await getTree(machine, at('there'), at('back'))
    expect(seen(at('back'))).toBe(seen(at('tree')))
    const copied = await copyTree(machine, at('there'), machine, at("copy it's"))
    expect(seen(at("copy it's"))).toBe(seen(at('tree')))
    expect(back).toEqual(sent)
    expect(copied).toEqual(sent)
    expect(left()).toEqual([])
    expect(readdirSync(at('work/trees'))).toEqual([])
    await expect(putTree(machine, at('tree'), at('there'))).rejects.toThrow(/exists already/)
    await expect(getTree(machine, at('there'), at('back'))).rejects.toThrow(/exists already/)
    expect(left()).toEqual([])
  })
  test.each(['0700', '0555', '1777', '0751'])(
    'keeps the mode %s of its root, and when that was changed',
    async (mode) => {
      run(`rm -rf root; cp -a tree root; chmod ${mode} root; touch -d '2001-02-03 04:05:06' root`)
      const is = (path: string) => run(`stat -c '%a %Y' ${path}`)
      await putTree(machine, at('root'), at(`root ${mode}`))
      await getTree(machine, at(`root ${mode}`), at(`root back ${mode}`))
      await copyTree(machine, at(`root ${mode}`), machine, at(`root copy ${mode}`))
      for (const path of [`root\\ ${mode}`, `root\\ back\\ ${mode}`, `root\\ copy\\ ${mode}`])
        expect(is(path)).toBe(is('root'))
      expect(left()).toEqual([])
    },
  )
  test('that is empty goes too', async () => {
    mkdirSync(at('nothing'))
    expect(await putTree(machine, at('nothing'), at('nothing there'))).toMatchObject({ entries: 0 })
    expect(await getTree(machine, at('nothing there'), at('nothing back'))).toMatchObject({ entries: 0 })
  })
  test.each([
    ['a device', 'mkfifo odd/x'],
    ['a program of another user', 'touch odd/x; chmod 4755 odd/x'],
    ['a link to elsewhere', 'ln -s /etc odd/x'],
    ['a link that climbs out', 'mkdir odd/d; ln -s ../../x odd/d/x'],
    [
      'a link that climbs out by way of another',
      'mkdir -p odd/a/b/c; ln -s ../.. odd/a/b/x; ln -s ../x/.. odd/a/b/c/y',
    ],
  ])('that holds %s is refused at both ends', async (_name, script) => {
    run(`rm -rf odd; mkdir odd; ${script}`)
    await expect(putTree(machine, at('odd'), at('never'))).rejects.toThrow(
      /is no file|bits of another|leads out/,
    )
    await expect(getTree(machine, at('odd'), at('never'))).rejects.toThrow(
      /ordinary kind|leads out|bits of another/,
    )
    await expect(copyTree(machine, at('odd'), machine, at('never'))).rejects.toThrow(
      /ordinary kind|leads out/,
    )
    expect(readdirSync(root)).not.toContain('never')
    expect(left()).toEqual([])
    expect(readdirSync(at('work/trees'))).toEqual([])
  })
  test('that cannot be read whole is not fetched without what is missing', async () => {
    const shared = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-shared-'))
    chmodSync(shared, 0o777)
    mkdirSync(join(shared, 'tree/hidden'), { recursive: true })
    writeFileSync(join(shared, 'tree/hidden/x'), 'x')
    chmodSync(join(shared, 'tree/hidden'), 0o700)
    const nobody: Connection = {
      ...machine,
      workdir: async () => join(shared, 'work'),
      exec: (command, options) =>
        machine.exec(
          sh`setpriv --reuid=65534 --regid=65534 --clear-groups -- sh -c ${command.text}`,
          options,
        ),
    }
    try {
      await expect(getTree(nobody, join(shared, 'tree'), at('never'))).rejects.toThrow(/could not be brought/)
      expect(readdirSync(root)).not.toContain('never')
    } finally {
      rmSync(shared, { recursive: true })
    }
  })
  test('is not unpacked out of an archive that another put there', async () => {
    const put: Connection['put'] = async (source, path, ...more) => {
      const stored = await machine.put(source, path, ...more)
      run(`cp -- "$0" evil.tar; chown 65534 evil.tar; mv -f evil.tar "$0"`.replaceAll('$0', path))
      return stored
    }
    await expect(putTree({ ...machine, put }, at('tree'), at('never'))).rejects.toThrow(
      /somebody else put something in place of .*never\.upgrade-fleet-[0-9a-f]{16}\.tar/,
    )
    expect(readdirSync(root)).not.toContain('never')
    expect(left()).toEqual([])
  })
  test('is unpacked where nobody else may look, under a name that nobody can know', async () => {
    const seenThere: string[] = []
    const exec: Connection['exec'] = (command, options) => {
      const watching = command.text.replace(
        'tar -xpf',
        `stat -c '%a %n' -- "$n" >>${quote(at('names'))}; tar -xpf`,
      )
      return machine.exec(watching === command.text ? command : sh`sh -c ${watching}`, options)
    }
    for (const name of ['one', 'two']) await putTree({ ...machine, exec }, at('tree'), at(`known ${name}`))
    seenThere.push(...readFileSync(at('names'), 'utf8').trim().split('\n'))
    expect(seenThere).toEqual(
      ['one', 'two'].map((name) => expect.stringMatching(`^700 .*/known ${name}\\.upgrade-fleet-\\w{10}$`)),
    )
    rmSync(at('names'))
  })
  test('of a crash before is taken away by the next, and archives that nobody fetched after a week', async () => {
    mkdirSync(at('again.upgrade-fleet-0123456789/tree'), { recursive: true })
    writeFileSync(at('work/trees/0123.tar'), '')
    run("touch -d '8 days ago' work/trees/0123.tar")
    await putTree(machine, at('tree'), at('again'))
    await getTree(machine, at('again'), at('again back'))
    expect(left()).toEqual([])
    expect(readdirSync(at('work/trees'))).toEqual([])
  })
  test('that has no room is refused before a byte of it is written', async () => {
    const full = at('full')
    mkdirSync(full)
    run('mount -t tmpfs -o size=100k none full')
    try {
      const narrow: Connection = { ...machine, workdir: async () => full }
      await expect(getTree(narrow, at('tree'), at('never'))).rejects.toMatchObject({
        message: expect.stringMatching(/could not be brought/),
        evidence: [
          expect.stringMatching(/No space left: it needs 1\d{5} bytes, and \d+ are free in .*trees/),
        ],
      })
      expect(run('find full -type f')).toBe('')
    } finally {
      run('umount full')
    }
  })
  test('that changed on its way is refused on arrival', async () => {
    const source = at('changing')
    mkdirSync(source)
    writeFileSync(join(source, 'x'), 'before')
    const put: Connection['put'] = async (...given) => {
      writeFileSync(join(source, 'x'), 'behind')
      return machine.put(...given)
    }
    await expect(putTree({ ...machine, put }, source, at('never'))).rejects.toThrow(
      /not what its manifest says/,
    )
    expect(readdirSync(root)).not.toContain('never')
    expect(left()).toEqual([])
  })
})

describe('an archive', () => {
  const archived = (script: string) => {
    run(`rm -rf evil evil.tar; mkdir evil; cd evil; ${script}`)
    return at('evil.tar')
  }
  test.each([
    ['an absolute name', 'tar -cPf ../evil.tar /etc/hostname', /leads out/],
    ['a name that climbs out', 'touch x; tar --transform s,^,../, -cPf ../evil.tar x', /leads out/],
    ['an absolute link', 'ln -s /etc x; tar -cf ../evil.tar x', /leads out/],
    [
      'a file behind a link',
      'mkdir d x; touch d/f x/f; rm -r x; ln -s d x; tar -cf ../evil.tar d x; rm x; mkdir x; touch x/f; tar -rf ../evil.tar x/f',
      /in no directory/,
    ],
    ['a second name of a file', 'touch x; ln x y; tar -cf ../evil.tar x y', /no file, directory or link/],
    ['the same name twice', 'touch x; tar -cf ../evil.tar x; tar -rf ../evil.tar x', /twice/],
    ['a fifo', 'mkfifo x; tar -cf ../evil.tar x', /no file, directory or link/],
    ['set-user-ID', 'touch x; chmod 4755 x; tar -cf ../evil.tar x', /bits of another/],
    ['a flipped bit', 'touch x; tar -cf ../evil.tar x; printf y | dd of=../evil.tar conv=notrunc', /damaged/],
    ['no end', 'head -c 9999 /dev/zero >x; tar -cf - x | head -c 4096 >../evil.tar', /ends early/],
  ])('with %s is refused before anything is written', async (_name, script, why) => {
    const archive = archived(script)
    await expect(inspect(createReadStream(archive))).rejects.toThrow(why)
    await expect(unpackHere(archive, at('never'), '', { mode: 0o755, mtime: 0 })).rejects.toThrow(why)
    expect(readdirSync(root).filter((name) => name.startsWith('never'))).toEqual([])
  })
  test('of ours is what tar reads, in whatever pieces it comes', async () => {
    const manifest = await readTree(at('tree'))
    const { size, stream } = archiveOf(at('tree'), manifest)
    const parts: Buffer[] = []
    for await (const part of stream()) parts.push(part as Buffer)
    const whole = Buffer.concat(parts)
    expect(whole.length).toBe(size)
    writeFileSync(at('ours.tar'), whole)
    mkdirSync(at('ours'))
    run('tar -xpf ours.tar -C ours && rm ours.tar')
    expect(seen(at('ours'))).toBe(seen(at('tree')))
    for (const step of [1, 7, 511, 513, 10_000]) {
      const pieces = Array.from({ length: Math.ceil(whole.length / step) }, (_, n) =>
        whole.subarray(n * step, (n + 1) * step),
      )
      expect(manifestDigest({ ...manifest, ...(await inspect(Readable.from(pieces))) })).toBe(
        manifestDigest(manifest),
      )
    }
    chmodSync(at('ours/tool'), 0o700)
    expect(manifestDigest(await readTree(at('ours')))).not.toBe(manifestDigest(manifest))
  })
  test('cannot hold a file of more than 8 GiB', () => {
    const entry = { kind: 'file', path: 'x', mode: 0o600, mtime: 0, size: 8 * 1024 ** 3 } as const
    expect(() => tarHeader(entry)).toThrow(/more than 8 GiB/)
  })
})

test('a link stays inside when it goes up at its beginning alone, and not too far', () => {
  for (const [path, target] of [
    ['x', 'a'],
    ['a/x', '../b/c'],
    ['a/b/x', '../../c'],
    ['x', './a/./b'],
  ] as const)
    expect(staysInside(path, target)).toBe(true)
  for (const [path, target] of [
    ['x', '..'],
    ['a/x', '../../b'],
    ['x', '/a'],
    ['x', ''],
    ['a/x', 'b/..'],
    ['a/x', '../b/../..'],
  ] as const)
    expect(staysInside(path, target)).toBe(false)
})

test('a playbook places a tree once; undone, it goes, and aside where somebody changed it', async () => {
  const local = await localOn(at('on'))
  try {
    const action = place({ from: at('tree'), to: at('on/placed') })
    const made = await perform(local, action)
    expect(made.changed).toBe(true)
    expect(seen(at('on/placed'))).toBe(seen(at('tree')))
    expect((await perform(local, action)).changed).toBe(false)
    expect(local.progress.length).toBeGreaterThan(0)
    writeFileSync(at('on/placed/tool'), 'other')
    await expect(perform(local, action)).rejects.toThrow(/move it away/)
    await made.undo()
    expect(readdirSync(at('on'))).toEqual(['placed.aside-run-1', 'work'])
    rmSync(at('on/placed.aside-run-1'), { recursive: true })
    await (await perform(local, action)).undo()
    expect(readdirSync(at('on'))).toEqual(['work'])
  } finally {
    await local.close()
  }
})

test('what is read back is what was sent', () => {
  expect(readFileSync(at('there/a-b')).equals(readFileSync(at('tree/a-b')))).toBe(true)
})
