import type { Reporter } from './reporter.ts'
import { bad, eventLines } from './words.ts'

/** Only what is wrong: tasks and undos that failed, a run that stopped or did not end well. */
export function quietReporter(out: (text: string) => void): Reporter {
  return {
    event(event) {
      const wrong =
        (event.type === 'task.ended' && bad.has(event.result)) ||
        (event.type === 'undo.ended' && event.error !== undefined) ||
        event.type === 'stopped' ||
        event.type === 'refused' ||
        (event.type === 'run.ended' && event.outcome !== 'ok')
      if (wrong)
        out(
          eventLines(event)
            .map((line, at) => `${at === 0 ? '' : '  '}${line}\n`)
            .join(''),
        )
    },
    note: (line) => out(`${line}\n`),
    end() {},
  }
}
