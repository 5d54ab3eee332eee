import type { TaskId } from './action.ts'
import type { Looked, State, TaskState } from './state.ts'

/**
 * The state with what was there before blocks began anew, and before tasks were taken back: what undoing goes by. It
 * follows the state that it was made of.
 */
export function pastOf(state: State): Looked {
  const known = pasts.get(state)
  if (known !== undefined) return known
  const { tasks, past, undone, blocks, pastBlocks } = state
  const get = (id: TaskId): TaskState | undefined => {
    const task = tasks.get(id)
    if (task !== undefined && past.has(id)) return { ...task, status: 'changed' }
    return task?.status === 'pending' ? (undone.get(id) ?? task) : task
  }
  const failureOf = (id: string) => blocks.get(id) ?? pastBlocks.get(id)
  const made: Looked = {
    ...state,
    tasks: { get, has: (id) => tasks.has(id) },
    blocks: { get: failureOf, has: (id) => failureOf(id) !== undefined },
  }
  pasts.set(state, made)
  return made
}
const pasts = new WeakMap<State, Looked>()
