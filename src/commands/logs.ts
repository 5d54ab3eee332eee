import { Command } from 'commander'
import { hostOf, keptLogs, tasksIn } from '../journal/kept-logs.ts'
import { InputError } from '../model/errors.ts'
import type { Io } from '../model/io.ts'
import { didYouMean } from '../model/nearest.ts'
import { sanitize } from '../model/sanitize.ts'
import { taskParts } from '../model/schedule.ts'
import { names as listed, oneLine, taskPath } from '../report/text.ts'
import { writeBundle } from './bundle.ts'
import { stateOption } from './flags.ts'
import { findHistory } from './known.ts'
import { stateDirectory } from './paths.ts'

interface LogsFlags {
  readonly state?: string
  readonly bundle?: string
}

/** `upgrade-fleet logs RUN HOST [TASK]`: what was kept of a host's tasks; with `--bundle`, all of a run in one archive. */
export function logsCommand(io: Io): Command {
  return new Command('logs')
    .argument('<run>', 'the id of the run, or `latest`')
    .argument('[host]', 'the host, or the thing (a database), by its name')
    .argument('[task]', 'the name of a task, or `play/task`; default: all')
    .description("print what was kept of a host's tasks, or pack a run for a support ticket")
    .option('--bundle <file.tar.gz>', 'write journals, run.json and logs into one archive, secrets hidden')
    .addOption(stateOption())
    .action(async (run: string, host: string | undefined, task: string | undefined, flags: LogsFlags) => {
      const state = stateDirectory(io, flags.state)
      const id = run === 'latest' ? undefined : run
      if (flags.bundle === undefined) return print(io, state, id, host, task)
      if (host !== undefined)
        throw new InputError('logs --bundle packs the whole run: leave the host out, or --bundle.')
      return writeBundle(io, state, id, flags.bundle)
    })
}

async function print(
  io: Io,
  state: string,
  id: string | undefined,
  host: string | undefined,
  wanted: string | undefined,
): Promise<void> {
  const { run, rollbacks } = await findHistory(state, id)
  const runs = [run, ...rollbacks].map((one) => ({ ...one, tasks: tasksIn(one.events) }))
  const all = [...new Set(runs.flatMap(({ tasks }) => tasks))]
  const hosts = [...new Set(all.map(hostOf))]
  const whose = `the run ${run.folder.id}`
  if (host === undefined || !hosts.includes(host))
    throw new InputError(
      host === undefined
        ? `Expected the name of a host behind the run's.`
        : `The host "${host}" has no task in ${whose}${didYouMean(host, hosts)}`,
      hosts.length === 0 ? 'No task of it was begun.' : `Hosts of ${whose}: ${listed(hosts, 20)}`,
    )
  const mine = all.filter((task) => hostOf(task) === host && (wanted === undefined || isMeant(task, wanted)))
  if (mine.length === 0) {
    const known = [
      ...new Set(all.filter((task) => hostOf(task) === host).map((task) => oneLine(taskParts(task).task))),
    ]
    throw new InputError(
      `There is no task "${wanted}" of ${host} in ${whose}${didYouMean(wanted ?? '', known)}`,
      `Tasks of ${host}: ${listed(known, 20)}`,
    )
  }
  let found = false
  for (const one of runs) {
    const logs = await keptLogs(
      one.folder,
      one.tasks.filter((task) => mine.includes(task)),
    )
    for (const { tasks, text } of logs) {
      found = true
      const of = one.record.of === undefined ? '' : `, rollback ${one.folder.id}`
      io.out(`${tasks.map((task) => `== ${taskPath(task)}${of}\n`).join('')}${sanitize(text)}\n`)
    }
  }
  if (!found)
    io.err(
      `Nothing was kept of ${mine.length === 1 ? taskPath(mine[0] ?? '') : `${mine.length} tasks of ${host}`}: they printed nothing.\n`,
    )
}

const isMeant = (task: string, wanted: string): boolean => {
  const parts = taskParts(task)
  return [parts.task, `${parts.play}/${parts.task}`, task].includes(wanted)
}
