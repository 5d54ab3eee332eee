import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { TaskError } from '../../model/errors.ts'

/** The variable that the shell of a command and its watcher have in their environment, and what they start has not. */
export const markName = 'UPGRADE_FLEET_LOCAL'

/** By what a command of the controller is known again after a crash: its run and task. */
export const markOf = (run: string, task: string): string =>
  createHash('sha256').update(`${run}\0${task}`).digest('hex').slice(0, 32)

/**
 * Text for the beginning of a command in bash: a watcher, no child of it and in a process group of its own, which ends the
 * command's group (TERM, and KILL five seconds later) when the other end of descriptor 3 is gone without a word. That is
 * ours: it goes when we do, however we end.
 */
export const watched = `( set -m; ( read -r word <&3 && exit; kill -TERM -- -$$
for i in {1..50}; do kill -0 -- -$$ || exit; sleep 0.1; done; kill -KILL -- -$$ ) </dev/null >/dev/null 2>&1 & )
exec 3<&-; unset ${markName}
`

/** Tells the watcher of a command, which has descriptor 3 from us, when the command has ended by itself. */
export function tellsEnd(child: ChildProcess | undefined): void {
  const word = child?.stdio[3]
  if (child === undefined || word === null || word === undefined || !('end' in word)) return
  word.on('error', () => undefined)
  child.once('exit', () => void word.end('done\n'))
}

/**
 * Waits until nothing of a command is alive that a controller left which was killed: its watcher is ending it. Where there is no /proc
 * (a controller that is no Linux), there is nothing to look at. Throws {@link TaskError} when it is there after `seconds`.
 */
export async function noneLeft(mark: string, signal: AbortSignal, seconds = 15): Promise<void> {
  const last = performance.now() + seconds * 1000
  for (;;) {
    const left = await withMark(mark)
    if (left.length === 0 || signal.aborted) return
    if (performance.now() > last)
      throw new TaskError(
        `what a run before started on this machine is still alive (process ${left.join(', ')}): end it, then resume`,
      )
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function withMark(mark: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      // What is another user's cannot be read, and is not ours.
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
      return environment.split('\0').includes(`${markName}=${mark}`) ? [pid] : []
    }),
  )
  return found.flat()
}
