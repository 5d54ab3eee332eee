import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { makeStateDirectory } from './directory.ts'

/** Who holds the lock of a state directory. */
export interface Holder {
  readonly run: string
  readonly user: string
  readonly machine: string
  readonly pid: number
  /** The kernel's start time of that process, so that a reused pid is not taken for it. */
  readonly started: string
  readonly since: string
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
      `Locked by ${who}: one run at a time changes these hosts.\nWait for it to end; if it hangs, end that process; the lock of a process that is gone is taken over.`,
    )
    this.holder = holder
  }
}

/**
 * Takes the lock of a state directory by `mkdir`; the answer lets go of it. The lock of a process that provably is no
 * more (this machine, pid gone or another start time) is taken over; any other throws {@link LockedError}.
 */
export async function takeLock(
  state: string,
  who: { readonly run: string; readonly user: string; readonly pid: number; readonly now: Date },
): Promise<() => Promise<void>> {
  const path = join(state, 'lock')
  const holder: Holder = {
    run: who.run,
    user: who.user,
    machine: hostname(),
    pid: who.pid,
    started: (await startTime(who.pid)) ?? '',
    since: who.now.toISOString(),
  }
  await makeStateDirectory(state)
  for (let tries = 0; ; tries++) {
    try {
      await mkdir(path, { mode: 0o700 })
      await writeFile(join(path, 'holder.json'), JSON.stringify(holder), { mode: 0o600 })
      return () => rm(path, { recursive: true, force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const other = await readHolder(path)
    if (tries > 0 || other === undefined || !(await isGone(other))) throw new LockedError(other)
    await rm(path, { recursive: true, force: true })
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  return readFile(join(path, 'holder.json'), 'utf8').then(
    (text) => JSON.parse(text) as Holder,
    () => undefined,
  )
}

async function isGone(holder: Holder): Promise<boolean> {
  return holder.machine === hostname() && (await startTime(holder.pid)) !== holder.started
}

async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The command's name is in brackets and may hold blanks; the start time is the 20th field behind it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
