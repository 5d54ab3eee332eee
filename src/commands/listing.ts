import { hostsText } from '../model/count.ts'
import { type PlayPhase, playsOf, type Schedule } from '../model/schedule.ts'
import { tagsOf } from '../plan/select.ts'
import type { RunFlags } from './flags.ts'

type Lists = 'listHosts' | 'listTasks' | 'listTags'

/** Whether only a list is asked for. */
export const listsOnly = ({ listHosts, listTasks, listTags }: Pick<RunFlags, Lists>): boolean =>
  listHosts || listTasks || listTags

/** The answer to `--list-hosts` and `--list-tasks`: each play with its hosts, its tasks, or both. */
export function listing(
  schedule: Schedule,
  { listHosts, listTasks, listTags }: Pick<RunFlags, Lists>,
): string {
  return playsOf(schedule)
    .map((phase) => {
      const hosts = listHosts ? phase.waves.flat().map((host) => host.name) : []
      const tasks = listTasks ? phase.play.steps.map((step) => step.name) : []
      const all = phase.play.steps.flatMap((step) => tagsOf(phase.play, step))
      const tags = listTags ? [...new Set(all)].toSorted() : []
      return [
        `play ${phase.play.name} (${countText(phase)})`,
        ...[...hosts, ...tasks, ...tags].map((line) => `  ${line}`),
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
