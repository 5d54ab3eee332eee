import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TaskId } from '../model/action.ts'
import type { Stamped } from '../model/event.ts'
import { taskParts } from '../model/schedule.ts'
import { taskLog } from './host-logs.ts'
import type { RunFolder } from './runs.ts'

/** The tasks that a journal names, in the order in which they first come. */
export function tasksIn(events: readonly Stamped[]): readonly TaskId[] {
  return [...new Set(events.flatMap((event) => ('task' in event ? [event.task] : [])))]
}

/** The log of a task, with the tasks that share the file (their names differ in signs that a file's name has not). */
export interface KeptLog {
  readonly tasks: readonly TaskId[]
  readonly text: string
}

/** The logs that a run kept of these tasks, in their order; tasks that said nothing have none. */
export async function keptLogs(folder: RunFolder, tasks: readonly TaskId[]): Promise<readonly KeptLog[]> {
  const files = new Map<string, TaskId[]>()
  for (const task of tasks) {
    const path = taskLog(join(folder.path, 'hosts'), task)
    files.set(path, [...(files.get(path) ?? []), task])
  }
  const logs = await Promise.all(
    [...files].map(async ([path, sharing]) => {
      const text = await readFile(path, 'utf8').catch(absent)
      return text === undefined ? undefined : { tasks: sharing, text }
    }),
  )
  return logs.filter((log) => log !== undefined)
}

/** All files below a run's folder that a person may want to see: journal, record, plan and logs, by their names within it. */
export async function filesOfRun(folder: RunFolder): Promise<readonly { name: string; text: string }[]> {
  const logs = await readdir(join(folder.path, 'hosts'), { recursive: true, withFileTypes: true }).catch(
    absent,
  )
  const below = (logs ?? [])
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.path.length + 1))
  const names = ['run.json', 'plan.json', 'journal.jsonl', ...below.sort()]
  const files = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder.path, name), 'utf8').catch(absent)
      return text === undefined ? undefined : { name, text }
    }),
  )
  return files.filter((file) => file !== undefined)
}

/** The host of a task, as its id has it. */
export const hostOf = (task: TaskId): string => taskParts(task).host

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
