import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { InputError } from '../model/errors.ts'
import { makeStateDirectory } from './directory.ts'

/** Who holds the lock of a state directory. */
export interface Holder {
  readonly run: string
  readonly user: string
  readonly machine: string
  readonly pid: number
  /** The machine's boot and the kernel's start time of that process, so that a reused pid is not taken for it. */
  readonly started: string
  readonly since: string
  /** This taking of the lock, and no other. */
  readonly token?: string
}

/** Another run holds the lock. Exit code 7. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
  readonly holder: Holder | undefined
  constructor(holder: Holder | undefined) {
    const who = holder
      ? `the run ${holder.run} of ${holder.user} on ${holder.machine} (pid ${holder.pid}) since ${holder.since}`
      : 'a run that is just beginning'
    super(
      `Locked by ${who}: one run at a time changes these hosts.\nWait for it to end; if it hangs, end that process; the lock of a process that is gone is taken over.${
        holder === undefined || holder.machine === hostname()
          ? ''
          : `\nIf its machine is gone for good: upgrade-fleet unlock --run ${holder.run.replace(/^rollback of /, '')}`
      }`,
    )
    this.holder = holder
  }
}

/**
 * Takes the lock of a state directory; the answer lets go of it. It is a directory that appears with its holder inside,
 * by rename, so that nobody finds a lock without knowing whose it is. The lock of a process that provably is no more
 * (this machine, and no process of that pid and start) is taken over; any other throws {@link LockedError}.
 */
export async function takeLock(
  state: string,
  who: { readonly run: string; readonly user: string; readonly pid: number; readonly now: Date },
): Promise<() => Promise<void>> {
  const path = join(state, 'lock')
  const token = randomBytes(8).toString('hex')
  const holder: Holder = {
    run: who.run,
    user: who.user,
    machine: hostname(),
    pid: who.pid,
    started: (await startOf(who.pid)) ?? '',
    since: who.now.toISOString(),
    token,
  }
  await makeStateDirectory(state)
  const made = join(state, `lock.${token}`)
  await mkdir(made, { mode: 0o700 })
  try {
    await writeFile(join(made, 'holder.json'), JSON.stringify(holder), { mode: 0o600 })
    for (let tries = 0; !(await renamed(made, path)); tries++) {
      const other = await readHolder(path)
      if (tries > 2 || (other !== undefined && !(await isGone(other)))) throw new LockedError(other)
      if (other === undefined) continue // let go of just now
      // To a name that only the lock of that very holder gets: who comes second, having read the same holder, finds the
      // name taken and moves away nobody's lock. So it stays there.
      await renamed(path, join(state, `lock.of-${other.token ?? `${other.pid}`}`))
    }
  } finally {
    await rm(made, { recursive: true, force: true })
  }
  return async () => {
    if ((await readHolder(path))?.token === token) await rm(path, { recursive: true, force: true })
  }
}

/** Who holds the lock of a state directory, and whether that process is seen to live. Undefined when nobody holds it. */
export async function lookAtLock(
  state: string,
): Promise<{ readonly holder: Holder; readonly lives: boolean } | undefined> {
  const holder = await readHolder(join(state, 'lock'))
  if (holder === undefined) return undefined
  const lives = holder.machine === hostname() && (await startOf(holder.pid)) === holder.started
  return { holder, lives }
}

/** Takes the lock of a state directory from the holder that was looked at, and from no other; what must be known of him is the caller's matter. */
export async function breakLock(state: string, { token, pid }: Holder): Promise<void> {
  const path = join(state, 'lock')
  if ((await readHolder(path))?.token === token) await renamed(path, join(state, `lock.of-${token ?? pid}`))
}

/** Renames a directory unless something stands there already (an empty directory does not count). */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return false
    throw error
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  const file = join(path, 'holder.json')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Holder
  } catch {
    // A machine that lost its power leaves it empty: nobody can tell then whose it was.
    throw new InputError(
      `${file}: expected who holds the lock, got a damaged text`,
      `Once you know that no run is at work on that state: rm -r '${path}'`,
    )
  }
}

async function isGone(holder: Holder): Promise<boolean> {
  if (holder.machine !== hostname()) return false
  const now = await startOf(holder.pid)
  return now !== undefined && (now === '' || now !== holder.started)
}

/** When a process began, with the machine's boot: empty when there is none of that pid, undefined when nobody can tell. */
async function startOf(pid: number): Promise<string | undefined> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined)
  if (boot === undefined) return startByPs(pid)
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The command's name is in brackets and may hold blanks; the start time is the 20th field behind it.
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return ticks === undefined ? '' : `${boot.trim()} ${ticks}`
}

/** The same where there is no /proc (macOS). `ps` ends with 1 and says nothing when there is no such process. */
function startByPs(pid: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C' } }, (error, stdout) => {
      const text = stdout.trim()
      if (error === null) resolve(text)
      else resolve(error.code === 1 && text === '' ? '' : undefined)
    })
  })
}
