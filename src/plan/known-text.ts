import type { Json } from '../model/json.ts'
import { sanitize } from '../model/sanitize.ts'
import { taskParts } from '../model/schedule.ts'
import { isTelling } from '../model/telling.ts'
import { leavesOf } from './leaves.ts'
import type { Expected, PlannedTask, WayBack } from './outline.ts'

/** A task of a plan in one line, without its host and input: what would come of it, by which module, and its way back. */
export function taskText(task: PlannedTask): string {
  return `${task.when === undefined ? '' : `${sanitize(task.when)}: `}${knownText(task)}`
}

function knownText(task: PlannedTask): string {
  const { known } = task
  const over = task.over === undefined ? '' : ` over ${sanitize(task.over)}`
  switch (known.kind) {
    case 'skip':
      return `skipped: ${sanitize(known.why)}`
    case 'later':
      return `known after ${seenFrom(task, known.after)}${over === '' ? '' : `,${over}`}`
    default: {
      const back = known.expected.kind === 'no-change' ? '' : backText(known.back)
      return `${expectedText(task, known.expected)}${over}: ${sanitize(known.module)}${back}`
    }
  }
}

/** Another task as this one sees it: by its name alone where it is of the same play and host, so that hosts read the same. */
function seenFrom({ id }: PlannedTask, other: string): string {
  const [here, there] = [taskParts(id), taskParts(other)]
  if (here.host !== there.host) return sanitize(other)
  return sanitize(here.play === there.play ? there.task : `${there.play} > ${there.task} of the same host`)
}

/** What decides on all hosts of later plays is named the same on all of them. */
const untilText = (task: PlannedTask, until: string): string =>
  taskParts(task.id).play === taskParts(until).play ? seenFrom(task, until) : sanitize(until)

function expectedText(task: PlannedTask, expected: Expected): string {
  switch (expected.kind) {
    case 'observed':
      return 'observed'
    case 'would-change':
      return 'would change'
    case 'no-change':
      return 'no change'
    case 'unknown':
      return `unknown until ${untilText(task, expected.until)}`
  }
}

function backText(back: WayBack | undefined): string {
  switch (back?.kind) {
    case undefined:
      return ''
    case 'itself':
      return ' [undone by itself]'
    case 'restored':
      return ` [brought back by ${sanitize(back.by.join(', '))}]`
    case 'never':
      return ` [cannot be undone: ${sanitize(back.why)}]`
  }
}

/** The values of an input by their paths, those under telling names hidden; of a secret its name. */
export const leafMap = (input: Json): ReadonlyMap<string, string> =>
  new Map(
    (input === null ? [] : leavesOf(input)).map(([path, text]) => [path, hides(path, text) ? '***' : text]),
  )

// Text of theirs never begins with a bracket: it is shown as JSON then. That there is a password is none.
const hides = (path: string, text: string): boolean =>
  !text.startsWith('(') && text !== 'true' && text !== 'false' && path.split(/[.[\]]/).some(isTelling)

/** One value as `path: text`; a long one is shortened unless all is to be shown, and says how long it is. */
export function leafText(path: string, text: string, whole: boolean): string {
  const shown = whole || text.length <= 56 ? text : `${text.slice(0, 40)}… (${text.length} characters)`
  return path === '' ? shown : `${path}: ${shown}`
}
