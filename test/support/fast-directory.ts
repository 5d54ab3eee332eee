import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Where tests that sync many small files put them: memory, if there is such a file system. */
export function fastDirectory(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
}
