import { randomBytes } from 'node:crypto'
import { link, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

interface Holder {
  readonly machine: string
  readonly pid: number
  /** Boot and start of that process, so that a reused pid is not taken for it. */
  readonly started: string
  readonly token: string
}

/**
 * Takes the lock of a file, which is another file beside it that appears whole, by `link`; the answer lets go of it. What a
 * process left that provably is no more (this machine, and no process of that pid and start) is taken over. Throws when
 * another does not let go within `patience` milliseconds.
 */
export async function lockFile(file: string, patience = 10_000): Promise<() => Promise<void>> {
  const path = `${file}.upgrade-fleet-lock`
  const token = randomBytes(8).toString('hex')
  const made = `${path}.${token}`
  const pid = Number(await readlink('/proc/self').catch(() => '0'))
  const holder: Holder = { machine: hostname(), pid, started: (await startOf(pid)) ?? '', token }
  await writeFile(made, JSON.stringify(holder), { mode: 0o600, flag: 'wx' })
  try {
    const until = performance.now() + patience
    while (!(await linked(made, path))) {
      const other = await readHolder(path)
      if (other !== undefined && (await isGone(other)) && (await taken(made, path, other))) continue
      if (performance.now() > until)
        throw new Error(
          `another upgrade-fleet writes ${file}, for ${patience / 1000} seconds now; if there is none any more, type: rm '${path}'`,
        )
      await sleep(5 + Math.random() * 20)
    }
  } finally {
    await rm(made, { force: true })
  }
  return async () => {
    if ((await readHolder(path))?.token === token) await rm(path, { force: true })
  }
}

/**
 * Takes a dead holder's lock away. The right to do so is a name that only that holder's lock has, and one of many gets: so
 * nobody takes away a lock that another has just taken in its place.
 */
async function taken(made: string, path: string, { token }: Holder): Promise<boolean> {
  const right = `${path}.of-${token}`
  if (!(await linked(made, right))) return false
  try {
    if ((await readHolder(path))?.token === token) await rm(path, { force: true })
    return true
  } finally {
    await rm(right, { force: true })
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const { machine, pid, started, token } = JSON.parse(await readFile(path, 'utf8')) as Holder
    return /^[0-9a-f]{16}$/.test(token) && Number.isInteger(pid)
      ? { machine, pid, started, token }
      : undefined
  } catch {
    return undefined
  }
}

async function isGone({ machine, pid, started }: Holder): Promise<boolean> {
  if (machine !== hostname() || started === '') return false
  const now = await startOf(pid)
  return now !== undefined && now !== started
}

/** When a process began, with the machine's boot: empty when there is none of that pid, undefined when nobody can tell. */
async function startOf(pid: number): Promise<string | undefined> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined)
  if (boot === undefined || pid < 1) return undefined
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return ticks === undefined ? '' : `${boot.trim()} ${ticks}`
}
