import { createHmac, randomBytes } from 'node:crypto'
import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { lockFile } from './file-lock.ts'
import { knownFiles } from './known-files.ts'
import { judge, keyType, knownFor, type Verdict } from './known-hosts.ts'

/** Where the key of a machine is stored, and how. */
export interface KeyStore {
  /** The file that it goes into; undefined where there is none of the user's own. */
  readonly file: string | undefined
  /** All that are read. */
  readonly files: readonly string[]
  /** The machine as known_hosts writes it. */
  readonly name: string
  /** Whether the name is hashed, as HashKnownHosts says. */
  readonly hashed: boolean
}

/**
 * Stores the keys of a machine of which no file knows any, synced; answers what each of them is then. Nothing is stored for
 * a machine that has a key already, or where one of these keys is revoked. Two at once wait for one another; throws when the
 * file cannot be written or keeps nothing, when the name would stand for others too, or another holds the file's lock.
 */
export async function rememberKeys(
  { file, files, name, hashed }: KeyStore,
  keys: readonly Buffer[],
): Promise<readonly Verdict[]> {
  if (file === undefined)
    throw new Error('no known_hosts file of your own is named (UserKnownHostsFile none)')
  if (file.startsWith('/etc/'))
    throw new Error(`${file} is for all users of this machine, and no known_hosts of your own is named`)
  if (!/^[^\s,*?!|@#\p{Cc}]+$/u.test(name))
    throw new Error(`${JSON.stringify(name)} would stand for other machines too`)
  // What /dev/null is given is unknown again the next time, and any other key would be taken then.
  if ((await stat(file).catch(() => undefined))?.isFile() === false)
    throw new Error(`${file} is no file that keeps anything`)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const unlock = await lockFile(file)
  try {
    // What another has stored meanwhile counts.
    const known = { ...(await knownFor(files, name, knownFiles())), pins: [] }
    const found = keys.map((key) => judge(known, key))
    if (found.some((verdict) => verdict.kind !== 'unknown')) return found
    const host = () => (hashed ? hashedName(name) : name)
    await append(file, keys.map((key) => `${host()} ${keyType(key)} ${key.toString('base64')}\n`).join(''))
    return keys.map(() => ({ kind: 'known' }))
  } finally {
    await unlock()
  }
}

function hashedName(name: string): string {
  const salt = randomBytes(20)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
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
