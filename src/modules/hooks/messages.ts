import type { Stamped, WaveOutline } from '../../model/event.ts'
import type { HookMessage } from '../../model/hook.ts'
import { taskParts } from '../../model/schedule.ts'

/** Makes the messages of a run out of its events: undefined for what no hook is told. Of a host that fails, the first time counts. */
export function hookMessages(): (event: Stamped) => HookMessage | undefined {
  let run: Pick<HookMessage, 'run' | 'kind' | 'playbook'> = { run: '', kind: 'run', playbook: '' }
  let waves: readonly WaveOutline[] = []
  const failed = new Set<string>()
  const message = (event: Stamped, more: Pick<HookMessage, 'moment' | 'text'> & Partial<HookMessage>) => ({
    ...run,
    at: event.at,
    ...more,
    text: `${run.playbook}: ${more.text}`,
  })
  return (event) => {
    switch (event.type) {
      case 'run.started':
      case 'run.resumed': {
        waves = event.waves
        const kind = event.type === 'run.resumed' ? 'resume' : event.kind
        run = { run: event.run, kind, playbook: event.playbook }
        const hosts = [...new Set(waves.flatMap((wave) => wave.hosts))]
        const what = { run: 'begins', resume: 'goes on', rollback: 'is taken back' }[kind]
        return message(event, { moment: 'start', text: `${what} on ${hosts.length} hosts`, hosts })
      }
      case 'wave.started': {
        const { of = 1, hosts = [] } =
          waves.find((one) => one.play === event.play && one.wave === event.wave) ?? {}
        const which = of > 1 ? `, wave ${event.wave} of ${of}` : ''
        return message(event, {
          moment: 'wave',
          text: `${event.play}${which}: ${hosts.length} hosts`,
          play: event.play,
          wave: event.wave,
          of,
          hosts,
        })
      }
      case 'task.ended': {
        if (!['failed', 'unknown', 'unreachable'].includes(event.result)) return undefined
        const { host } = taskParts(event.task)
        if (failed.has(host)) return undefined
        failed.add(host)
        const [first = ''] = (event.message ?? '').split('\n')
        return message(event, {
          moment: 'failure',
          text: `${event.task}: ${event.result}${first === '' ? '' : `: ${first}`}`,
          task: event.task,
          hosts: [host],
          outcome: event.result,
          ...(event.message !== undefined && { message: event.message }),
        })
      }
      case 'undo.ended': {
        if (event.error === undefined) return undefined
        return message(event, {
          moment: 'failure',
          text: `${event.task} could not be taken back: ${event.error.split('\n')[0]}`,
          task: event.task,
          hosts: [taskParts(event.task).host],
          message: event.error,
        })
      }
      case 'cutover':
        return message(event, {
          moment: 'cutover',
          text: `cut-over (${event.gate}): users are served from now on`,
        })
      case 'run.ended':
        return message(event, {
          moment: 'end',
          text: `${event.outcome} after ${Math.round(event.seconds)} s`,
          outcome: event.outcome,
          seconds: event.seconds,
        })
      default:
        return undefined
    }
  }
}
