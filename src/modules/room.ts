import type { On } from '../model/action.ts'
import { sh } from '../model/command.ts'
import { TaskError } from '../model/errors.ts'
import { ask } from './target.ts'

/** Refuses to begin where a file of about so many bytes has no room; nothing is written. The directory need not exist yet. */
export async function room(on: On, path: string, bytes: number, what: string): Promise<void> {
  const { stdout } = await ask(
    on,
    sh.read`d=$(dirname -- ${path}); while [ ! -d "$d" ]; do d=$(dirname -- "$d"); done; df -Pk -- "$d" | awk 'NR == 2 { print $4 }'`,
  )
  const free = Number(stdout.trim()) * 1024
  if (free < bytes)
    throw new TaskError(
      `${on.name} has ${mib(free)} MiB free for ${path}, and ${what} needs about ${mib(bytes)}: make room, or choose another directory`,
    )
}

const mib = (bytes: number): number => Math.ceil(bytes / 1024 / 1024)
