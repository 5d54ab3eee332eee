import type { TaskId } from '../model/action.ts'
import { Interrupted } from '../model/errors.ts'
import { type RunContext, tell } from './context.ts'

/** Questions of hosts that run side by side come one after the other. */
const last = new WeakMap<RunContext, Promise<unknown>>()

/** A task's question to a person, journaled as an approval of the task's name: what was approved before is not asked again. Throws {@link Interrupted} at a no. */
export function confirmed(context: RunContext, task: TaskId, question: string): Promise<void> {
  const before = last.get(context) ?? Promise.resolve()
  const mine = before.then(() => asked(context, task, question))
  last.set(
    context,
    mine.catch(() => {}),
  )
  return mine
}

async function asked(context: RunContext, gate: TaskId, question: string): Promise<void> {
  if (context.state.approved.has(gate)) return
  if (context.interrupted.aborted) throw new Interrupted('interrupted before it was asked')
  const answer = await context.approve(gate, context.redact(question))
  if (!answer.yes) {
    tell(context, { type: 'refused', gate, question })
    throw new Interrupted('nobody confirmed it')
  }
  tell(context, { type: 'approved', gate, question, by: answer.by })
  await context.ledger.sync()
}
