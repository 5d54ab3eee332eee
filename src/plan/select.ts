import { InputError } from '../model/errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { type Entry, isPlay, type Play, type Step } from '../model/play.ts'
import type { Part } from '../model/playbook.ts'
import type { Selection } from '../model/selection.ts'
import { blocksIn, stepsIn } from '../model/writer.ts'

/** Words that are no tags of a playbook, and mean something all the same. */
export const tagWords = ['all', 'tagged', 'untagged', 'always', 'never']

/** The tags of a task: its own, its blocks', its play's. */
export const tagsOf = (play: Play, step: Step): readonly string[] => [
  ...new Set([...[play.options.tags ?? []].flat(), ...[step.options.tags ?? []].flat()]),
]

/** Whether tags choose a task, as Ansible counts: `always` is done unless skipped by name, `never` only when a tag of it is asked for. */
export function isChosen(tags: readonly string[], { tags: asked, skipTags }: Selection): boolean {
  const only = asked.length === 0 ? ['all'] : asked
  const meets = (list: readonly string[]) =>
    tags.some((tag) => list.includes(tag)) || (tags.length === 0 && list.includes('untagged'))
  const never = tags.includes('never')
  const all = (only.includes('all') || (only.includes('tagged') && tags.length > 0)) && !never
  if (!tags.includes('always') && !all && !meets(only)) return false
  if (meets(skipTags) || (skipTags.includes('tagged') && tags.length > 0)) return false
  return !skipTags.includes('all') || (tags.includes('always') && !skipTags.includes('always'))
}

/**
 * The parts of a playbook with the tasks alone that are asked for; plays keep the names of those that are left out. Throws
 * an InputError for a tag or a first task that is not there, with the nearest, and when nothing is left.
 */
export function selectParts(parts: readonly Part[], selection: Selection): readonly Part[] {
  const plays = parts.filter(isPlay)
  checkTags(plays, selection)
  const start = selection.startAt === undefined ? undefined : startOf(plays, selection.startAt)
  const from = start === undefined ? -1 : parts.indexOf(start.play)
  const chosen = parts.flatMap((part, at): readonly Part[] => {
    if (!isPlay(part)) return at < from ? [] : [part]
    const behind = start?.play === part ? part.steps.slice(part.steps.indexOf(start.step)) : part.steps
    const kept = new Set(behind.filter((step) => at >= from && isChosen(tagsOf(part, step), selection)))
    return [kept.size === part.steps.length ? part : pruned(part, kept, selection)]
  })
  if (!chosen.some((part) => isPlay(part) && part.steps.length > 0))
    throw new InputError(
      `${optionsText(selection)} leaves no task`,
      'See what there is: --list-tasks, --list-tags',
    )
  const last = chosen.findLastIndex((part) => isPlay(part) && part.steps.length > 0)
  return chosen.filter((part, at) => isPlay(part) || at < last)
}

function pruned(play: Play, kept: ReadonlySet<Step>, selection: Selection): Play {
  const prune = (entries: readonly Entry[]): readonly Entry[] =>
    entries.flatMap((entry): readonly Entry[] => {
      if (entry.kind === 'flush') return [entry]
      if (entry.kind !== 'block') return kept.has(entry) ? [entry] : []
      const { body, rescue, always } = entry
      const mended = rescue && prune(rescue)
      // A rescue of which nothing is left would count every failure as mended.
      const left = {
        ...entry,
        body: prune(body),
        rescue: rescue?.length === mended?.length || stepsIn(mended ?? []).length > 0 ? mended : undefined,
        always: prune(always),
      }
      return stepsIn([left]).length === 0 ? [] : [left]
    })
  const entries = prune(play.entries)
  const steps = stepsIn(entries)
  const names = play.steps.filter((step) => !kept.has(step)).map((step) => step.name)
  return {
    ...play,
    entries,
    steps,
    blocks: blocksIn(entries),
    leftOut: new Map(names.map((name) => [name, optionsText(selection)])),
  }
}

/** Tags that the playbook does not declare, each with the nearest that it does: `--tags` would leave out their tasks silently. */
export function tagProblems(parts: readonly Part[], declared: readonly string[]): readonly string[] {
  const known = [...declared, ...tagWords]
  const told = (tags: string | readonly string[] | undefined, owner: string, place?: string) =>
    [tags ?? []]
      .flat()
      .filter((tag) => !known.includes(tag))
      .map(
        (tag) =>
          `${owner} has the tag "${tag}", which the playbook does not declare (tags: [...])${didYouMean(tag, known)}${place === undefined ? '' : ` (${place})`}`,
      )
  const problems = parts
    .filter(isPlay)
    .flatMap((play) => [
      ...told(play.options.tags, `play "${play.name}"`),
      ...play.steps.flatMap(({ name, options, place }) =>
        told(options.tags, `play "${play.name}": its task "${name}"`, place),
      ),
    ])
  return [...new Set(problems)]
}

function checkTags(plays: readonly Play[], selection: Selection): void {
  const known = [
    ...new Set([...plays.flatMap((play) => play.steps.flatMap((step) => tagsOf(play, step))), ...tagWords]),
  ]
  const problems = [...selection.tags, ...selection.skipTags]
    .filter((tag) => !known.includes(tag))
    .map((tag) => `no task of this playbook has the tag "${tag}"${didYouMean(tag, known)}`)
  if (problems.length > 0) throw new InputError(problems, 'See which there are: --list-tags')
}

/** The first task that is meant by a name; what only a failure leads to cannot be begun with. */
function startOf(plays: readonly Play[], wanted: string): { readonly play: Play; readonly step: Step } {
  const pattern = new RegExp(
    `^${wanted
      .split('*')
      .map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  )
  const all = plays.flatMap((play) =>
    play.steps
      .filter((step) => step.within.every(({ section }) => section === 'body'))
      .map((step) => ({ play, step, names: [step.name, `${play.name}/${step.name}`] })),
  )
  const found =
    all.find(({ names }) => names.includes(wanted)) ??
    all.find(({ names }) => names.some((name) => pattern.test(name)))
  if (found !== undefined) return found
  throw new InputError(
    `--start-at-task: no task of this playbook is "${wanted}"${didYouMean(
      wanted,
      all.flatMap(({ names }) => names),
    )}`,
    'See which there are: --list-tasks',
  )
}

/** The options of a selection, as they were typed. */
export function optionsText({ tags, skipTags, startAt }: Selection): string {
  return [
    ...(tags.length > 0 ? [`--tags ${tags.join(',')}`] : []),
    ...(skipTags.length > 0 ? [`--skip-tags ${skipTags.join(',')}`] : []),
    ...(startAt === undefined ? [] : [`--start-at-task "${startAt}"`]),
  ].join(' ')
}
