import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hostName, judge, keyType, knownFor, type Verdict } from './known-hosts.ts'

const patience = 10_000

/**
 * Stores the keys of a machine of which no file knows any, in the first file, synced; answers what each of them is then.
 * Nothing is stored for a machine that has a key already, or where one of these keys is revoked. Two at once wait for one
 * another; throws when the file cannot be written, or its lock is not let go of within 10 seconds.
 */
export async function rememberKeys(
  files: readonly [string, ...string[]],
  address: string,
  port: number,
  keys: readonly Buffer[],
): Promise<readonly Verdict[]> {
  const [file] = files
  if (file.startsWith('/etc/'))
    throw new Error(`${file} is for all users of this machine, and no known_hosts of your own is named`)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const unlock = await lock(file)
  try {
    // What another has stored meanwhile counts.
    const known = { ...(await knownFor(files, address, port)), pins: [] }
    const found = keys.map((key) => judge(known, key))
    if (found.some((verdict) => verdict.kind !== 'unknown')) return found
    await append(
      file,
      keys.map((key) => `${hostName(address, port)} ${keyType(key)} ${key.toString('base64')}\n`).join(''),
    )
    return keys.map(() => ({ kind: 'known' }))
  } finally {
    await unlock()
  }
}

/** One write at the end, so that what ssh itself adds at the same time is kept. */
async function append(file: string, lines: string): Promise<void> {
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const handle = await open(file, 'a', 0o600)
  try {
    await handle.appendFile(`${before === '' || before.endsWith('\n') ? '' : '\n'}${lines}`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Takes the lock of a file; the answer lets go of it. */
async function lock(file: string): Promise<() => Promise<void>> {
  const path = `${file}.upgrade-fleet-lock`
  const until = performance.now() + patience
  for (;;) {
    try {
      await (await open(path, 'wx', 0o600)).close()
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (performance.now() > until)
        throw new Error(
          `another upgrade-fleet writes ${file}, for 10 seconds now; if there is none any more, type: rm '${path}'`,
        )
      await sleep(5 + Math.random() * 20)
    }
  }
}
