import { setInterval } from 'node:timers'
import type { Io } from '../model/io.ts'
import { jsonReporter } from '../report/json.ts'
import { linesReporter } from '../report/lines.ts'
import { quietReporter } from '../report/quiet.ts'
import { type Reporter, together } from '../report/reporter.ts'
import { type RunEnd, summaryReporter } from '../report/summary.ts'
import { treeReporter } from '../report/tree.ts'
import type { RunFlags } from './flags.ts'

/** What the summary names: the run's folder, if there is one. */
export interface Shown {
  readonly folder: { readonly path: string; readonly journal: string } | undefined
}

/** The readers of events that the flags ask for, with a summary at the end where a person reads. */
export function reporterFor(io: Io, flags: Pick<RunFlags, 'output'>, { folder }: Shown): Reporter {
  const kind = flags.output ?? (io.tty ? 'tree' : 'lines')
  if (kind === 'json') return jsonReporter(io.out)
  const places = folder === undefined ? [] : [{ what: 'journal', path: folder.journal }]
  const summary = summaryReporter(io.out, { places, next })
  if (kind === 'quiet') return together(quietReporter(io.out), summary)
  if (kind === 'lines') return together(linesReporter(io.out), summary)
  return together(treeReporter(screenOf(io)), summary)
}

function screenOf(io: Io): Parameters<typeof treeReporter>[0] {
  return {
    out: io.out,
    look: () => ({
      columns: io.columns,
      rows: io.rows,
      color: io.env['NO_COLOR'] === undefined,
      unicode: /utf-?8/i.test(io.env['LC_ALL'] ?? io.env['LC_CTYPE'] ?? io.env['LANG'] ?? ''),
    }),
    now: () => io.now().getTime(),
    every: (milliseconds, tick) => {
      const timer = setInterval(tick, milliseconds)
      return () => clearInterval(timer)
    },
  }
}

/** What can be typed after a run that ended so. */
function next(end: RunEnd): readonly { type: string; for: string }[] {
  if (end.check) return end.outcome === 'ok' ? [{ type: 'upgrade-fleet <playbook.ts>', for: 'do it' }] : []
  const resume = { type: `upgrade-fleet resume ${end.run}`, for: 'go on from where it stopped' }
  const rollback = { type: `upgrade-fleet rollback ${end.run}`, for: 'bring the fleet back' }
  if (end.kind === 'rollback')
    return end.outcome === 'ok'
      ? []
      : [{ ...rollback, type: 'upgrade-fleet rollback', for: 'go on with taking back' }]
  if (end.outcome === 'ok') return end.changed ? [rollback] : []
  if (end.outcome === 'blocked') return []
  return end.changed ? [resume, rollback] : [resume]
}
