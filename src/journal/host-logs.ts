import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TaskId } from '../model/action.ts'
import type { Stamped } from '../model/event.ts'
import { sanitize } from '../model/sanitize.ts'
import { taskParts } from '../model/schedule.ts'

/** The logs of a run's tasks; told every event. */
export interface HostLogs {
  event(event: Stamped): void
  end(): void
  pathOf(task: TaskId): string
}

/** Keeps what each task said and how it ended in a file of its own: `<folder>/<host>/<play>-<task>.log`, at most `most` characters. */
export function hostLogs(folder: string, most = 2 ** 20): HostLogs {
  const sizes = new Map<TaskId, number>()
  const pathOf = (task: TaskId) => {
    const names = taskParts(task)
    return join(folder, fileName(names.host), `${fileName(`${names.play}-${names.task}`)}.log`)
  }
  const write = (task: TaskId, at: string, text: string) => {
    const size = sizes.get(task) ?? 0
    if (size > most) return
    const path = pathOf(task)
    if (size === 0) mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
    const line = `${at} ${sanitize(text)}\n`
    const last = size + line.length > most
    appendFileSync(path, last ? `${at} this log is full: what follows is left out\n` : line, { mode: 0o600 })
    sizes.set(task, last ? most + 1 : size + line.length)
  }
  return {
    pathOf,
    event(event) {
      if (event.type === 'task.said') write(event.task, event.at, event.line)
      if (event.type === 'task.ended' && event.message !== undefined)
        write(event.task, event.at, `${event.result}: ${event.message}`)
      if (event.type === 'undo.ended' && event.error !== undefined)
        write(event.task, event.at, `not undone: ${event.error}`)
    },
    end() {},
  }
}

// No name of ours begins with a dot or has a slash in it, whatever the item of an `each` is.
const fileName = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^\.+/, '')
    .slice(0, 120) || '-'
