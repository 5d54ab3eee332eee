import { hostsText } from '../model/count.ts'
import { type PlayPhase, playsOf, type Schedule } from '../model/schedule.ts'
import type { RunFlags } from './flags.ts'

/** Whether only a list is asked for. */
export const listsOnly = ({ listHosts, listTasks }: Pick<RunFlags, 'listHosts' | 'listTasks'>): boolean =>
  listHosts || listTasks

/** The answer to `--list-hosts` and `--list-tasks`: each play with its hosts, its tasks, or both. */
export function listing(
  schedule: Schedule,
  { listHosts, listTasks }: Pick<RunFlags, 'listHosts' | 'listTasks'>,
): string {
  return playsOf(schedule)
    .map((phase) => {
      const hosts = listHosts ? phase.waves.flat().map((host) => host.name) : []
      const tasks = listTasks ? phase.play.steps.map((step) => step.name) : []
      return [
        `play ${phase.play.name} (${countText(phase)})`,
        ...[...hosts, ...tasks].map((line) => `  ${line}`),
        '',
      ].join('\n')
    })
    .join('')
}

function countText({ waves }: PlayPhase): string {
  const hosts = waves.flat()
  const things = hosts.filter((host) => host.via !== undefined).map((host) => host.name)
  return hostsText(
    hosts.map((host) => host.name),
    new Set(things),
  )
}
