import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openSsh } from '../../src/connect/ssh.ts'
import type { Connection } from '../../src/model/connection.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const large = randomBytes(300_000)
const sha256 = createHash('sha256').update(large).digest('hex')

let sshd: Sshd
let connection: Connection
let bin: string
let directory: string
let victim: string
let rounds = 0

beforeAll(async () => {
  bin = mkdtempSync(join(fastDirectory(), 'upgrade-fleet-shared-bin-'))
  sshd = await startSshd('127.110.0.10', [`SetEnv PATH=${bin}:/usr/bin:/bin`])
  connection = await openSsh(sshd.endpoint, { secrets: () => '', home: homedir() })
})
afterAll(async () => {
  await connection.close()
  await sshd.stop()
  rmSync(bin, { recursive: true, force: true })
})
beforeEach(() => {
  rounds += 1
  directory = join(sshd.directory, `shared ${rounds}`)
  mkdirSync(directory)
  victim = join(sshd.directory, `victim ${rounds}`)
  writeFileSync(victim, 'precious', { mode: 0o600 })
})
afterEach(() => {
  for (const name of readdirSync(bin)) rmSync(join(bin, name))
})

/** Whoever may write into the directory does so at the worst moment: just before a program of the script begins. */
function atWorst(program: string, script: string): void {
  writeFileSync(
    join(bin, program),
    `#!/bin/sh\nd='${directory}'; victim='${victim}'\n${script}\nexec /usr/bin/${program} "$@"\n`,
  )
  chmodSync(join(bin, program), 0o755)
}
const swap =
  'for t in "$d"/.upgrade-fleet-*; do [ ! -f "$t" ] || [ -L "$t" ] || { mv "$t" "$d/stolen.$$"; ln -s "$victim" "$t"; }; done'

describe('in a directory that others may write into, a link in place of the temporary name', () => {
  const untouched = () => {
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(execFileSync('stat', ['-c', '%U %a', victim], { encoding: 'utf8' })).toBe('root 600\n')
    expect(existsSync(join(directory, 'file'))).toBe(false)
  }
  const options = { owner: 'nobody', mode: 0o666 }
  test.each(['head', 'chown', 'chmod'])('is not followed by %s for a small file', async (program) => {
    atWorst(program, swap)
    await expect(
      connection.put({ bytes: large.subarray(0, 100) }, join(directory, 'file'), options),
    ).rejects.toThrow(/in place of/)
    untouched()
  })
  test.each(['tee', 'chown', 'chmod', 'sync'])('is not followed by %s for a large one', async (program) => {
    atWorst(program, swap)
    await expect(connection.put({ bytes: large }, join(directory, 'file'), options)).rejects.toThrow(
      /in place of/,
    )
    untouched()
  })
  test.each(['cp', 'chmod'])('is not followed by %s for one of the cache', async (program) => {
    mkdirSync(join(directory, 'first'))
    await connection.put({ bytes: large }, join(directory, 'first/file'), { sha256, cache: true })
    atWorst(program, swap)
    await expect(
      connection.put({ bytes: large }, join(directory, 'file'), { ...options, sha256 }),
    ).rejects.toThrow(/in place of/)
    untouched()
  })
})

test('a part that others may write into is not gone on with', async () => {
  const bytes = randomBytes(300_000)
  const digest = createHash('sha256').update(bytes).digest('hex')
  const part = join(directory, `.upgrade-fleet-${digest.slice(0, 32)}-${bytes.length}.part`)
  writeFileSync(part, bytes.subarray(0, 200_000))
  chmodSync(part, 0o666)
  const held = openSync(part, 'r+')
  await connection.put({ bytes }, join(directory, 'file'), { sha256: digest, mode: 0o600 })
  writeSync(held, 'forged', 0)
  closeSync(held)
  expect(readFileSync(join(directory, 'file')).equals(bytes)).toBe(true)
})

test('a cache entry that cannot be read any more costs a transfer, not the file', async () => {
  await connection.put({ bytes: large }, join(directory, 'one'), { sha256, cache: true })
  atWorst(
    'cp',
    'case "$*" in *cache/sha256*) echo "cp: error reading: Input/output error" >&2; exit 1 ;; esac',
  )
  await connection.put({ bytes: large }, join(directory, 'two'), { sha256 })
  expect(readFileSync(join(directory, 'two')).equals(large)).toBe(true)
  expect(readdirSync(directory).toSorted()).toEqual(['one', 'two'])
})
