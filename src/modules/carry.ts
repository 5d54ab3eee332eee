import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { lstat, mkdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { change } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { holds } from './target.ts'

/** A file that was brought to the controller: where it lies here, and its SHA-256. */
export type Carried = { readonly file: string; readonly sha256: string }

/** Brings a file of the machine to the controller, for {@link deliver} to other machines. The machine is only read. */
export const fetch = change('carry.fetch', {
  async check(on, { sha256 }: { path: string; sha256: string }): Promise<Carried | undefined> {
    const file = join(tmpdir(), `upgrade-fleet-${on.run}`, sha256)
    return (await digestOf(file)) === sha256 ? { file, sha256 } : undefined
  },
  async apply(on, { path, sha256 }): Promise<Carried> {
    const dir = join(tmpdir(), `upgrade-fleet-${on.run}`)
    await ownDirectory(dir)
    const file = join(dir, sha256)
    const stored = await on.get(path, createWriteStream(`${file}.part`, { mode: 0o600 }), {
      signal: on.signal,
    })
    if (stored.sha256 !== sha256) throw new TaskError(`${path} on ${on.name} changed while it was fetched`)
    await rename(`${file}.part`, file)
    return { file, sha256 }
  },
  async undo(on, { sha256 }) {
    await rm(join(tmpdir(), `upgrade-fleet-${on.run}`, sha256), { force: true })
  },
})

/** Puts a fetched file on the machine. Undo removes it. */
export const deliver = change('carry.deliver', {
  async check(on, { sha256, to }: Carried & { to: string }) {
    const there = sh.read`[ "$(sha256sum < ${to} 2>/dev/null | cut -c1-64)" = ${sha256} ]`
    return (await holds(on, there, { timeout: 600 })) ? { path: to } : undefined
  },
  async apply(on, { file, sha256, to }) {
    await on.must(sh`mkdir -p -- "$(dirname -- ${to})"`)
    await on.put({ file }, to, {
      sha256,
      signal: on.signal,
      onProgress: (done, total) => on.progress(done, total, 'bytes'),
    })
    return { path: to }
  },
  async undo(on, { to }) {
    await on.must(sh`rm -f -- ${to} && { rmdir -- "$(dirname -- ${to})" 2>/dev/null || :; }`)
  },
})

async function ownDirectory(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const found = await lstat(dir)
  if (!found.isDirectory() || (found.mode & 0o077) !== 0)
    throw new TaskError(`${dir} is not a directory of our own: remove it`)
}

async function digestOf(file: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  } catch {
    return undefined
  }
  return hash.digest('hex')
}
