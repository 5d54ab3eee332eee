import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TaskId } from '../model/action.ts'
import type { Stamped } from '../model/event.ts'
import { sanitize } from '../model/sanitize.ts'
import { taskParts } from '../model/schedule.ts'

/** The logs of a run's tasks; told every event. */
export interface HostLogs {
  event(event: Stamped): void
  /** Writes what still waits. */
  end(): void
  pathOf(task: TaskId): string
}

/** One task's log: what waits to be written, and how much of it there is so far. */
interface Log {
  readonly path: string
  waiting: string
  size: number
  timer: NodeJS.Timeout | undefined
}

/** Output comes in thousands of lines; a write for each would hold up all hosts. */
const together = 64 * 1024
const soon = 500

/**
 * Keeps what each task said, what its commands printed and how it ended in a file of its own:
 * `<folder>/<host>/<play>-<task>.log`. After `most` characters only how it ended is added.
 */
export function hostLogs(folder: string, most = 2 ** 20): HostLogs {
  const logs = new Map<TaskId, Log>()
  const pathOf = (task: TaskId) => taskLog(folder, task)
  const open = (task: TaskId): Log => {
    const known = logs.get(task)
    if (known !== undefined) return known
    const log: Log = { path: pathOf(task), waiting: '', size: 0, timer: undefined }
    logs.set(task, log)
    return log
  }
  const flush = (log: Log) => {
    clearTimeout(log.timer)
    log.timer = undefined
    const text = log.waiting
    log.waiting = ''
    if (text !== '') append(log.path, text)
  }
  const write = (task: TaskId, at: string, text: string, kind: 'output' | 'said' | 'end') => {
    const log = open(task)
    if (log.size > most && kind !== 'end') return
    const line = `${at} ${kind === 'output' ? '| ' : ''}${sanitize(text)}\n`
    const full = log.size + line.length > most && kind !== 'end'
    log.waiting += full ? `${at} this log is full: what follows is left out\n` : line
    log.size = full ? most + 1 : log.size + line.length
    if (kind !== 'output' || log.waiting.length > together) flush(log)
    else if (log.timer === undefined) log.timer = setTimeout(() => flushQuietly(log), soon).unref()
  }
  // A disk that is full must not end the process from a timer; the next write of the task meets it again.
  const flushQuietly = (log: Log) => {
    try {
      flush(log)
    } catch {}
  }
  return {
    pathOf,
    event(event) {
      if (event.type === 'task.said') write(event.task, event.at, event.line, 'said')
      if (event.type === 'task.output') write(event.task, event.at, event.line, 'output')
      if (event.type === 'task.ended' && (event.message !== undefined || logs.has(event.task)))
        write(event.task, event.at, [event.result, event.message].filter(Boolean).join(': '), 'end')
      if (event.type === 'undo.ended' && (event.error !== undefined || logs.has(event.task)))
        write(
          event.task,
          event.at,
          event.error === undefined ? 'undone' : `not undone: ${event.error}`,
          'end',
        )
    },
    end() {
      for (const log of logs.values()) flushQuietly(log)
    },
  }
}

function append(path: string, text: string): void {
  const write = () => appendFileSync(path, text, { mode: 0o600 })
  try {
    write()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    write()
  }
}

/** The path of a task's log in a run's folder of logs. */
export function taskLog(folder: string, task: TaskId): string {
  const names = taskParts(task)
  return join(folder, fileName(names.host), `${fileName(`${names.play}-${names.task}`)}.log`)
}

// No name of ours begins with a dot or has a slash in it, whatever the item of an `each` is.
const fileName = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^\.+/, '')
    .slice(0, 120) || '-'
