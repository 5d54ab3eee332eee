import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unpack } from '../../src/modules/archive.ts'
import { create } from '../../src/modules/archives/create.ts'
import { unarchive } from '../../src/modules/archives/unarchive.ts'
import type { ChangeCase } from './contract.ts'

export const sumOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

/** What a pack is like: one directory, programs in it, odd names. */
export function packTree(dir: string): void {
  mkdirSync(join(dir, 'pack-1.0/bin'), { recursive: true })
  mkdirSync(join(dir, 'pack-1.0/empty'))
  writeFileSync(join(dir, 'pack-1.0/bin/run.sh'), '#!/bin/sh\n')
  chmodSync(join(dir, 'pack-1.0/bin/run.sh'), 0o755)
  writeFileSync(join(dir, `pack-1.0/it's "odd" $(x) é`), 'x'.repeat(70_000))
  writeFileSync(join(dir, 'pack-1.0/-rf'), '')
}

const packers = {
  zip: ['zip', '-qr'],
  tar: ['tar', '-cf'],
  'tar.gz': ['tar', '-czf'],
  'tar.zst': ['tar', '--zstd', '-cf'],
} as const

/** Makes an archive of a pack in a directory, and removes what it was made of. */
export function pack(dir: string, kind: keyof typeof packers, links = kind !== 'zip'): void {
  packTree(dir)
  if (links) symlinkSync('bin/run.sh', join(dir, 'pack-1.0/start'))
  const [program, ...options] = packers[kind]
  execFileSync(program, [...options, join(dir, `a b.${kind}`), 'pack-1.0'], {
    cwd: dir,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  })
  rmSync(join(dir, 'pack-1.0'), { recursive: true })
}

const packed = (dir: string, kind: string) => {
  const src = join(dir, `a b.${kind}`)
  return { src, sha256: sumOf(src), dest: join(dir, `it's new`) }
}

const standing = (dir: string) => {
  mkdirSync(join(dir, `it's new/old`), { recursive: true })
  writeFileSync(join(dir, `it's new/old/file`), 'old')
}

/** The cases of the contract for archives. */
export const archiveCases: readonly ChangeCase[] = [
  ...(['zip', 'tar', 'tar.gz', 'tar.zst'] as const).map(
    (kind): ChangeCase => ({
      name: `unarchive of a ${kind}`,
      prepare: (dir) => pack(dir, kind),
      action: (dir) => unarchive({ ...packed(dir, kind), root: 'pack-1.0' }),
    }),
  ),
  {
    name: 'unpacking of a pack',
    prepare: (dir) => pack(dir, 'zip'),
    action: (dir) => {
      const { src, sha256, dest } = packed(dir, 'zip')
      return unpack({ zip: src, sha256, top: 'pack-1.0', to: dest })
    },
  },
  {
    name: 'unarchive in place of another tree, with an owner, proved by content',
    prepare: (dir) => {
      pack(dir, 'zip')
      standing(dir)
    },
    action: (dir) =>
      unarchive({
        ...packed(dir, 'zip'),
        replace: true,
        owner: 'nobody',
        group: '65534',
        mode: '0750',
        verify: 'content',
      }),
  },
  ...(['zip', 'tar.gz', 'tar.zst'] as const).map(
    (kind): ChangeCase => ({
      name: `archive of a tree as a ${kind}`,
      prepare: (dir) => {
        packTree(dir)
        if (kind !== 'zip') {
          symlinkSync('../outside', join(dir, 'pack-1.0/link'))
          writeFileSync(join(dir, 'pack-1.0/line\nend'), 'x')
          writeFileSync(join(dir, `out.${kind}`), 'old', { mode: 0o644 })
        }
      },
      action: (dir) =>
        create({
          path: join(dir, 'pack-1.0'),
          dest: join(dir, `out.${kind}`),
          exclude: ['*.log', 'bin/*.pid'],
        }),
    }),
  ),
]
