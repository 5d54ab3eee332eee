import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** A file system of the test's own. */
export interface SmallDisk {
  readonly path: string
  unmount(): void
}

/** An ext4 of a few MiB in a file (as root): unlike memory it gives the number of a removed file to the next one. */
export function ext4Disk(): SmallDisk {
  const base = mkdtempSync('/var/tmp/upgrade-fleet-ext4-')
  const [image, path] = [join(base, 'image'), join(base, 'disk')]
  mkdirSync(path)
  execFileSync('truncate', ['-s', '16M', image])
  execFileSync('mkfs.ext4', ['-q', image])
  execFileSync('mount', ['-o', 'loop', image, path])
  return {
    path,
    unmount: () => {
      execFileSync('umount', [path])
      rmSync(base, { recursive: true })
    },
  }
}

/** A file system in memory of a few MiB, which can be made larger. */
export interface SmallMemory extends SmallDisk {
  grow(mebibytes: number): void
}

/** One in a new directory below another (as root). */
export function memoryDisk(below: string, mebibytes: number): SmallMemory {
  const path = mkdtempSync(join(below, 'disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'none', path])
  return {
    path,
    grow: (to) => void execFileSync('mount', ['-o', `remount,size=${to}m`, path]),
    unmount: () => {
      execFileSync('umount', [path])
      rmSync(path, { recursive: true })
    },
  }
}
