import { type BlockAt, stageOf, tasksAgain } from '../model/blocks.ts'
import { tasksOf } from '../model/evaluate.ts'
import type { Block } from '../model/play.ts'
import { blockId, sectionOf, taskId } from '../model/schedule.ts'
import type { Failure } from '../model/task-options.ts'
import { blocksIn } from '../model/writer.ts'
import { tell } from './context.ts'
import { type Came, cancelled, fine, type Walk, worse, worst } from './walk.ts'

/**
 * Does a block: its body; when that fails, its rescue; and `always` after both. What failed is on disk before its rescue
 * begins, so that a resumed run goes on there. After an interrupt nothing of it follows: it stays due.
 */
export async function runBlock(walk: Walk, block: Block): Promise<Came> {
  const { context, phase, host } = walk
  const { schedule, state } = context
  const id = blockId(phase.play.name, host.name, block.name)
  const at: BlockAt = { schedule, state, phase, host, block }
  const stage = stageOf(at)
  if (stage === 'over') return fine
  if (stage === 'again') {
    const tasks = tasksAgain(at).map((task) => task.id)
    // The blocks within it first: a crash between the two lines finds this one still to be begun anew.
    const within = blocksIn(sections(block)).map(({ name }) => blockId(phase.play.name, host.name, name))
    if (tasks.length > 0)
      for (const one of within.filter((inner) => state.blocks.has(inner)))
        tell(context, { type: 'block.again', block: one, tasks: [] })
    tell(context, { type: 'block.again', block: id, tasks })
  }
  let came: Came = fine
  let failure = state.blocks.get(id)
  if (stage === 'body' || stage === 'again') {
    came = await walk.run(walk, block.body)
    if (context.interrupted.aborted && came.result !== 'ok') return came
    if (came.result !== 'ok' && (block.rescue !== undefined || block.always.length > 0)) {
      failure = came.failure ?? cancelled.failure
      if (failure !== undefined) tell(context, { type: 'block.failed', block: id, failure })
      await context.ledger.sync()
    }
  }
  const recovering: Walk = { ...walk, recovering: true }
  if (failure !== undefined && stage !== 'always') came = await rescued(recovering, block, failure)
  if (context.check && came.result === 'ok' && failure === undefined) tellPerhaps(walk, block)
  if (block.always.length > 0) came = worst(came, await walk.run(recovering, block.always))
  walk.unsettled ??= recovering.unsettled
  return came
}

const sections = ({ body, rescue = [], always }: Block) => [...body, ...rescue, ...always]

/** What came of a failure after its rescue: well, if that ended well and the failure was no mistake of ours. */
async function rescued(walk: Walk, block: Block, failure: Failure): Promise<Came> {
  const failed: Came = { result: failure.result, failure }
  if (block.rescue === undefined || failure.result === 'cancelled') return failed
  const came = await walk.run(walk, block.rescue)
  if (came.result === 'ok') return failure.mistake === true ? failed : fine
  return worse(came.result, failure.result) === came.result ? came : { ...came, result: failure.result }
}

/** Check mode: nobody knows whether the rescue will be needed when the body was not done. */
function tellPerhaps(walk: Walk, block: Block): void {
  const { context, phase, host } = walk
  const statusOf = (id: string) => context.state.tasks.get(id)?.status ?? ''
  const idOf = (name: string) => taskId(phase.play.name, host.name, name)
  const body = sectionOf(phase.play, block.name, 'body').flatMap((step) => {
    const tasks = tasksOf(context.schedule, context.state, phase, host, step)
    return 'kind' in tasks ? [idOf(step.name)] : tasks.map((task) => task.id)
  })
  if (!body.some((id) => ['would-change', 'not-known'].includes(statusOf(id)))) return
  const message = `would run if a task of "${block.name}" failed`
  for (const step of sectionOf(phase.play, block.name, 'rescue'))
    tell(context, { type: 'task.ended', task: idOf(step.name), result: 'not-known', message, seconds: 0 })
}
